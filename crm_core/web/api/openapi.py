"""The OpenAPI 3.1 document, made from the endpoints: what it says is what the code does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter

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


def document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The whole document."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
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
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "trunkline"},
            },
        },
    }


def _operation(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
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
    if endpoint.body is not None:
        schema = _schema(endpoint.body, schemas, "validation")
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if endpoint.takes_file:
        file = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": file}}}
    return operation


def _parameters(endpoint: Endpoint, schemas: dict[str, Any]) -> list[dict[str, Any]]:
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


def _query_parameters(model: type[BaseModel], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF, mode="validation")
    schemas.update(schema.pop("$defs", {}))
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        | ({"description": part["description"]} if "description" in part else {})
        for name, part in schema.get("properties", {}).items()
    ]


def _responses(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if endpoint.media_types:
        anything: dict[str, Any] = {"schema": {}}
        found["200"] = {"description": "The file", "content": dict.fromkeys(endpoint.media_types, anything)}
    elif endpoint.answer is type(None):
        found["204"] = {"description": "Done"}
    else:
        schema = _schema(endpoint.answer, schemas, "serialization")
        made = "201" if endpoint.created else "200"
        content = {"application/json": {"schema": schema}}
        if endpoint.method == "GET":
            content[SPARSE] = {"schema": {}}
        found[made] = {"description": endpoint.summary, "content": content}
    statuses = {401, 403, 404, 422, 429, 503, *endpoint.errors}
    if endpoint.body is not None:
        statuses |= {400, 413, 415}
    if endpoint.method in ("POST", "PATCH", "PUT", "DELETE"):
        statuses |= {409}
    if endpoint.needs_version:
        statuses |= {428}
    if endpoint.takes_file:
        statuses |= {400, 413, 415}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted(statuses):
        found.setdefault(str(status), {"description": _ERRORS.get(status, "Refused"), "content": problem})
    return found


def _schema(kind: Any, schemas: dict[str, Any], mode: Any) -> dict[str, Any]:
    """The schema of a model; its parts go among the components."""
    schema = TypeAdapter(kind).json_schema(ref_template=_REF, mode=mode)
    schemas.update(schema.pop("$defs", {}))
    title = schema.get("title")
    if title and isinstance(kind, type) and schema.get("type") == "object":
        name = title.replace("[", "_").replace("]", "")
        schemas[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}
    return schema
