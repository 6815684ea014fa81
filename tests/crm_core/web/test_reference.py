"""The API as people read it: its examples fit, its commands are commands, its pages open."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from crm_core.domain.access import Role
from crm_core.web.api.examples import example
from crm_core.web.api.mount import endpoints
from crm_core.web.api.openapi import document
from crm_core.web.api.reference import Reference, bounds_of, kind_of, reference
from crm_core.web.api.routing import PREFIX, Endpoint
from tests.crm_core.web.conftest import Login

DOCUMENT = document(endpoints(), "1")
SCHEMAS = DOCUMENT["components"]["schemas"]
WITH_BODY = [one for one in endpoints() if one.body is not None]


@pytest.fixture(scope="module")
def whole() -> Reference:
    return reference(DOCUMENT, "https://crm.example")


@pytest.fixture
def database_kind() -> str:
    return "sqlite"  # nothing is kept


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][PREFIX + endpoint.path][endpoint.method.lower()]
    return found


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=lambda one: one.run.__name__)
def test_the_example_of_a_body_is_taken(endpoint: Endpoint) -> None:
    schema = _operation(endpoint)["requestBody"]["content"]["application/json"]["schema"]
    assert endpoint.body is not None
    endpoint.body.model_validate_json(json.dumps(example(schema, SCHEMAS, sparse=True)))


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda one: one.run.__name__)
def test_examples_of_answers_and_parameters_fit_their_schemas(endpoint: Endpoint) -> None:
    operation = _operation(endpoint)
    answers = (said.get("content", {}).get("application/json") for said in operation["responses"].values())
    for shaped in [*operation["parameters"], *(one for one in answers if one)]:
        schema = shaped["schema"]
        whole = {**schema, "components": DOCUMENT["components"]}
        Draft202012Validator(whole).validate(example(schema, SCHEMAS, shaped.get("name", "")))


def test_an_example_of_what_contains_itself_ends() -> None:
    tree = {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/x/Tree"}}}}
    assert json.dumps(example({"$ref": "#/x/Tree"}, {"Tree": tree})).count("below") < 10


def test_every_endpoint_is_told_once(whole: Reference) -> None:
    told = [one for every in whole.nouns.values() for one in every]
    assert sorted(one.key for one in told) == sorted(one.run.__name__ for one in endpoints())
    assert {one.noun for one in told} == {one.tag for one in endpoints()}
    assert {one.right for one in told} == {one.right.value if one.right else "" for one in endpoints()}


def test_each_command_is_one_and_asks_its_own_path(whole: Reference) -> None:
    for one in (one for told in whole.nouns.values() for one in told):
        words = shlex.split(one.curl.replace("\\\n", ""))
        url = next(word for word in words if word.startswith("https://crm.example/"))
        assert words[0] == "curl"
        pattern = re.sub(r"{\w+}", "[^/{}]+", one.path)
        assert re.fullmatch(pattern, urlsplit(url).path)
        assert ("-X" in words) == (one.method != "GET")
        if one.body is not None and one.body.example:
            assert json.loads(words[words.index("-d") + 1]) == json.loads(one.body.example)


def test_a_search_finds_by_path_word_and_field(whole: Reference) -> None:
    def found(text: str) -> set[str]:
        return {one.key for one in whole.find(text)}

    assert "list_tasks" in found("TASKS soonest")
    assert "call_contact" not in found("tasks")
    assert found("/tasks post") < found("/tasks")
    assert "list_tasks" in found("bucket")
    assert found("") == found("no such thing anywhere") == set()


@pytest.mark.parametrize(
    ("schema", "kind", "bounds"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "whole number", "1…200; default 50"),
        ({"anyOf": [{"type": "string", "maxLength": 40}, {"type": "null"}]}, "text or null", "up to 40 characters"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "list of one of a, b", ""),
        ({"type": "string", "format": "date-time"}, "time with zone (RFC 3339)", ""),
        ({"type": "number", "exclusiveMinimum": 0}, "number", "> 0"),
        ({"type": "number", "maximum": 5}, "number", "≤ 5"),
        ({"type": "string", "pattern": "^[A-Z]{3}$", "minLength": 3}, "text", "3 characters or more; ^[A-Z]{3}$"),
    ],
)
def test_a_schema_is_said_in_short(schema: dict[str, Any], kind: str, bounds: str) -> None:
    assert (kind_of(schema, {}), bounds_of(schema, {})) == (kind, bounds)


async def test_the_pages_open_to_whoever_is_logged_in(login: Login) -> None:
    me = await login(Role.OUTSIDE)
    index = await (await me.get("/api/")).text()
    assert all(one.path.replace("<", "&lt;") in index for one in endpoints())
    found = await (await me.get("/api/?q=bucket", headers={"HX-Request-Type": "partial"})).text()
    assert "/tasks" in found
    assert "<html" not in found
    assert "No endpoint says that" in await (await me.get("/api/?q=nosuchthing")).text()
    for noun in {one.tag for one in endpoints()}:
        page = await me.get(f"/api/nouns/{noun}")
        assert page.status == 200
        assert "curl" in await page.text()
    users = await (await me.get("/api/nouns/users")).text()
    assert "You do not have this right" in users
    assert me.base in users
    assert (await me.get("/api/nouns/nothing")).status == 404
    assert (await me.get("/api")).headers["Location"] == "/api/"


async def test_nobody_is_led_to_the_door_and_programs_get_problems(login: Login) -> None:
    me = await login(Role.SELLER)
    me.client.cookie_jar.clear()
    for path in ("/api/", "/api/nouns/tasks"):
        answer = await me.get(path)
        assert (answer.status, answer.headers["Location"].startswith("/login?next=")) == (303, True)
    missing = await me.get("/api/v2/tasks")
    assert (missing.status, missing.content_type) == (404, "application/problem+json")
