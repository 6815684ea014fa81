"""Hand-off: from the person's answer to both in the bridge, at five answers a second, through the whole service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select

from crm_core.db.engine import Database
from crm_core.db.tables import calls
from crm_core.domain.campaigns import Record
from pbx.control import down, up
from pbx.install import install
from pbx.site import PbxSite, kept_phones, network_site, pbx_site
from tests.asterisk.asterisk import opened_wire, reserved_ports, until
from tests.bench.meter import Meter, opened_meter
from tests.bench.rows import Row, at_most, figure, percentile
from tests.bench.site import KINDS, POLICY, Floor, Say, empty_database, staffed_floor

CALLS = 300
_PER_SECOND = 5.0
#: Each call takes its agent 1.5 s and the wrap-up's end is looked for twice a second: ten would do.
_PHONES = tuple(f"op{number}" for number in range(1, 25))
_WITHIN = 40.0  # seconds beyond what the calls take
#: People who answer after a second, speak, and are recorded from the hand-off on (see the network's dialplan).
_PEOPLE = "+9989011{:05}"
_RULES = replace(POLICY, lines_per_agent=1, record=Record.BRIDGED, max_lines=len(_PHONES))


async def measure(folder: Path, say: Say) -> list[Row]:
    """Both Asterisks, with sound; an agent is always free."""
    rows: list[Row] = []
    for kind in KINDS:
        say(f"hand-off: {CALLS} answers at {_PER_SECOND:g} a second on {kind}")
        home = folder / kind
        home.mkdir()
        async with (
            _running_pair(home) as pbx,
            empty_database(kind, home) as url,
            opened_meter(pbx) as meter,
            staffed_floor(pbx, _PHONES, url, home, CALLS * 2, _RULES, _PEOPLE) as floor,
        ):
            meter.agents_talk()
            rows += _rows(kind, await _hand_offs(floor, meter))
    return rows


@asynccontextmanager
async def _running_pair(folder: Path) -> AsyncIterator[PbxSite]:
    """The PBX and the simulated network, which also plays the agents' phones."""
    async with AsyncExitStack() as stack:
        ports = stack.enter_context(reserved_ports())
        asterisk = await asyncio.to_thread(install)
        phones = kept_phones(folder / "pbx", _PHONES)
        pbx = pbx_site(folder / "pbx", ports=ports.pbx, network_ports=ports.network, agi_port=ports.agi, phones=phones)
        network = network_site(folder / "network", ports=ports.network, pbx_ports=ports.pbx, phones=phones)
        stack.push_async_callback(asyncio.to_thread, down, pbx)
        await asyncio.to_thread(up, pbx, asterisk)
        wire = await stack.enter_async_context(opened_wire(pbx))
        stack.push_async_callback(asyncio.to_thread, down, network)
        await asyncio.to_thread(up, network, asterisk)
        await wire.registered(len(phones))
        yield pbx


async def _hand_offs(floor: Floor, meter: Meter) -> tuple[list[float], int]:
    """Milliseconds of each hand-off, and how many people were abandoned."""
    await floor.dial_at(_PER_SECOND)
    await floor.start()
    async with asyncio.timeout(CALLS / _PER_SECOND + _WITHIN):
        while sum(call.bridged is not None for call in meter.calls.values()) < CALLS:
            floor.service.check()
            await asyncio.sleep(0.2)
    await floor.pause()
    await until(lambda: not meter.open, _WITHIN)
    await until(lambda: _written(floor.database), _WITHIN)
    async with floor.database.reading() as work:
        answered = select(calls.c.answered_at, calls.c.bridged_at).where(
            calls.c.answered_at.is_not(None), calls.c.attempt_id.is_not(None)
        )
        rows = await work.all(answered)
    took = [(row.bridged_at - row.answered_at).total_seconds() * 1000 for row in rows if row.bridged_at is not None]
    return took, len(rows) - len(took)


async def _written(database: Database) -> bool:
    async with database.reading() as work:
        return not await work.scalar(select(func.count()).where(calls.c.ended_at.is_(None)))


def _rows(kind: str, measured: tuple[list[float], int]) -> list[Row]:
    took, abandoned = measured
    return [
        at_most(f"hand-off, answer to bridge, {kind}: p50", percentile(took, 0.5), "ms", 10),
        figure(f"hand-off, answer to bridge, {kind}: p95", percentile(took, 0.95), "ms"),
        at_most(f"hand-off, answer to bridge, {kind}: p99", percentile(took, 0.99), "ms", 50),
        figure(f"hand-off, {kind}: people measured", len(took), ""),
        figure(f"hand-off, {kind}: people without an agent", abandoned, ""),
    ]
