"""A small firm to test the CRM in: people with numbers, events as the core writes them, rules that have run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, select

from crm_core.commands import CreateContact
from crm_core.db.engine import Database
from crm_core.db.rule_book import undone_events
from crm_core.db.tables import calls, outbox, rule_runs, users
from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import Direction
from crm_core.events import CallBridged, CallEnded, CallMissed, Envelope, Event, LeadDisposed
from crm_core.handlers.automation import RuleRunner
from crm_core.handlers.contacts import create_contact
from crm_core.streams import InProcessStream

#: A Wednesday, 12:00 in Tashkent.
NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)
#: Of a number nobody has.
STRANGER = "+998901112233"


async def add_user(database: Database, name: str) -> int:
    async with database.work() as work:
        row = {"name": name, "role": "agent", "created_at": NOW}
        return int(await work.scalar(insert(users).values(row).returning(users.c.id)))


async def add_contact(database: Database, name: str, *numbers: str, owner_id: int | None = None) -> int:
    return await create_contact(CreateContact(name, numbers, owner_id=owner_id), database, NOW)


async def add_call(database: Database, call_id: str, **values: Any) -> None:
    async with database.work() as work:
        await work.run(insert(calls).values(id=call_id, **values))


async def rows(database: Database, table: Table) -> list[dict[str, Any]]:
    """All rows of a table in order of their keys."""
    async with database.reading() as work:
        return [dict(r._mapping) for r in await work.all(select(table).order_by(*table.primary_key.columns))]


async def happened(database: Database, *events: Event) -> list[Envelope]:
    """Commit events; returns them as the stream would carry them."""
    async with database.work() as work:
        last = max([r.id for r in await work.all(select(outbox.c.id))], default=0)
        for event in events:
            work.publish(event)
    async with database.reading() as work:
        found, _ = await undone_events(work, datetime.max.replace(tzinfo=UTC), last, len(events) + 1)
    assert [envelope.event for envelope in found] == list(events)
    return found


def rule_runner(database: Database, now: datetime = NOW) -> RuleRunner:
    return RuleRunner(database, InProcessStream(), lambda: now)


async def ran(database: Database, *events: Event) -> list[Envelope]:
    """Commit events and run the rules for them."""
    envelopes = await happened(database, *events)
    await rule_runner(database).apply(envelopes)
    return envelopes


async def effects(database: Database) -> list[dict[str, Any]]:
    """What the rules did, in order of events; runs that did nothing left out."""
    found: Sequence[dict[str, Any]] = await rows(database, rule_runs)
    in_order = sorted(found, key=lambda row: (row["event_id"], row["rule_id"]))
    return [row["effects"] for row in in_order if row["effects"]]


def ended(call_id: str = "c1", number: str | None = STRANGER, **values: Any) -> CallEnded:
    """An incoming call that somebody took, from a number not known."""
    told: dict[str, Any] = {
        "direction": Direction.INCOMING,
        "known": False,
        "outcome": Outcome.ANSWERED,
        "agent_id": None,
        "contact_id": None,
        "campaign_id": None,
        "bridged": True,
        "at": NOW,
    }
    return CallEnded(call_id=call_id, number=number, **(told | values))


def missed(call_id: str = "c1", number: str | None = STRANGER, at: datetime = NOW) -> CallMissed:
    return CallMissed(call_id, number, None, after_hours=False, at=at)


def bridged(call_id: str = "c2", number: str = STRANGER, agent_id: int | None = None, **values: Any) -> CallBridged:
    at = values.get("at", NOW + timedelta(minutes=5))
    return CallBridged(call_id, Direction.OUTGOING, number, agent_id, None, None, at)


def disposed(disposition: str, call_id: str = "c1", number: str | None = STRANGER, **values: Any) -> LeadDisposed:
    told: dict[str, Any] = {
        "attempt_id": None,
        "lead_id": None,
        "campaign_id": None,
        "contact_id": None,
        "agent_id": None,
        "callback_at": None,
        "note": "",
        "at": NOW,
    }
    return LeadDisposed(call_id=call_id, number=number, disposition=disposition, **(told | values))
