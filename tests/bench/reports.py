"""Reports over a site of two years: 5,000,000 calls, 200,000 open deals and those that were closed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text

from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import users
from crm_core.demo.generator import generate
from crm_core.demo.made_people import Wanted as Made
from crm_core.domain.access import Actor, Role, actor_of
from crm_core.handlers.report_rollup import roll_up
from crm_core.handlers.reports import REPORTS, Wanted, report
from tests.bench.rows import Row, figure, percentile, under
from tests.bench.site import Say, empty_database

CONTACTS, DEALS, CALLS = 1_000_000, 200_000, 5_000_000
UNTIL = datetime(2026, 11, 20, 13, tzinfo=UTC)
_BOUND = 2_000  # ms
_TIMES = 3
_LAST_DAY = date(2026, 11, 19)
_SPANS = {"30 days": 30, "a year": 365}
#: States of agents as their calls bring them about: waiting, ringing, on the call, wrap-up.
_STATES = """
INSERT INTO agent_log (agent_id, state, campaign_id, call_id, at)
SELECT c.agent_id, s.state, c.campaign_id, c.id, s.at FROM calls AS c CROSS JOIN LATERAL (VALUES
  ('ringing', c.bridged_at - interval '3 s'), ('on_call', c.bridged_at),
  ('wrap_up', c.ended_at), ('available', c.ended_at + interval '20 s')) AS s (state, at)
WHERE c.agent_id IN (SELECT id FROM agents) AND c.bridged_at IS NOT NULL AND c.ended_at IS NOT NULL
"""


async def measure(folder: Path, say: Say) -> list[Row]:
    """Make the site, add its days up, ask for each report."""
    say(f"reports: {CALLS:,} calls, {DEALS:,} open deals on postgresql")
    async with empty_database("postgresql", folder) as url, opened_database(url, None) as database:
        await generate(Made(CONTACTS, DEALS, CALLS, 1, UNTIL), database, lambda *_: None)
        return await measure_on(database, say, f"of {CALLS:,} calls")


async def measure_on(database: Database, say: Say, of: str) -> list[Row]:
    """The rows of a site that `generate` has filled up to `UNTIL`."""
    async with database.work() as work:
        await work.run(text(_STATES))
    say("reports: adding days up")
    began, days = time.perf_counter(), 0
    while rolled := await roll_up(database, UNTIL, 100):
        days += rolled
    rows = [figure(f"days {of} added up, each", (time.perf_counter() - began) * 1000 / max(1, days), "ms")]
    async with database.single() as work:
        await work.run(text("VACUUM ANALYZE"))
    say("reports: asking")
    actors = await _actors(database)
    for name in REPORTS:
        for by_talks in (False, True) if name == "customers" else (False,):
            for span, length in _SPANS.items():
                if name == "survey":
                    continue  # of one campaign: measured where surveys are
                asked = Wanted(_LAST_DAY - timedelta(days=length - 1), _LAST_DAY, by_talks=by_talks)
                took = await _took(name, asked, actors, database)
                label = f"report {name}{' by talks' if by_talks else ''} over {span} {of}, p95"
                rows.append(under(label, percentile(took, 0.95), "ms", _BOUND))
    return rows


async def _actors(database: Database) -> list[Actor]:
    """Who sees everything, and the head of a team."""
    async with database.reading() as work:
        row = await work.first(select(users.c.id, users.c.team_id).where(users.c.role == Role.HEAD.value))
    if row is None:
        raise RuntimeError("the site has no head of a team")
    return [actor_of(0, "bench", Role.MANAGER), actor_of(row.id, "bench", Role.HEAD, team_id=row.team_id)]


async def _took(name: str, asked: Wanted, actors: Sequence[Actor], database: Database) -> list[float]:
    found = []
    for turn in range(_TIMES):
        for actor in actors:
            wanted = replace(asked, since=(asked.since or _LAST_DAY) - timedelta(days=turn))  # never the very same
            began = time.perf_counter()
            shown = await report(name, actor, wanted, database, UNTIL)
            found.append((time.perf_counter() - began) * 1000)
            if actor.role is Role.MANAGER and name != "plans" and not any(table.rows for table in shown.tables):
                raise RuntimeError(f"{name}: the report of a full site is empty")
    return found
