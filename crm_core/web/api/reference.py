"""The document as people read it: endpoints by noun, what goes in, what comes out, what may go wrong. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from crm_core.web.api.examples import Schema, example, resolved

#: Deeper than that fields are looked up where they are described themselves.
_DEEPEST = 3
_JSON = "application/json"
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class FieldTold:
    """A parameter, or a field of a body or an answer. `path` is as in `items[].due_at`, `bounds` in short signs.
    `place` is that of a parameter: path, query or header."""

    path: str
    kind: str
    required: bool
    bounds: str
    about: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class BodyTold:
    """What is sent or answered: its media type, its fields and an example; "" where it is a file."""

    media_type: str
    fields: tuple[FieldTold, ...]
    example: str


@dataclass(frozen=True, slots=True)
class EndpointTold:
    """One endpoint. `right` "": whoever is logged in; `errors`: status and what it means."""

    key: str
    method: str
    path: str
    noun: str
    summary: str
    about: str
    right: str
    parameters: tuple[FieldTold, ...]
    body: BodyTold | None
    status: str
    answer: BodyTold | None
    errors: tuple[tuple[str, str], ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Reference:
    """All endpoints by noun, in the document's order."""

    about: str
    version: str
    nouns: Mapping[str, tuple[EndpointTold, ...]]

    def find(self, text: str) -> tuple[EndpointTold, ...]:
        """Endpoints in which each word stands: in the path, the summary, or a field."""
        words = text.casefold().split()
        every = (one for told in self.nouns.values() for one in told)
        return tuple(one for one in every if words and all(word in _searched(one) for word in words))


def _searched(one: EndpointTold) -> str:
    bodies = [body for body in (one.body, one.answer) if body is not None]
    fields = [field.path for field in (*one.parameters, *(field for body in bodies for field in body.fields))]
    return " ".join((one.method, one.path, one.noun, one.key, one.summary, one.about, one.right, *fields)).casefold()


def reference(document: Mapping[str, Any], origin: str) -> Reference:
    """Read the document; `origin` is the site's own address, for the commands."""
    schemas = document["components"]["schemas"]
    nouns: dict[str, list[EndpointTold]] = {}
    for path, operations in document["paths"].items():
        for method in (name for name in _METHODS if name in operations):
            told = _endpoint(path, method, operations[method], schemas, origin)
            nouns.setdefault(told.noun, []).append(told)
    about = document["info"]
    return Reference(about["description"], about["version"], {noun: tuple(told) for noun, told in nouns.items()})


def _endpoint(
    path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Schema], origin: str
) -> EndpointTold:
    status, answer = next((code, said) for code, said in operation["responses"].items() if code.startswith("2"))
    body = _body(operation.get("requestBody", {}), schemas, sparse=True)
    return EndpointTold(
        key=operation["operationId"],
        method=method.upper(),
        path=path,
        noun=operation["tags"][0],
        summary=operation["summary"],
        about=operation.get("description", ""),
        right=operation.get("x-right", ""),
        parameters=tuple(_parameter(one, schemas) for one in operation["parameters"]),
        body=body,
        status=status,
        answer=_body(answer, schemas),
        errors=tuple((code, said["description"]) for code, said in operation["responses"].items() if code >= "400"),
        curl=_curl(origin, path, method, operation["parameters"], body, schemas),
    )


def _parameter(one: Mapping[str, Any], schemas: Mapping[str, Schema]) -> FieldTold:
    schema, required = one["schema"], one.get("required", False)
    kind, bounds = kind_of(schema, schemas), bounds_of(schema, schemas)
    return FieldTold(one["name"], kind, required, bounds, one.get("description", ""), one["in"])


def _body(said: Mapping[str, Any], schemas: Mapping[str, Schema], *, sparse: bool = False) -> BodyTold | None:
    content: Mapping[str, Any] = said.get("content", {})
    if not content:
        return None
    if _JSON in content:
        schema = content[_JSON]["schema"]
        shown = json.dumps(example(schema, schemas, sparse=sparse), ensure_ascii=False, indent=2)
        return BodyTold(_JSON, tuple(_fields(schema, schemas)), shown)
    return BodyTold(", ".join(content), (), "")


def _fields(schema: Schema, schemas: Mapping[str, Schema], before: str = "", depth: int = 0) -> Iterator[FieldTold]:
    schema, is_many = _inner(schema, schemas)
    before += "[]" if is_many else ""
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        path = f"{before}.{name}" if before else name
        about = part.get("description") or ""
        yield FieldTold(path, kind_of(part, schemas), name in required, bounds_of(part, schemas), about)
        if depth < _DEEPEST:
            yield from _fields(part, schemas, path, depth + 1)


def _inner(schema: Schema, schemas: Mapping[str, Schema]) -> tuple[Schema, bool]:
    """What an optional part or a list consists of, and whether it is a list."""
    schema = _present(schema, schemas)
    if schema.get("type") == "array":
        return _present(schema.get("items", {}), schemas), True
    return schema, False


def _present(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    schema = resolved(schema, schemas)
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return _present(options[0], schemas) if len(options) == 1 else schema


def kind_of(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    """`text`, `whole number`, `time`, `list of text`, `one of a, b`, …; `or null` where it may be."""
    schema = resolved(schema, schemas)
    if options := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(kind_of(one, schemas) for one in options))
    if "enum" in schema:
        return "one of " + ", ".join(str(one) for one in schema["enum"])
    if "const" in schema:
        return f"always {schema['const']}"
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return "list of " + kind_of(schema.get("items", {}), schemas)
    return _KINDS.get(str(schema.get("format", "")), _KINDS.get(kind, kind))


_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "date-time": "time with zone (RFC 3339)",
    "date": "date",
    "time": "time of day",
    "duration": "span (ISO 8601)",
    "binary": "file",
}


def bounds_of(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    """What it must keep to, in short: `1…200`, `up to 40 characters`, the pattern; and what it is when left out."""
    whole, schema = resolved(schema, schemas), _present(schema, schemas)
    said = []
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    highest = schema.get("maximum")  # an exclusive one is the largest that the database holds: nobody asks for it
    if lowest is not None or highest is not None:
        sign = ">" if "exclusiveMinimum" in schema else "≥"
        said.append(f"{lowest}…{highest}" if None not in (lowest, highest) else _one_sided(sign, lowest, highest))
    for least, most, unit in (("minLength", "maxLength", "characters"), ("minItems", "maxItems", "entries")):
        if most in schema:
            said.append(f"up to {schema[most]} {unit}")
        elif schema.get(least, 0) > 1:
            said.append(f"{schema[least]} {unit} or more")
    if "pattern" in schema:
        said.append(str(schema["pattern"]))
    if whole.get("default") not in (None, ""):
        said.append("default " + json.dumps(whole["default"], ensure_ascii=False))
    return "; ".join(said)


def _one_sided(sign: str, lowest: Any, highest: Any) -> str:
    return f"{sign} {lowest}" if highest is None else f"≤ {highest}"


def _curl(
    origin: str,
    path: str,
    method: str,
    parameters: Sequence[Mapping[str, Any]],
    body: BodyTold | None,
    schemas: Mapping[str, Schema],
) -> str:
    """A command that can be pasted into a shell once TOKEN is set."""
    values = {one["name"]: example(one["schema"], schemas, one["name"]) for one in parameters if one.get("required")}
    places = {one["name"]: one["in"] for one in parameters}
    url = origin + path
    for name, value in values.items():
        url = url.replace(f"{{{name}}}", quote(str(value), safe=""))
    if query := urlencode({name: value for name, value in values.items() if places[name] == "query"}):
        url += f"?{query}"
    lines = ["curl" + ("" if method == "get" else f" -X {method.upper()}") + f" {shlex.quote(url)}"]
    lines.append('-H "Authorization: Bearer $TOKEN"')
    lines += ["-H " + shlex.quote(f"{name}: {value}") for name, value in values.items() if places[name] == "header"]
    if body is not None and body.media_type == _JSON:
        lines.append(f"-H 'Content-Type: {_JSON}'")
        lines.append("-d " + shlex.quote(json.dumps(json.loads(body.example), ensure_ascii=False)))
    elif body is not None:
        lines.append("-F file=@FILE")
    return " \\\n  ".join(lines)
