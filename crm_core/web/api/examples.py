"""An example for each schema of the document: it fits the schema, and reads like what one would send. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

#: Deeper than that a schema contains itself.
_DEEPEST = 6
_FORMATS = {
    "date-time": "2026-03-02T10:00:00Z",
    "date": "2026-03-02",
    "time": "10:00:00",
    "duration": "PT30M",
    "binary": "…",
}
#: By the name of the field, or the last word of it.
_BY_NAME = {
    "name": "Karim Aliyev",
    "title": "Call back about the price",
    "text": "Asked for the price",
    "note": "Asked for the price",
    "number": "+998 90 123 45 67",
    "numbers": "+998 90 123 45 67",
    "phone": "101",
    "email": "karim@example.com",
    "company": "Aliyev & Co",
    "url": "https://example.com/trunkline",
    "amount": "1500.00",
    "currency": "UZS",
    "country": "UZ",
    "language": "uz",
    "zone": "Asia/Tashkent",
    "month": "2026-03",
    "opens": "10:00",
    "closes": "19:00",
    "page": "deals",
    "channel": "con-" + "0" * 32,
}
#: Tried one after the other where a pattern has to be kept to.
_PLAIN = ("example", "ex", "EX", "EXA", '"1"', "2026-03", "10:00", "con-" + "0" * 32, "1", "")


def resolved(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """The schema that a reference names."""
    ref = schema.get("$ref")
    return definitions[ref.rpartition("/")[2]] if isinstance(ref, str) else schema


def example(
    schema: Schema, definitions: Mapping[str, Schema], name: str = "", *, sparse: bool = False, depth: int = 0
) -> Any:
    """A value that fits. `sparse`: of an object only what must be there (all of it where nothing must), for bodies."""
    schema = resolved(schema, definitions)
    if depth > _DEEPEST:
        return _nothing(schema)
    for key in ("const", "examples", "enum"):
        if key in schema:
            return schema[key] if key == "const" else schema[key][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if options := [one for one in schema.get(key, ()) if one.get("type") != "null"]:
            return example(options[0], definitions, name, sparse=sparse, depth=depth)
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, definitions, sparse=sparse, depth=depth)
    if kind == "array":
        items = example(schema.get("items", {}), definitions, name, sparse=sparse, depth=depth + 1)
        return [items] * max(1, schema.get("minItems", 1)) if schema.get("maxItems", 1) else []
    if kind == "string":
        return _text(schema, name)
    if kind in ("integer", "number"):
        return _figure(schema)
    return {"boolean": True, "null": None}.get(str(kind), "…")


def _nothing(schema: Schema) -> Any:
    return {"array": [], "object": {}, "string": "…", "integer": 0, "number": 0, "boolean": True}.get(
        str(schema.get("type"))
    )


def _object(schema: Schema, definitions: Mapping[str, Schema], *, sparse: bool, depth: int) -> dict[str, Any]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    required = [name for name in properties if name in schema.get("required", ())]
    names = required if sparse and required else list(properties)
    found = {name: example(properties[name], definitions, name, sparse=sparse, depth=depth + 1) for name in names}
    more = schema.get("additionalProperties")
    if not properties and isinstance(more, Mapping):
        key = resolved(schema.get("propertyNames", {}), definitions)
        found[str(example({"type": "string", **key}, definitions, "key"))] = example(
            more, definitions, sparse=sparse, depth=depth + 1
        )
    return found


def _text(schema: Schema, name: str) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[str(schema["format"])]
    usual = [_BY_NAME[key] for key in (name, name.rpartition("_")[2]) if key in _BY_NAME]
    long_enough = "a" * int(schema.get("minLength", 1))
    for candidate in (*usual, *_PLAIN, long_enough):
        if _fits(candidate, schema):
            return candidate
    return "…"


def _fits(text: str, schema: Schema) -> bool:
    is_long_enough = schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text))
    return is_long_enough and ("pattern" not in schema or re.search(schema["pattern"], text) is not None)


def _figure(schema: Schema) -> float:
    """The default, else 1, else what is nearest to the lower bound."""
    default = schema.get("default")
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        return default
    if "exclusiveMinimum" in schema and schema.get("type") == "number":
        lowest = schema["exclusiveMinimum"]
        return float(lowest + schema.get("maximum", schema.get("exclusiveMaximum", lowest + 2))) / 2
    lowest = schema["exclusiveMinimum"] + 1 if "exclusiveMinimum" in schema else schema.get("minimum", 0)
    most = schema.get("maximum", schema.get("exclusiveMaximum", lowest + 2) - 1)
    return int(min(max(lowest, 1), most)) if schema.get("type") == "integer" else float(lowest)
