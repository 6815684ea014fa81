"""What is seen from outside: alive, ready or not and why, and the figures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, text

from crm_core.db.campaigns import add_campaign, add_counts, campaign_scope, put_trunk, set_state
from crm_core.db.engine import Database, opened_database
from crm_core.db.migrate import newest
from crm_core.db.tables import agents, attempts, calls, cdrs, contacts, leads, lists, outbox, users
from crm_core.domain.campaigns import CampaignPolicy, CampaignState, Trunk
from crm_core.errors import BadSetting
from crm_core.web.app import Health, make_app, run_web
from crm_core.web.keys import Workplace
from tests.servers import free_port

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def _now() -> datetime:
    return NOW


@asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[str]:
    """`run_web` on a free port, stopped afterwards as a service is: by cancelling it."""
    port = free_port()
    serving = asyncio.create_task(run_web(app, "127.0.0.1", port))
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(20):
            while not await _answers(port):
                assert not serving.done(), serving.exception()
        yield url
    finally:
        serving.cancel()
        async with asyncio.timeout(20):
            with pytest.raises(asyncio.CancelledError):
                await serving
    assert not await _answers(port)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _app(health: Health) -> web.Application:
    return make_app(health, Workplace(health.database, health.now, Path(), Path()))


async def _ask(health: Health, path: str) -> tuple[int, str]:
    async with _served(_app(health)) as url, ClientSession() as client, client.get(url + path) as answer:
        return answer.status, await answer.text()


async def _missing(health: Health) -> list[dict[str, str]]:
    status, body = await _ask(health, "/readyz")
    answer = json.loads(body)
    assert (status, answer["ready"]) == ((200, True) if not answer["not_ready"] else (503, False))
    missing: list[dict[str, str]] = answer["not_ready"]
    assert all(one["why"] and one["do"] for one in missing)
    return missing


async def _samples(health: Health) -> dict[str, float]:
    status, body = await _ask(health, "/metrics")
    assert status == 200
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


async def test_a_process_that_answers_is_alive(database: Database) -> None:
    assert await _ask(Health(database, _now), "/healthz") == (200, '{"alive": true}')


async def test_a_migrated_database_is_enough_without_the_role_pbx(database: Database) -> None:
    assert await _missing(Health(database, _now)) == []


async def test_an_old_schema_is_not_ready_and_says_what_to_do(database: Database) -> None:
    await _set_revision(database, "0000")
    try:
        (missing,) = await _missing(Health(database, _now))
    finally:
        await _set_revision(database, newest())
    assert missing["what"] == "database"
    assert "trunkline db upgrade" in missing["do"]


async def _set_revision(database: Database, revision: str) -> None:
    async with database.work() as work:
        await work.run(text("UPDATE alembic_version SET version_num = :revision").bindparams(revision=revision))


async def test_a_database_that_has_gone_is_not_ready_and_the_process_still_answers() -> None:
    async with opened_database(f"postgresql://trunkline@127.0.0.1:{free_port()}/none") as gone:
        health = Health(gone, _now, lambda: timedelta(seconds=1))
        (missing,) = await _missing(health)
        assert missing["what"] == "database"
        assert "DATABASE_URL" in missing["do"]
        samples = await _samples(health)
        assert (samples["trunkline_database_up"], samples["trunkline_link_up"]) == (0, 1)
        assert "trunkline_open_calls" not in samples
        assert (await _ask(health, "/healthz"))[0] == 200


@pytest.mark.parametrize(("age", "ready"), [(timedelta(0), True), (timedelta(minutes=1), True), (None, False)])
async def test_with_the_role_pbx_the_link_must_be_up(
    seeded_database: Database, age: timedelta | None, ready: bool
) -> None:
    missing = await _missing(Health(seeded_database, _now, lambda: age))
    assert [one["what"] for one in missing] == ([] if ready else ["switch"])
    assert ready or "pbx status" in missing[0]["do"]


@pytest.mark.parametrize(("seconds", "ready"), [(29, True), (31, False)])
async def test_a_relay_that_is_far_behind_is_not_ready(database: Database, seconds: int, ready: bool) -> None:
    async with database.work() as work:
        row = {"type": "LeadClosed", "payload": {}, "at": NOW - timedelta(seconds=seconds)}
        await work.run(insert(outbox).values(row))
    missing = await _missing(Health(database, _now))
    assert [one["what"] for one in missing] == ([] if ready else ["relay"])


async def test_an_empty_service_shows_zeros(database: Database) -> None:
    samples = await _samples(Health(database, _now))
    names = ("open_calls", "leases", "dialing_rate", "unmatched_cdrs", "outbox_lag_seconds", "attempts_total[dialed]")
    assert {name: samples[f"trunkline_{name}"] for name in names} == dict.fromkeys(names, 0)
    assert samples["trunkline_agents[available]"] == 0
    assert "trunkline_link_up" not in samples  # this process has none
    assert samples["process_resident_memory_bytes"] > 0


async def test_the_figures_are_those_of_the_database_and_of_this_process(database: Database) -> None:
    await _fill(database)
    samples = await _samples(Health(database, _now, lambda: timedelta(seconds=2), lambda: {"sent": 7, "refused": 1}))
    expected = {
        "link_up": 1,
        "link_age_seconds": 2,
        "originates_total[sent]": 7,
        "originates_total[refused]": 1,
        "open_calls": 1,
        "leases": 2,
        "leases_expired": 1,
        "lines[carrier]": 2,
        "lines[spare]": 0,
        "lines_limit[carrier]": 30,
        "agents[available]": 1,
        "agents[paused]": 1,
        "agents[on_call]": 0,
        "attempts_total[dialed]": 12,
        "attempts_total[people]": 5,
        "attempts_total[abandoned]": 1,
        "attempts_total[machines]": 0,
        "dialing_rate": 2 / 60,
        "running_campaigns": 1,
        "unmatched_cdrs": 1,
        "outbox_unpublished_rows": 1,
        "outbox_undone_rows": 2,
        "outbox_lag_seconds": 5,
    }
    assert {name: samples[f"trunkline_{name}"] for name in expected} == pytest.approx(expected)


async def _fill(database: Database) -> None:
    async with database.work() as work:
        campaign_id = await add_campaign(work, "autumn", CampaignPolicy("carrier"), NOW)
        await set_state(work, campaign_id, CampaignState.RUNNING)
        for name in ("carrier", "spare"):
            await put_trunk(work, Trunk(name, name))
        counts = {"dialed": 12, "people": 5, "abandoned": 1}
        await add_counts(work, {(campaign_scope(campaign_id), "2026-11-22"): counts, ("trunk:carrier", "x"): counts})
        await work.run(insert(users), [_row(id=n, name=f"u{n}", role="agent", active=True) for n in (1, 2)])
        for n, state in ((1, "available"), (2, "paused")):
            await work.run(insert(agents).values(id=n, phone=f"p{n}", hand_off="parked", state=state, since=NOW))
        await work.run(insert(contacts).values(_row(id=1, name="Anna", fields={})))
        await work.run(insert(lists).values(_row(id=1, name="l", source="s", counts={})))
        await work.run(insert(leads).values(id=1, list_id=1, contact_id=1, fields={}))
        await work.run(insert(attempts), [_attempt(campaign_id, n) for n in range(3)])
        for n, ended_at in ((1, NOW), (2, None)):
            await work.run(insert(calls).values(id=f"c{n}", node="pbx", direction="outgoing", ended_at=ended_at))
            cdr = {"node": "pbx", "uniqueid": f"c{n}", "sequence": 1, "linkedid": f"c{n}", "disposition": "ANSWERED"}
            await work.run(
                insert(cdrs).values(cdr | {"started_at": NOW, "ended_at": NOW, "call_id": "c1" if n == 1 else None})
            )
        for age, published_at in ((5, None), (100, NOW)):
            row = {
                "type": "LeadClosed",
                "payload": {},
                "at": NOW - timedelta(seconds=age),
                "published_at": published_at,
            }
            await work.run(insert(outbox).values(row))


def _row(**values: Any) -> dict[str, Any]:
    return values | {"created_at": NOW}


def _attempt(campaign_id: int, number: int) -> dict[str, Any]:
    """0: open; 1: open, its lease has run out; 2: ended, an hour ago."""
    ended = number == 2
    return {
        "id": f"a{number}",
        "campaign_id": campaign_id,
        "lead_id": 1,
        "number": "+998901234567",
        "trunk": "carrier",
        "caller_id": "+998711234567",
        "created_at": NOW - (timedelta(hours=1) if ended else timedelta(seconds=30)),
        "leased_until": NOW + timedelta(seconds=60 if number == 0 else -1),
        "ended_at": NOW if ended else None,
    }


async def test_a_port_that_is_taken_is_a_bad_setting(database: Database) -> None:
    health = Health(database, _now)
    async with _served(_app(health)) as url:
        with pytest.raises(BadSetting, match="WEB_PORT"):
            await run_web(_app(health), "127.0.0.1", int(url.rpartition(":")[2]))
