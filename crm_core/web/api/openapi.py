"""The OpenAPI 3.1 document, made from the endpoints: what it says is what the code does."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from crm_core.web.api.routing import PREFIX, SPARSE, Endpoint

_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "Stable: tell kinds of problems apart by it"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong here, in plain words"},
        "where": {"type": "string", "description": "The field at fault"},
        "what": {"type": "string"},
        "do": {"type": "string", "description": "The way out"},
        "right": {"type": "string", "description": "The right that is missing"},
        "current": {"type": "object", "description": "As it stands now"},
        "yours": {"type": "object", "description": "As you wanted it"},
    },
}
_ABOUT = (
    "Everything the pages do. Send a token as `Authorization: Bearer …`. Lists are paged by `cursor`; "
    "`fields` names the fields you want; POST takes an `Idempotency-Key`; "
    "changes want `If-Match` with the version you have seen."
)
_ERRORS: dict[int, str] = {
    401: "Not logged in",
    403: "The right is missing",
    404: "There is no such thing, or you do not see it",
    405: "Not in this way",
    409: "Somebody else was first",
    413: "Too large",
    415: "Not JSON",
    400: "Cannot be read",
    422: "What was given is wrong",
    428: "If-Match is missing",
    429: "Too many requests: see Retry-After",
    503: "Part of the service does not answer",
}


_OURS = "crm_core__web__api__"
_Mode = Literal["validation", "serialization"]


class _Schemas:
    """The schemas of all models at once: two of one name in different modules get different names."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        models: dict[tuple[type[BaseModel], _Mode], None] = {}
        for endpoint in endpoints:
            for taken in (endpoint.query, endpoint.body):
                if taken is not None:
                    models[taken, "validation"] = None
            answered = _model_in(endpoint.answer)
            if answered is not None:
                models[answered, "serialization"] = None
        refs, whole = models_json_schema(list(models), ref_template=_REF)
        # Where a name alone does not tell, the module's name stands before it; all of ours begin in the same way.
        self._refs = {key: json.loads(json.dumps(ref).replace(_OURS, "")) for key, ref in refs.items()}
        self.definitions: dict[str, Any] = json.loads(json.dumps(whole.get("$defs", {})).replace(_OURS, ""))

    def of(self, kind: Any, mode: _Mode) -> dict[str, Any]:
        """Of a model, or of a list of them."""
        model = _model_in(kind)
        assert model is not None, f"{kind} is neither a model nor a list of one"
        ref = dict(self._refs[model, mode])
        return {"type": "array", "items": ref} if typing.get_origin(kind) is list else ref

    def definition(self, model: type[BaseModel]) -> dict[str, Any]:
        """What a model taken from the query is made of."""
        found: dict[str, Any] = self.definitions[self._refs[model, "validation"]["$ref"].rpartition("/")[2]]
        return found


def _model_in(kind: Any) -> type[BaseModel] | None:
    if typing.get_origin(kind) is list:
        (kind,) = typing.get_args(kind)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The whole document."""
    every = list(endpoints)
    schemas = _Schemas(every)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in every:
        paths.setdefault(PREFIX + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trunkline",
            "version": version,
            "description": _ABOUT,
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM, **schemas.definitions},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "trunkline"},
            },
        },
    }


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.run.__name__,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint, schemas),
        "responses": _responses(endpoint, schemas),
    }
    needs = f"Needs the right `{endpoint.right.value}`." if endpoint.right is not None else ""
    if said := " ".join(part for part in (endpoint.description, needs) if part):
        operation["description"] = said
    if endpoint.right is not None:
        operation["x-right"] = endpoint.right.value
    if endpoint.body is not None:
        schema = schemas.of(endpoint.body, "validation")
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if endpoint.takes_file:
        file = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": file}}}
    return operation


def _parameters(endpoint: Endpoint, schemas: _Schemas) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, kind in endpoint.path_types.items():
        schema = {"type": "integer", "minimum": 0} if kind is int else {"type": "string", "minLength": 1}
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    if endpoint.query is not None:
        found += _query_parameters(endpoint.query, schemas)
    described: dict[str, Any]
    if endpoint.method == "GET" and not endpoint.media_types:
        described = {"name": "fields", "in": "query", "description": "Names, by commas: only these are answered"}
        found.append(described | {"schema": {"type": "string"}})
    if endpoint.needs_version:
        described = {"name": "If-Match", "in": "header", "required": True, "description": "The version you have seen"}
        found.append(described | {"schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'}})
    if endpoint.method == "POST" and not endpoint.media_types and not endpoint.takes_file:
        described = {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Repeated with it, nothing is done twice",
        }
        found.append(described | {"schema": {"type": "string", "maxLength": 120, "pattern": "^[!-~]+$"}})
    return found


def _query_parameters(model: type[BaseModel], schemas: _Schemas) -> list[dict[str, Any]]:
    schema = schemas.definition(model)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        | ({"description": part["description"]} if "description" in part else {})
        for name, part in schema.get("properties", {}).items()
    ]


def _responses(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if endpoint.media_types:
        anything: dict[str, Any] = {"schema": {}}
        found["200"] = {"description": "The file", "content": dict.fromkeys(endpoint.media_types, anything)}
    elif endpoint.answer is type(None):
        found["204"] = {"description": "Done"}
    else:
        schema = schemas.of(endpoint.answer, "serialization")
        made = "201" if endpoint.created else "200"
        content = {"application/json": {"schema": schema}}
        if endpoint.method == "GET":
            content[SPARSE] = {"schema": {}}
        found[made] = {"description": endpoint.summary, "content": content}
    statuses = {400, 401, 403, 404, 422, 429, 503, *endpoint.errors}
    if endpoint.body is not None:
        statuses |= {413, 415}
    if endpoint.method in ("POST", "PATCH", "PUT", "DELETE"):
        statuses |= {409}
    if endpoint.needs_version:
        statuses |= {428}
    if endpoint.takes_file:
        statuses |= {413, 415}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted(statuses):
        content = problem | {"text/plain": {"schema": {"type": "string"}}} if status == 400 else problem
        found.setdefault(str(status), {"description": _ERRORS.get(status, "Refused"), "content": content})
    return found
