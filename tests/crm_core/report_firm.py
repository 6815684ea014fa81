"""A firm small enough to reckon by hand: two teams, a week of calls, seven deals.

Times are the firm's own (Asia/Tashkent, five hours ahead of UTC). North: Ann, Ben; South: Cid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update

from crm_core.db.engine import Database
from crm_core.db.tables import (
    agent_log,
    agents,
    calls,
    campaign_teams,
    campaigns,
    deal_stages,
    deals,
    stages,
    teams,
    users,
)
from crm_core.domain.access import Actor, Role, actor_of
from tests.crm_core.crm import add_contact

ZONE = ZoneInfo("Asia/Tashkent")
#: A Friday evening.
NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """An instant of November 2026 by the firm's clock."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=ZONE)


@dataclass(frozen=True, slots=True)
class Firm:
    """Ids by name."""

    north: int
    south: int
    ann: int
    ben: int
    cid: int
    spring: int
    autumn: int
    stages: dict[str, int]
    people: dict[str, int]

    @property
    def manager(self) -> Actor:
        return actor_of(1000, "Meg", Role.MANAGER)

    def head(self, team_id: int) -> Actor:
        return actor_of(self.ann if team_id == self.north else self.cid, "head", Role.HEAD, team_id=team_id)


async def make_firm(database: Database) -> Firm:
    """Fill an installed database (`site`)."""
    async with database.work() as work:

        async def add(table: Any, **values: Any) -> int:
            return int(await work.scalar(insert(table).values(**values).returning(table.c.id)))

        north = await add(teams, name="North", created_at=NOW)
        south = await add(teams, name="South", created_at=NOW)
        who = {}
        for name, team in (("Ann", north), ("Ben", north), ("Cid", south)):
            who[name] = await add(users, name=name, role="seller", created_at=NOW, team_id=team)
            told = {"phone": name.lower(), "hand_off": "ring", "state": "logged_out", "since": NOW}
            await work.run(insert(agents).values(id=who[name], **told))
        spring = await add(campaigns, name="Spring", state="running", policy={}, created_at=NOW)
        autumn = await add(campaigns, name="Autumn", state="running", policy={}, created_at=NOW)
        await work.run(insert(campaign_teams).values(campaign_id=spring, team_id=north))
        await work.run(insert(campaign_teams).values(campaign_id=autumn, team_id=south))
        stage_ids = {row.name: row.id for row in await work.all(select(stages.c.name, stages.c.id))}
        await work.run(update(stages).where(stages.c.name == "Offer sent").values(stuck_after_days=2))
    people = {name: await add_contact(database, name) for name in ("Pia", "Quin", "Rob")}
    firm = Firm(north, south, who["Ann"], who["Ben"], who["Cid"], spring, autumn, stage_ids, people)
    await _call(database, firm)
    await _sell(database, firm)
    await _work(database, firm)
    return firm


async def _call(database: Database, firm: Firm) -> None:
    """Monday the 16th and Tuesday the 17th: eight calls out, one in."""

    def call(number: int, began: datetime, **values: Any) -> dict[str, Any]:
        told: dict[str, Any] = {
            "direction": "outgoing",
            "campaign_id": firm.spring,
            "contact_id": None,
            "agent_id": None,
            "bridged_at": None,
            "disposition": None,
            "outcome": "no_answer",
        }
        row = {"id": f"call-{number}", "started_at": began, "ended_at": began + timedelta(seconds=30)}
        return row | told | values

    def talk(number: int, began: datetime, agent: int, person: str, seconds: int, **values: Any) -> dict[str, Any]:
        bridged = began + timedelta(seconds=10)
        told = {"agent_id": agent, "contact_id": firm.people[person], "bridged_at": bridged, "outcome": "answered"}
        return call(number, began, ended_at=bridged + timedelta(seconds=seconds), **(told | values))

    rows = [
        talk(1, at(16, 10), firm.ann, "Pia", 60, disposition="sale"),
        talk(2, at(16, 10, 30), firm.ann, "Quin", 120, disposition="callback"),
        call(3, at(16, 10, 45)),
        call(4, at(16, 11), outcome="abandoned"),
        talk(5, at(17, 0, 10), firm.cid, "Pia", 200, campaign_id=firm.autumn, disposition="sale"),  # UTC: still Monday
        call(6, at(17, 10), outcome="busy", campaign_id=firm.autumn),
        call(7, at(17, 10), outcome="machine"),
        talk(8, at(17, 23, 50), firm.ben, "Rob", 20, disposition="not_interested"),  # ends on Tuesday, too
        talk(9, at(17, 12), firm.ben, "Pia", 300, campaign_id=None, direction="incoming"),
    ]
    async with database.work() as work:
        await work.run(insert(calls), rows)


async def _sell(database: Database, firm: Firm) -> None:
    """Seven deals made in the week of the 16th; what each went through, with the instants it came there."""
    ways: list[tuple[int, int | None, str | None, int | None, str, str | None, list[tuple[str, datetime]]]] = [
        # owner, sum, currency, call, contact, reason, way
        (firm.ann, 1000, "USD", 1, "Pia", None, [("New", at(16, 10)), ("Offer sent", at(17, 10)), ("Won", at(18, 10))]),
        (
            firm.ann,
            500,
            "USD",
            2,
            "Quin",
            "price",
            [("New", at(16, 11)), ("Offer sent", at(16, 23)), ("Lost", at(19, 11))],
        ),
        (firm.ben, 200, "USD", None, "Quin", None, [("New", at(16, 12)), ("Won", at(20, 12))]),
        (firm.ben, None, None, 8, "Rob", "", [("Unsorted", at(17, 9)), ("Lost", at(17, 10))]),
        (
            firm.cid,
            9_000_000,
            "UZS",
            5,
            "Pia",
            None,
            [("Unsorted", at(17, 9)), ("New", at(17, 12)), ("Offer sent", at(17, 13))],
        ),
        (firm.cid, 100, "USD", None, "Rob", None, [("New", at(18, 9)), ("Agreed", at(19, 9)), ("New", at(20, 9))]),
        (firm.cid, 700, "USD", None, "Rob", "price", [("New", at(18, 9)), ("Lost", at(19, 9))]),
    ]
    async with database.work() as work:
        for owner, amount, currency, call, person, reason, way in ways:
            last, moved = way[-1]
            values = {
                "title": "Deal",
                "pipeline_id": 1,
                "stage_id": firm.stages[last],
                "contact_id": firm.people[person],
                "owner_id": owner,
                "amount": None if amount is None else Decimal(amount),
                "currency": currency,
                "call_id": None if call is None else f"call-{call}",
                "created_at": way[0][1],
                "moved_at": moved,
                "closed_at": moved if last in ("Won", "Lost") else None,
                "lost_reason": reason,
            }
            deal_id = int(await work.scalar(insert(deals).values(values).returning(deals.c.id)))
            for stage, came in way:
                await work.run(
                    insert(deal_stages).values(deal_id=deal_id, stage_id=firm.stages[stage], by="test", at=came)
                )


async def _work(database: Database, firm: Firm) -> None:
    """Ann on Monday, over midnight into Tuesday; Cid on Tuesday and still there."""
    moves: list[tuple[int, str, str | None, datetime]] = [
        (firm.ann, "connecting", None, at(16, 9, 59)),
        (firm.ann, "available", None, at(16, 10)),
        (firm.ann, "ringing", None, at(16, 10, 10)),
        (firm.ann, "on_call", None, at(16, 10, 11)),
        (firm.ann, "wrap_up", None, at(16, 10, 31)),
        (firm.ann, "paused", "lunch", at(16, 10, 40)),
        (firm.ann, "available", None, at(16, 11, 40)),
        (firm.ann, "on_call", None, at(16, 23, 50)),
        (firm.ann, "logged_out", None, at(17, 0, 20)),
        (firm.cid, "available", None, at(20, 17, 0)),
    ]
    async with database.work() as work:
        rows = [{"agent_id": a, "state": s, "reason": r, "campaign_id": firm.spring, "at": t} for a, s, r, t in moves]
        await work.run(insert(agent_log), rows)
