"""Notices: told once to whom they concern; events followed even where the stream lost them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_core.commands import CreateDeal, CreateTask
from crm_core.db import notices as rows
from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Role
from crm_core.domain.campaigns import CampaignState
from crm_core.domain.notices import Notice, NoticeKind
from crm_core.domain.pilots import PILOT_OVER
from crm_core.domain.sales import TaskKind
from crm_core.errors import NotFound
from crm_core.events import CallMissed, CampaignStateChanged, Envelope
from crm_core.handlers import notices, sales, task_desk, users
from crm_core.handlers.following import EventFollower
from crm_core.handlers.notices import NoticeTeller
from crm_core.handlers.relay import OutboxRelay
from crm_core.handlers.tasks import create_task
from crm_core.streams import InProcessStream
from tests.crm_core.dialing import add_campaign
from tests.crm_core.until import until

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
Make = Callable[..., Awaitable[Actor]]


@pytest.fixture
def make(site: Database) -> Make:
    async def made(role: Role, name: str, **more: Any) -> Actor:
        user_id = await users.create_user(users.NewUser(name, role, **more), None, site, NOW)
        return await users.actor_by_id(user_id, site)

    return made


async def _heard(site: Database, *teller: NoticeTeller) -> None:
    """All events there are, handed on as if by the stream, twice."""
    kept: list[Envelope] = []

    class Keeping(InProcessStream):
        async def publish(self, envelopes: Any) -> None:
            kept.extend(envelopes)

    await OutboxRelay(site, Keeping(), lambda: NOW).publish_waiting()
    for one in teller:
        await one.hear(kept)
        await one.hear(kept)


async def _told(actor: Actor, site: Database) -> list[tuple[str, str]]:
    found, _ = await notices.list_notices(actor, site)
    return [(one.kind, one.text) for one in found]


async def test_a_task_handed_over_is_told_to_whom_it_was_given(site: Database, make: Make) -> None:
    head = await make(Role.HEAD, "Hilola", team="North")
    seller = await make(Role.SELLER, "Sabina", team="North")
    task = await create_task(CreateTask("Send the offer", NOW, "Hilola", responsible_id=head.user_id), site, NOW)
    changed = await task_desk.hand_over(head, task, 1, seller.user_id, site, NOW)
    await task_desk.postpone(seller, task, changed.version, NOW + timedelta(days=1), site, NOW)
    await _heard(site, NoticeTeller(site, lambda: NOW))
    assert await _told(seller, site) == [("task_given", "Send the offer")]
    assert await _told(head, site) == []


async def test_a_deal_that_somebody_else_moved_is_told_to_its_owner(site: Database, make: Make) -> None:
    seller = await make(Role.SELLER, "Sabina")
    command = CreateDeal("Sanatorium", "Sabina", owner_id=seller.user_id)
    deal = await sales.create_deal(command, site, NOW)
    await sales.move_deal(deal, "Offer sent", "Sabina", site, NOW)  # her own doing
    await sales.move_deal(deal, "Agreed", "Hilola", site, NOW + timedelta(minutes=1))
    await _heard(site, NoticeTeller(site, lambda: NOW))
    assert await _told(seller, site) == [("deal_moved", "Sanatorium → Agreed")]


async def test_a_campaign_that_stopped_by_itself_is_told_to_who_may_start_it(site: Database, make: Make) -> None:
    marketer, seller = await make(Role.MARKETER, "Malika"), await make(Role.SELLER, "Sabina")
    campaign = await add_campaign(site, "Spring", leads_wanted=0)
    async with site.work() as work:
        work.publish(CampaignStateChanged(campaign.id, CampaignState.PAUSED, NOW, PILOT_OVER))
        work.publish(CampaignStateChanged(campaign.id, CampaignState.STOPPED, NOW))  # somebody stopped it
    await _heard(site, NoticeTeller(site, lambda: NOW))
    assert await _told(marketer, site) == [("campaign_stopped", "Spring")]
    assert await _told(seller, site) == []


async def test_a_callback_is_told_when_it_is_due_and_once(site: Database, make: Make) -> None:
    seller = await make(Role.SELLER, "Sabina")
    at = NOW + timedelta(minutes=10)
    kinds = {"Call back": TaskKind.CALLBACK, "Write": TaskKind.OTHER}
    for title, kind in kinds.items():
        await create_task(CreateTask(title, at, "Sabina", kind=kind, responsible_id=seller.user_id), site, NOW)
    clock = [NOW]
    teller = NoticeTeller(site, lambda: clock[0])
    assert await teller.look() == 0
    clock[0] = at
    assert await teller.look() == 1
    await teller.look()
    await NoticeTeller(site, lambda: clock[0]).look()  # after a restart
    assert await _told(seller, site) == [("callback_due", "Call back")]


async def test_read_is_read_and_only_ones_own(site: Database, make: Make) -> None:
    sabina, otabek = await make(Role.SELLER, "Sabina"), await make(Role.SELLER, "Otabek")
    new = [Notice(sabina.user_id, f"k{n}", NoticeKind.TASK_GIVEN, f"Task {n}") for n in range(3)]
    await notices.tell([*new, Notice(otabek.user_id, "k0", NoticeKind.TASK_GIVEN, "His")], site, NOW)
    assert await notices.count_unread(sabina, site) == 3
    first, following = await notices.list_notices(sabina, site, limit=2)
    rest, end = await notices.list_notices(sabina, site, after=following, limit=2)
    assert ([one.text for one in (*first, *rest)], end) == (["Task 2", "Task 1", "Task 0"], None)
    assert (await notices.read_notice(sabina, first[0].id, site, NOW)).read_at == NOW
    with pytest.raises(NotFound):
        await notices.read_notice(otabek, first[1].id, site, NOW)
    assert await notices.read_all_notices(sabina, site, NOW) == 2
    assert (await notices.count_unread(sabina, site), await notices.count_unread(otabek, site)) == (0, 1)
    async with site.work() as work:
        assert await rows.delete_old(work, NOW + timedelta(days=1), 10) == 4


# --- following ----------------------------------------------------------------------------------------------
def _missed(n: int) -> CallMissed:
    return CallMissed(f"c-{n}", None, None, False, NOW)


async def test_what_the_stream_lost_is_handed_on_by_the_sweep(site: Database) -> None:
    seen: list[int] = []

    async def handle(envelopes: Any) -> None:
        seen.extend(envelope.id for envelope in envelopes)

    follower = EventFollower(site, InProcessStream(), lambda: NOW, "mine", handle)
    async with site.work() as work:
        work.publish(_missed(0))
    later = datetime.now(UTC) + timedelta(minutes=1)
    await follower.sweep(later)
    assert seen == []  # a group begins with what happens after it was first there
    async with site.work() as work:
        for n in range(450):
            work.publish(_missed(n))
    await follower.sweep(datetime.now(UTC) - timedelta(minutes=1))
    assert seen == []  # the stream may still bring them
    await follower.sweep(later)
    assert len(set(seen)) >= 450
    count = len(seen)
    await follower.sweep(later)
    assert len(seen) == count  # nothing new


async def test_a_follower_hears_what_is_published(site: Database) -> None:
    stream = InProcessStream()
    seen: list[Any] = []

    async def handle(envelopes: Any) -> None:
        seen.extend(type(envelope.event) for envelope in envelopes)

    follower = EventFollower(site, stream, lambda: NOW, "mine", handle)
    running = asyncio.create_task(follower.run())
    relay = asyncio.create_task(OutboxRelay(site, stream, lambda: datetime.now(UTC)).run())
    try:
        await asyncio.sleep(0)
        async with site.work() as work:
            work.publish(_missed(1))
        await until(lambda: bool(seen))
        assert seen == [CallMissed]
    finally:
        for task in (running, relay):
            task.cancel()
        await asyncio.gather(running, relay, return_exceptions=True)
