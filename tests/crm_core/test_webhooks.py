"""Webhooks against a real receiver: who is told what, signed how, tried again when; and what is refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from crm_core.commands import CreateDeal
from crm_core.db import webhooks as rows
from crm_core.db.engine import Database
from crm_core.db.webhooks import Delivery
from crm_core.domain.access import Actor, Right, Role, with_scopes
from crm_core.domain.calls import Direction
from crm_core.domain.webhooks import DeliveryState
from crm_core.errors import BadInput, Conflict, Forbidden, NotFound
from crm_core.events import CallBridged, DealChanged, Envelope, Event
from crm_core.handlers import notices, users, webhooks
from crm_core.handlers.following import EventFollower
from crm_core.handlers.relay import OutboxRelay
from crm_core.handlers.sales import create_deal
from crm_core.handlers.webhook_sending import WebhookSender, WebhookSettings
from crm_core.handlers.webhook_telling import GROUP, WebhookFeeder
from crm_core.messaging.webhook_post import HttpWebhookPost, opened_webhook_post
from crm_core.streams import InProcessStream
from tests.crm_core.crm import add_call, add_contact
from tests.crm_core.until import until

NUMBER = "+998901234567"
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


@dataclass(slots=True)
class Receiver:
    """Somebody else's system: it keeps what it is sent, and answers as told."""

    base: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[dict[str, str], str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.requests.append(({n.lower(): v for n, v in request.headers.items()}, await request.text()))
        return web.Response(status=self.status, headers=self.headers, text="so be it")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/hook", found.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.base = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield found
    await runner.cleanup()


@pytest.fixture
async def post() -> AsyncIterator[HttpWebhookPost]:
    async with opened_webhook_post(allow_private=True) as opened:
        yield opened


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[..., Awaitable[Actor]]


@pytest.fixture
def make(site: Database) -> Make:
    async def made(role: Role, name: str, **more: Any) -> Actor:
        user_id = await users.create_user(users.NewUser(name, role, **more), None, site, NOW)
        return await users.actor_by_id(user_id, site)

    return made


async def _admin(make: Make, name: str = "Ada") -> Actor:
    return await make(Role.ADMINISTRATOR, name)


async def _hook(actor: Actor, url: str, kinds: Sequence[str], database: Database) -> tuple[int, str]:
    return await webhooks.create_webhook(actor, url, kinds, True, database, NOW)


def _bridged(agent: Actor, contact_id: int | None, event_id: int = 1) -> Envelope:
    event = CallBridged("c-1", Direction.OUTGOING, NUMBER, agent.user_id, contact_id, None, NOW)
    return Envelope(event_id, event)


async def _sent(sender: WebhookSender) -> None:
    await sender.send_due()
    await sender.settled()


async def _log(actor: Actor, webhook_id: int, database: Database) -> list[Delivery]:
    return (await webhooks.list_deliveries(actor, webhook_id, None, None, 50, database))[0]


async def test_what_happens_is_told_signed_and_noted(
    site: Database, make: Make, receiver: Receiver, post: HttpWebhookPost, clock: Clock
) -> None:
    admin = await _admin(make)
    contact = await add_contact(site, "Rustam", NUMBER, owner_id=admin.user_id)
    await add_call(site, "c-1", direction="outgoing", agent_id=admin.user_id, contact_id=contact, started_at=NOW)
    webhook_id, secret = await _hook(admin, receiver.base, ["call.bridged"], site)
    feeder, sender = WebhookFeeder(site, clock), WebhookSender(site, post, clock)
    await feeder.feed([_bridged(admin, contact)])
    await feeder.feed([_bridged(admin, contact)])  # the same once more
    await _sent(sender)
    [(headers, body)] = receiver.requests
    said = json.loads(body)
    assert (said["type"], said["data"]["number"], said["data"]["contact_id"]) == ("call.bridged", NUMBER, contact)
    # As a receiver checks it, by the words of docs/webhooks.md alone.
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    [delivery] = await _log(admin, webhook_id, site)
    assert (delivery.state, delivery.status, delivery.attempts) == (DeliveryState.SENT, 200, 1)


async def test_each_webhook_is_told_what_its_maker_sees(
    site: Database, make: Make, receiver: Receiver, post: HttpWebhookPost, clock: Clock
) -> None:
    more = {"extra_rights": frozenset({Right.CHANGE_SETTINGS})}
    seller = await make(Role.SELLER, "Sabina", **more)
    other = await make(Role.SELLER, "Otabek", **more)
    blind = await make(Role.SELLER, "Bobur", masked=True, **more)
    whose = {}
    for actor in (seller, other, blind):
        whose[actor.name] = (await _hook(actor, receiver.base, ["call.bridged", "deal.changed"], site))[0]
    mine = await add_contact(site, "Rustam", NUMBER, owner_id=other.user_id)
    await add_call(site, "c-1", direction="outgoing", agent_id=blind.user_id, started_at=NOW)
    deal = await create_deal(CreateDeal("Sanatorium", "Sabina", owner_id=seller.user_id), site, NOW)
    events: list[Event] = [
        CallBridged("c-1", Direction.OUTGOING, NUMBER, blind.user_id, mine, None, NOW),
        DealChanged(deal, f"New, call {NUMBER}", seller.user_id, None, None, "Sabina", NOW),
    ]
    await WebhookFeeder(site, clock).feed([Envelope(n, event) for n, event in enumerate(events, 1)])
    found = {name: await _log(by, whose[name], site) for name, by in (("Sabina", seller), ("Otabek", other))}
    assert [one.event for one in found["Sabina"]] == ["deal.changed"]  # her deal; the call is not hers
    assert found["Otabek"] == []
    async with site.reading() as work:
        [delivery], _ = await rows.log_page(work, whose["Bobur"], None, None, 10)
    data = json.loads(delivery.body)["data"]
    # His call: the person is another's, and he sees no digits.
    assert (data["call_id"], data["contact_id"], data["number"]) == ("c-1", None, "+998 90 ••• •• 67")
    assert "1234567" not in delivery.body


async def test_rights_lost_on_the_way_count(
    site: Database, make: Make, receiver: Receiver, post: HttpWebhookPost, clock: Clock
) -> None:
    admin = await _admin(make)
    await _admin(make, "Berta")  # there must be one left
    await add_call(site, "c-1", direction="outgoing", agent_id=None, started_at=NOW)
    webhook_id, _ = await _hook(admin, receiver.base, ["call.bridged"], site)
    await WebhookFeeder(site, clock).feed([_bridged(admin, None)])
    changes = {"role": Role.SELLER, "extra_rights": [Right.CHANGE_SETTINGS]}
    await users.change_user(admin.user_id, changes, None, site, NOW)
    await _sent(WebhookSender(site, post, clock))
    assert receiver.requests == []
    [delivery] = await _log(await users.actor_by_id(admin.user_id, site), webhook_id, site)
    assert delivery.state is DeliveryState.FAILED
    assert "may not see" in str(delivery.error)


async def test_it_is_tried_again_later_and_later_then_given_up(
    site: Database, make: Make, receiver: Receiver, post: HttpWebhookPost, clock: Clock
) -> None:
    admin = await _admin(make)
    await add_call(site, "c-1", direction="outgoing", agent_id=admin.user_id, started_at=NOW)
    webhook_id, _ = await _hook(admin, receiver.base, ["call.bridged"], site)
    await WebhookFeeder(site, clock).feed([_bridged(admin, None)])
    receiver.status = 500
    sender = WebhookSender(site, post, clock)
    waits = []
    for _ in range(9):
        await _sent(sender)
        [delivery] = await _log(admin, webhook_id, site)
        if delivery.state is DeliveryState.QUEUED:
            waits.append(delivery.due_at - clock.at)
            assert await sender.send_due() == 0  # not before its time
            clock.at = delivery.due_at
    assert waits == sorted(waits)
    assert len(receiver.requests) == 9
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1  # by this a receiver knows it again
    assert (delivery.state, delivery.status, delivery.error) == (DeliveryState.FAILED, 500, "500 so be it")
    receiver.status = 204
    await webhooks.redeliver(admin, webhook_id, delivery.id, site, clock.at)
    await _sent(sender)
    [delivery] = await _log(admin, webhook_id, site)
    assert (delivery.state, delivery.attempts) == (DeliveryState.SENT, 1)
    assert (await webhooks.one_webhook(admin, webhook_id, site)).webhook.failing_since is None


async def test_a_receiver_that_asks_for_time_gets_it(
    site: Database, make: Make, receiver: Receiver, post: HttpWebhookPost, clock: Clock
) -> None:
    admin = await _admin(make)
    webhook_id, _ = await _hook(admin, receiver.base, ["call.bridged"], site)
    receiver.status, receiver.headers = 429, {"Retry-After": "900"}
    await webhooks.ping(admin, webhook_id, site, NOW)
    await _sent(WebhookSender(site, post, clock))
    [delivery] = await _log(admin, webhook_id, site)
    assert delivery.due_at == NOW + timedelta(seconds=900)


async def test_what_fails_for_days_is_switched_off_and_its_maker_told(
    site: Database, make: Make, receiver: Receiver, post: HttpWebhookPost, clock: Clock
) -> None:
    admin = await _admin(make)
    webhook_id, _ = await _hook(admin, receiver.base, ["call.bridged"], site)
    receiver.status = 503
    sender = WebhookSender(site, post, clock)
    await webhooks.ping(admin, webhook_id, site, clock.at)
    await _sent(sender)
    assert (await webhooks.one_webhook(admin, webhook_id, site)).webhook.enabled
    clock.at += timedelta(days=3, minutes=1)
    await webhooks.ping(admin, webhook_id, site, clock.at)
    await _sent(sender)
    webhook = (await webhooks.one_webhook(admin, webhook_id, site)).webhook
    assert (webhook.enabled, webhook.off_because) == (False, "it has taken nothing for 3 days")
    [told], _ = await notices.list_notices(admin, site)
    assert (told.kind, told.link) == ("webhook_off", f"/settings/webhooks/{webhook_id}")
    with pytest.raises(Conflict):
        await webhooks.ping(admin, webhook_id, site, clock.at)
    changed = await webhooks.change_webhook(admin, webhook_id, {"enabled": True}, True, site, clock.at)
    assert (changed.enabled, changed.failing_since, changed.off_because) == (True, None, None)


async def test_who_wants_no_more_gets_no_more(
    site: Database, make: Make, receiver: Receiver, post: HttpWebhookPost, clock: Clock
) -> None:
    admin = await _admin(make)
    webhook_id, _ = await _hook(admin, receiver.base, ["call.bridged"], site)
    receiver.status = 410
    await webhooks.ping(admin, webhook_id, site, NOW)
    await _sent(WebhookSender(site, post, clock))
    assert not (await webhooks.one_webhook(admin, webhook_id, site)).webhook.enabled


async def test_what_a_dead_sender_held_is_sent_by_another(
    site: Database, make: Make, receiver: Receiver, post: HttpWebhookPost, clock: Clock
) -> None:
    admin = await _admin(make)
    webhook_id, _ = await _hook(admin, receiver.base, ["call.bridged"], site)
    await webhooks.ping(admin, webhook_id, site, NOW)
    async with site.work() as work:
        [taken] = await rows.claim(work, webhook_id, NOW, NOW + timedelta(minutes=2), 5)
    sender = WebhookSender(site, post, clock)
    assert await sender.send_due() == 0
    clock.at += timedelta(minutes=3)
    await _sent(sender)
    [delivery] = await _log(admin, webhook_id, site)
    assert (delivery.state, delivery.attempts) == (DeliveryState.SENT, 2)
    async with site.work() as work:
        assert not await rows.settle(work, taken, DeliveryState.FAILED)  # the dead one comes back: it holds nothing


async def test_redirections_are_not_followed(
    site: Database, make: Make, receiver: Receiver, post: HttpWebhookPost, clock: Clock
) -> None:
    admin = await _admin(make)
    webhook_id, _ = await _hook(admin, receiver.base, ["call.bridged"], site)
    receiver.status, receiver.headers = 307, {"Location": receiver.base}
    await webhooks.ping(admin, webhook_id, site, NOW)
    await _sent(WebhookSender(site, post, clock))
    assert len(receiver.requests) == 1
    assert (await _log(admin, webhook_id, site))[0].state is DeliveryState.QUEUED


async def test_a_name_that_stands_for_an_address_inside_gets_nothing(
    site: Database, make: Make, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the name stood for when the webhook was made: what counts is where the connection would go."""
    admin = await _admin(make)
    ask = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **how: ask("127.0.0.1", *more, **how))
    address = receiver.base.replace("127.0.0.1", "hooks.example.com")
    webhook_id, _ = await webhooks.create_webhook(admin, address, ["call.bridged"], False, site, NOW)
    await webhooks.ping(admin, webhook_id, site, NOW)
    async with opened_webhook_post(allow_private=False) as guarded:
        await _sent(WebhookSender(site, guarded, clock))
        with pytest.raises(BadInput, match="inside"):
            await guarded.post(receiver.base, {}, "")
    [delivery] = await _log(admin, webhook_id, site)
    assert (delivery.status, delivery.state) == (None, DeliveryState.QUEUED)
    assert "hooks.example.com lies inside this network" in str(delivery.error)
    assert receiver.requests == []
    async with opened_webhook_post(allow_private=True) as open_to_all:  # it would have arrived
        assert (await open_to_all.post(address, {}, "")).status == 200


async def test_nobody_answers(site: Database, make: Make, clock: Clock, post: HttpWebhookPost) -> None:
    admin = await _admin(make)
    webhook_id, _ = await _hook(admin, "http://127.0.0.1:9/", ["call.bridged"], site)
    await webhooks.ping(admin, webhook_id, site, NOW)
    await _sent(WebhookSender(site, post, clock, WebhookSettings(at_once=1)))
    [delivery] = await _log(admin, webhook_id, site)
    assert (delivery.state, delivery.status) == (DeliveryState.QUEUED, None)
    assert "no connection" in str(delivery.error)


async def test_who_may_make_and_see_webhooks(site: Database, make: Make) -> None:
    admin = await _admin(make)
    seller = await make(Role.SELLER, "Sabina")
    helper = await make(Role.SELLER, "Hulkar", extra_rights=frozenset({Right.CHANGE_SETTINGS}))
    with pytest.raises(Forbidden):
        await _hook(seller, "https://example.com/", ["call.ended"], site)
    with pytest.raises(Forbidden):  # he does not see the floor
        await _hook(helper, "https://example.com/", ["agent.state_changed"], site)
    by_token = with_scopes(admin, frozenset({"settings"}), 1)
    with pytest.raises(Forbidden):  # a token for settings alone must not become one for everything
        await _hook(by_token, "https://example.com/", ["call.ended"], site)
    webhook_id, _ = await _hook(admin, "https://example.com/", ["call.ended"], site)
    with pytest.raises(NotFound):
        await webhooks.one_webhook(helper, webhook_id, site)
    assert await webhooks.list_webhooks(helper, site) == []
    berta = await _admin(make, "Berta")
    assert (await webhooks.one_webhook(berta, webhook_id, site)).owner == "Ada"
    with pytest.raises(BadInput, match="only its maker"):
        await webhooks.change_webhook(berta, webhook_id, {"url": "https://evil.example/"}, False, site, NOW)
    async with site.work() as work:
        row = {"webhook_id": webhook_id, "event_id": 5, "event": "call.ended", "body": "secret"}
        await rows.enqueue(work, [row], NOW)
    assert [one.body for one in await _log(admin, webhook_id, site)] == ["secret"]
    assert [one.body for one in await _log(berta, webhook_id, site)] == [""]
    await webhooks.remove_webhook(berta, webhook_id, site, NOW)
    with pytest.raises(NotFound):
        await webhooks.one_webhook(replace(admin), webhook_id, site)


async def test_wired_as_in_the_service(site: Database, make: Make, receiver: Receiver, post: HttpWebhookPost) -> None:
    """From the commit of an event to the receiver, by outbox, stream, queue and sender as they run side by side."""

    def now() -> datetime:
        return datetime.now(UTC)

    admin = await _admin(make)
    await add_call(site, "c-1", direction="outgoing", agent_id=admin.user_id, started_at=NOW)
    await _hook(admin, receiver.base, ["call.bridged"], site)
    stream = InProcessStream()
    feeder, sender = WebhookFeeder(site, now), WebhookSender(site, post, now)
    parts = [
        asyncio.create_task(part)
        for part in (
            OutboxRelay(site, stream, now).run(),
            EventFollower(site, stream, now, GROUP, feeder.feed).run(),
            sender.run(),
        )
    ]
    try:
        await asyncio.sleep(0)
        async with site.work() as work:
            work.publish(CallBridged("c-1", Direction.OUTGOING, NUMBER, admin.user_id, None, None, NOW))
        await until(lambda: bool(receiver.requests))
        assert json.loads(receiver.requests[0][1])["data"]["call_id"] == "c-1"
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
