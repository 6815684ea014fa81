"""The rule runner: one effect whoever runs and however often, whatever fails or is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.event import listens_for

from crm_core.db.engine import Database, opened_database
from crm_core.db.rules import add_rules
from crm_core.db.tables import (
    campaign_leads,
    contacts,
    deal_stages,
    deals,
    notes,
    outbox,
    phones,
    rule_runs,
    rules,
    tasks,
)
from crm_core.domain.attempts import Outcome
from crm_core.domain.rules import ActionKind, Rule, RuleAction
from crm_core.errors import Unavailable
from crm_core.events import AttemptEnded, Envelope
from crm_core.handlers.automation import RuleRunner
from crm_core.streams import InProcessStream
from tests.crm_core.crm import (
    NOW,
    STRANGER,
    disposed,
    effects,
    ended,
    happened,
    missed,
    ran,
    rows,
    rule_runner,
)
from tests.crm_core.dialing import add_campaign, lead_ids, lead_row, number_of


# --- once ---------------------------------------------------------------------------------------------------
async def everything(database: Database) -> dict[str, Any]:
    made = (contacts, phones, deals, deal_stages, tasks, notes, rule_runs)
    return {table.name: await rows(database, table) for table in made}


async def test_the_same_event_twice_has_one_effect(site: Database) -> None:
    told = (
        ended("c1"),
        disposed("sale", "c1"),
        missed("c2"),
        disposed("callback", "c3", callback_at=NOW),
        missed("c4"),
    )
    envelopes = await ran(site, *told)
    before = await everything(site)
    await rule_runner(site).apply(envelopes)
    assert await everything(site) == before
    async with site.work() as work:  # as if the mark had been lost: the log of runs still knows
        await work.run(update(outbox).values(done_at=None))
    await rule_runner(site).apply(envelopes[::-1])
    assert await everything(site) == before
    assert all(row["done_at"] == NOW for row in await rows(site, outbox))


async def test_many_runners_side_by_side_make_nothing_twice(site: Database) -> None:
    numbers = [f"+99890111{n:04}" for n in range(12)]
    told = [event for n in numbers for event in (ended(f"e{n}", n), missed(f"m{n}", n), missed(f"x{n}", n))]
    envelopes = await happened(site, *told)
    async with asyncio.TaskGroup() as group:
        for step in range(4):  # each has all events, in parts and orders of its own
            for start in range(0, len(envelopes), 9):
                part = envelopes[start : start + 9 + step]
                group.create_task(rule_runner(site).apply(part[:: -1 if step % 2 else 1]))
    assert sorted(row["name"] for row in await rows(site, contacts)) == numbers
    made = await everything(site)
    assert len(made["contacts"]) == len(made["deals"]) == len(made["tasks"]) == len(numbers)
    assert len(made["rule_runs"]) == len(told)


# --- running ------------------------------------------------------------------------------------------------
async def until_done(database: Database, wanted: int) -> None:
    """Wait until the rules have run for so many events."""
    async with asyncio.timeout(20):
        while sum(row["done_at"] is not None for row in await rows(database, outbox)) < wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_the_runner_hears_the_stream_and_catches_up_with_what_came_before_it(site: Database) -> None:
    await happened(site, missed("before"))
    stream = InProcessStream()
    runner = RuleRunner(site, stream, lambda: datetime.now(UTC))
    running = asyncio.create_task(runner.run())
    await until_done(site, 1)
    await stream.publish(await happened(site, missed("after", "+998907654321")))
    await until_done(site, 2)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert {row["call_id"] for row in await rows(site, tasks)} == {"before", "after"}


async def test_a_batch_waits_for_a_database_that_is_away_and_is_lost_by_nobody(
    site: Database, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened_database(f"sqlite:///{tmp_path}/empty.db") as away:  # no tables: Unavailable
        runner = RuleRunner(away, InProcessStream(), lambda: NOW)
        envelopes = await happened(site, missed())
        with pytest.raises(Unavailable):
            await runner.apply(envelopes)
        stream = InProcessStream()
        runner = RuleRunner(away, stream, lambda: NOW)
        caplog.set_level(logging.WARNING)
        running = asyncio.create_task(runner.run())
        async with stream.subscribe("rules"):
            await stream.publish(envelopes)
        async with asyncio.timeout(10):
            while not any(record.message == "rules wait" for record in caplog.records):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        monkeypatch.setattr(runner, "_database", site)  # it is back
        await until_done(site, 1)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert len(await rows(site, tasks)) == 1


async def test_an_event_of_a_newer_version_is_left_for_it_and_stops_nothing(
    site: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await happened(site, missed("c1"))
    async with site.work() as work:
        await work.upsert(outbox, [{"id": 500, "type": "Unheard", "payload": {}, "at": NOW}], ["id"])
        await work.upsert(outbox, [{"id": 501, "type": "LeadClosed", "payload": {"x": 1}, "at": NOW}], ["id"])
    runner = rule_runner(site)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await runner.sweep(tomorrow) == 1
    assert await runner.sweep(tomorrow) == 0
    assert [row["id"] for row in await rows(site, outbox) if row["done_at"] is None] == [500, 501]
    said = [r for r in caplog.records if r.message == "events of a kind this version does not know"]
    assert len(said) == 1


# --- rules that fail ----------------------------------------------------------------------------------------
async def add_rule(
    database: Database, name: str, kind: ActionKind, trigger: str = "CallMissed", **options: Any
) -> None:
    async with database.work() as work:
        await add_rules(work, [Rule(0, name, trigger, (), (RuleAction(kind, options),))])


async def test_a_rule_that_fails_is_recorded_and_stops_no_other(
    site: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await add_rule(site, "Gone stage", ActionKind.CREATE_DEAL, stage="Nowhere", title="x")
    await add_rule(site, "No text", ActionKind.ADD_NOTE)
    await add_rule(site, "Bad text", ActionKind.ADD_NOTE, text=7)
    await add_rule(site, "Fine", ActionKind.ADD_NOTE, text="seen")
    envelopes = await ran(site, missed("c1"), missed("c2", "+998907654321"))
    assert [row["text"] for row in await rows(site, notes)] == ["seen", "seen"]
    assert len(await rows(site, tasks)) == 2
    faults = [effect["error"] for effect in await effects(site) if "error" in effect]
    assert len(faults) == 6
    assert "there is no stage 'Nowhere'" in faults[0]
    failed = [r for r in caplog.records if r.message == "a rule failed"]
    assert {getattr(r, "event_id", None) for r in failed} == {envelope.id for envelope in envelopes}


async def test_an_agent_the_database_does_not_know_fails_that_event_alone(site: Database) -> None:
    await ran(site, ended("c1", agent_id=999), ended("c2", "+998907654321"))
    assert [row["call_id"] for row in await rows(site, deals)] == ["c2"]
    (fault,) = [effect["error"] for effect in await effects(site) if "error" in effect]
    assert STRANGER not in fault


async def test_a_row_that_is_no_rule_is_left_out_and_said(site: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with site.work() as work:
        row = {
            "name": "broken",
            "trigger": "CallMissed",
            "conditions": [{"nonsense": 1}],
            "actions": [],
            "enabled": True,
        }
        await work.upsert(rules, [row | {"position": 0}], ["name"])
    await ran(site, missed())
    assert len(await rows(site, tasks)) == 1
    assert any(getattr(r, "rule", "") == "rule 'broken'" for r in caplog.records)


# --- when servers are away ----------------------------------------------------------------------------------
class StreamThatIsAwayOnce(InProcessStream):
    """Unavailable at the first subscription, as Redis is while it starts."""

    was_away = False

    @asynccontextmanager
    async def subscribe(self, group: str) -> AsyncIterator[AsyncIterator[list[Envelope]]]:
        if not self.was_away:
            self.was_away = True
            raise Unavailable("not yet")
        async with super().subscribe(group) as batches:
            yield batches


async def test_a_stream_that_is_away_is_asked_again(site: Database) -> None:
    stream = StreamThatIsAwayOnce()
    running = asyncio.create_task(RuleRunner(site, stream, lambda: NOW).run())
    async with asyncio.timeout(10):
        while "rules" not in stream._groups:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await stream.publish(await happened(site, missed()))
    await until_done(site, 1)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert len(await rows(site, tasks)) == 1


@asynccontextmanager
async def opened_impatient(url: str) -> AsyncIterator[Database]:
    """A database of connections that wait 0.1 s for a lock and no longer."""
    async with opened_database(url) as opened:

        @listens_for(opened.engine.sync_engine, "connect")
        def _connect(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("SET lock_timeout = '100ms'")
            cursor.close()
            connection.commit()

        yield opened


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)  # SQLite has one writer: nobody to lose to
async def test_a_batch_that_loses_to_another_transaction_is_done_again_as_a_whole(
    site: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    campaign = await add_campaign(site)
    (lead,) = await lead_ids(site, campaign)
    told = AttemptEnded("a1", campaign.id, lead, 1, number_of(0), Outcome.BUSY, 3, NOW)
    await happened(site, missed(), told)
    async with opened_impatient(database_url) as impatient:
        async with site.work() as holder:
            await holder.run(update(campaign_leads).values(priority=1))  # the lead is held by somebody else
            running = asyncio.create_task(RuleRunner(impatient, InProcessStream(), lambda: datetime.now(UTC)).run())
            async with asyncio.timeout(10):
                while not any(record.message == "rules wait" for record in caplog.records):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert await rows(site, tasks) == []
        await until_done(site, 2)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert len(await rows(site, tasks)) == 1
    assert (await lead_row(site, campaign, lead)).close_reason == "unanswered"
