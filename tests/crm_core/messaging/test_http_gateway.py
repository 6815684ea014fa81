"""Messages against a real HTTP server: taken, refused for now, refused for good, hanging, broken off."""

from __future__ import annotations

import base64
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from crm_core.domain.messages import FaultKind, Message, NotSent
from crm_core.messaging.http_gateway import HttpGateway, opened_session
from crm_core.messaging.provider import Provider as ProviderFile
from crm_core.messaging.provider_file import SHIPPED, read_provider
from tests.crm_core.messaging.messages import a_message
from tests.crm_core.messaging.provider_server import Provider, opened_provider

ENV = {
    "GATEWAY_TOKEN": "t-1",
    "ESKIZ_TOKEN": "e-1",
    "ESKIZ_FROM": "4546",
    "TWILIO_ACCOUNT": "AC1",
    "TWILIO_TOKEN": "tw-1",
    "TWILIO_FROM": "+15005550006",
    "WHATSAPP_PHONE_ID": "1234",
    "WHATSAPP_TOKEN": "w-1",
    "TELEGRAM_TOKEN": "77:abc",
}
FILE: dict[str, Any] = {
    "url": "{GATEWAY_URL}/send",
    "json": {"to": "{to}", "text": "{text}", "id": "{id}"},
    "id": "id",
    "error": "error.message",
}


def made(tmp_path: Path, provider: Provider, **changes: Any) -> ProviderFile:
    """A provider's file with some keys changed (None: left out), as read."""
    path = tmp_path / "ours.yml"
    path.write_text(yaml.safe_dump({key: value for key, value in (FILE | changes).items() if value is not None}))
    return read_provider(path, ENV | {"GATEWAY_URL": provider.url})


async def sent(file: ProviderFile, message: Message | None = None, within: float = 10) -> str | None:
    async with opened_session(answer_within=timedelta(seconds=within)) as session:
        return await HttpGateway(file, session).send(message or a_message())


async def fault(file: ProviderFile, message: Message | None = None, within: float = 10) -> NotSent:
    with pytest.raises(NotSent) as caught:
        await sent(file, message, within)
    return caught.value


async def test_a_message_is_handed_over_whole_and_its_id_comes_back(tmp_path: Path) -> None:
    async with opened_provider(Provider(201, {"id": 42})) as provider:
        assert await sent(made(tmp_path, provider)) == "42"
    (asked,) = provider.asked
    message = a_message()
    assert (asked.method, asked.path) == ("POST", "/send")
    assert asked.json == {"to": message.to, "text": message.body, "id": message.token}
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["Idempotency-Key"] == message.token


async def test_each_try_names_the_message_alike(tmp_path: Path) -> None:
    async with opened_provider(Provider()) as provider:
        for attempts in (1, 2):
            await sent(made(tmp_path, provider), a_message(attempts=attempts))
    assert len({asked.headers["Idempotency-Key"] for asked in provider.asked}) == 1


async def test_a_gateway_that_takes_everything_in_the_address_gets_it_quoted(tmp_path: Path) -> None:
    async with opened_provider(Provider(200, "OK 7")) as provider:
        query = {"phone": "{digits}", "text": "{text}", "key": "{GATEWAY_TOKEN}"}
        changes = {"url": "{GATEWAY_URL}/send/{to}", "method": "GET", "query": query, "json": None, "id": None}
        assert await sent(made(tmp_path, provider, **changes)) is None
    (asked,) = provider.asked
    assert asked.path.startswith("/send/%2B998901234567?")
    assert asked.query == {"phone": "998901234567", "text": a_message().body, "key": "t-1"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, FaultKind.TEMPORARY),
        (500, FaultKind.TEMPORARY),
        (503, FaultKind.TEMPORARY),
        (400, FaultKind.PERMANENT),
        (401, FaultKind.PERMANENT),
        (404, FaultKind.PERMANENT),
        (302, FaultKind.PERMANENT),
        (204, FaultKind.PERMANENT),
    ],
)
async def test_other_statuses_are_faults_of_their_kind_in_the_providers_words(
    tmp_path: Path, status: int, kind: FaultKind
) -> None:
    answer = "" if status == 204 else {"error": {"message": "No such number"}}
    async with opened_provider(Provider(status, answer, {"Location": "/elsewhere"})) as provider:
        told = await fault(made(tmp_path, provider))
    assert (told.kind, told.words) == (kind, str(status) if status == 204 else f"{status} No such number")
    assert len(provider.asked) == 1


async def test_without_words_at_their_place_the_answer_itself_is_told(tmp_path: Path) -> None:
    async with opened_provider(Provider(400, "<h1>\n  Bad\n  number</h1>" + "x" * 5000)) as provider:
        told = await fault(made(tmp_path, provider))
    assert told.words.startswith("400 <h1> Bad number</h1>xxx")
    assert len(told.words) < 400


@pytest.mark.parametrize(
    ("asked", "wait"), [("120", 120), ("0", 0), ("Wed, 25 Nov 2026 12:00:00 GMT", None), ("-5", None)]
)
async def test_the_wait_a_provider_asks_for_is_told(tmp_path: Path, asked: str, wait: int | None) -> None:
    async with opened_provider(Provider(429, {}, {"Retry-After": asked})) as provider:
        told = await fault(made(tmp_path, provider))
    assert told.wait == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize("answer", [{"error": {"message": "no money left"}}, {"id": None}, {"id": {}}, [], "fine"])
async def test_an_answer_without_the_id_that_should_be_in_it_is_not_believed(tmp_path: Path, answer: Any) -> None:
    async with opened_provider(Provider(200, answer)) as provider:
        told = await fault(made(tmp_path, provider))
    assert told.kind is FaultKind.UNCERTAIN
    assert told.words.endswith("(no id in it)")
    if isinstance(answer, dict) and "error" in answer:
        assert told.words.startswith("200 no money left")


async def test_a_provider_that_hangs_may_have_taken_it(tmp_path: Path) -> None:
    async with opened_provider(Provider(hang=True)) as provider:
        told = await fault(made(tmp_path, provider), within=0.3)
    assert (told.kind, told.words) == (FaultKind.UNCERTAIN, "it is not known whether it went out: no answer in time")


async def test_a_provider_that_breaks_off_may_have_taken_it_and_is_not_asked_again(tmp_path: Path) -> None:
    async with opened_provider(Provider(break_off=True)) as provider:
        told = await fault(made(tmp_path, provider))
    assert told.kind is FaultKind.UNCERTAIN
    assert len(provider.asked) == 1


async def test_nobody_there_is_a_fault_that_may_pass(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, but it does not listen
        taken.bind(("127.0.0.1", 0))
        told = await fault(made(tmp_path, Provider(url=f"http://127.0.0.1:{taken.getsockname()[1]}")))
    assert told.kind is FaultKind.TEMPORARY


async def test_what_cannot_be_a_request_fails_for_good(tmp_path: Path) -> None:
    async with opened_provider(Provider()) as provider:
        told = await fault(made(tmp_path, provider, headers={"X-To": "{to}"}), a_message(to="a\r\nX-Evil: 1"))
    assert told.kind is FaultKind.PERMANENT
    assert provider.asked == []


SHIPPED_FORMS: dict[str, Any] = {
    "eskiz": {"mobile_phone": ["998901234567"], "message": [a_message().body], "from": ["4546"]},
    "twilio": {"To": ["+998901234567"], "Body": [a_message().body], "From": ["+15005550006"]},
}
SHIPPED_JSON: dict[str, Any] = {
    "generic": {"to": "+998901234567", "text": a_message().body, "id": a_message().token},
    "whatsapp": {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "998901234567",
        "type": "text",
        "text": {"preview_url": False, "body": a_message().body},
    },
    "telegram": {"chat_id": "+998901234567", "text": a_message().body},
}
#: An answer of each as its documentation shows it, and the id in it; then a refusal with its words.
ANSWERS: dict[str, Any] = {
    "generic": (200, {"id": "g-1"}, "g-1", 400, {"error": "no"}, "400 no"),
    "eskiz": (200, {"id": "e-1", "message": "Waiting", "status": "waiting"}, "e-1", 400, {"message": "no"}, "400 no"),
    "twilio": (201, {"sid": "SM1", "status": "queued"}, "SM1", 400, {"code": 21211, "message": "no"}, "400 no"),
    "whatsapp": (200, {"messages": [{"id": "wamid.1"}]}, "wamid.1", 400, {"error": {"message": "no"}}, "400 no"),
    "telegram": (
        200,
        {"ok": True, "result": {"message_id": 5}},
        "5",
        403,
        {"ok": False, "description": "Forbidden: bot was blocked by the user"},
        "403 Forbidden: bot was blocked by the user",
    ),
}


def shipped_at(provider: Provider, name: str, tmp_path: Path) -> ProviderFile:
    """A shipped file with its host, and nothing else, replaced by the test's server."""
    given = yaml.safe_load((SHIPPED / f"{name}.yml").read_text())
    if not given["url"].startswith("{"):
        given["url"] = provider.url + "/" + given["url"].split("/", 3)[3]
    path = tmp_path / f"{name}.yml"
    path.write_text(yaml.safe_dump(given))
    return read_provider(path, ENV | {"GATEWAY_URL": f"{provider.url}/send"})


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.yml")))
async def test_a_shipped_provider_is_asked_and_understood_as_its_documentation_says(tmp_path: Path, name: str) -> None:
    status, answer, provider_id, bad_status, bad_answer, words = ANSWERS[name]
    async with opened_provider(Provider(status, answer)) as provider:
        file = shipped_at(provider, name, tmp_path)
        assert await sent(file) == provider_id
        provider.status, provider.answer = bad_status, bad_answer
        told = await fault(file)
    assert (told.kind, told.words) == (FaultKind.PERMANENT, words)
    asked = provider.asked[0]
    if name in SHIPPED_JSON:
        assert asked.json == SHIPPED_JSON[name]
    else:
        assert parse_qs(asked.text) == SHIPPED_FORMS[name]
    secrets = {
        "generic": "Bearer t-1",
        "eskiz": "Bearer e-1",
        "twilio": "Basic " + base64.b64encode(b"AC1:tw-1").decode(),
        "whatsapp": "Bearer w-1",
    }
    assert asked.headers.get("Authorization") == secrets.get(name)
    paths = {
        "twilio": "/2010-04-01/Accounts/AC1/Messages.json",
        "whatsapp": "/v23.0/1234/messages",
        "telegram": "/bot77:abc/sendMessage",
        "eskiz": "/api/message/sms/send",
        "generic": "/send",
    }
    assert asked.path == paths[name]
