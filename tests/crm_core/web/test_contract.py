"""The API keeps to its document: whatever is sent, no fault of ours and no answer that the document does not know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crm_core.domain.access import SCOPES, Role
from crm_core.web.api.mount import endpoints
from tests.crm_core.web.conftest import Login, Site

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
#: Requests per operation. Each is a round trip; all of them together are to take seconds.
_EXAMPLES = 8
#: They end the very log-in that the test goes in by.
_LEFT_OUT = {"set_user_password", "change_user"}


@pytest.fixture
def database_kind() -> str:
    return "sqlite"  # the same code answers on both; the rest of the tests run on both


async def test_whatever_is_sent_is_answered_as_the_document_says(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    made = await admin.post("/api/v1/me/tokens", json={"name": "contract", "scopes": _every_scope()})
    headers = {"Authorization": f"Bearer {(await made.json())['token']}"}
    raw = await (await admin.get("/api/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(raw)
    names = []
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        name = operation.definition.raw["operationId"]
        names.append(name)
        if name not in _LEFT_OUT:
            await asyncio.to_thread(_hammered(operation, web_site.base, headers))
    assert sorted(names) == sorted(endpoint.run.__name__ for endpoint in endpoints())


def _every_scope() -> list[str]:
    return [scope for scope in SCOPES if "." not in scope]


def _hammered(operation: Any, base: str, headers: dict[str, str]) -> Callable[[], None]:
    """Requests that fit the document, and requests that do not."""
    cases = operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @given(case=cases)
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    def ask(case: schemathesis.Case[Any]) -> None:
        answer = case.call(base_url=base, headers=headers)
        case.validate_response(answer, checks=_CHECKS)

    return ask
