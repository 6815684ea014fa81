"""Memory of the whole service, Asterisk aside: idle, at 200 calls, and whether it grows over 10,000 calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.bench.meter import Meter, opened_meter
from tests.bench.rows import Row, at_most, figure
from tests.bench.site import Floor, Say, empty_database, staffed_floor
from tests.bench.switch import Switch, running_switch

TALKS = 200
_FIRST, _LAST = 1_000, 10_000
_TALKS_RATE, _RATE = 40.0, 100.0
_SETTLES = 5.0  # seconds of rest before memory is read
_WITHIN = 400.0


async def measure(folder: Path, say: Say) -> list[Row]:
    """On SQLite, where the database is in the process too."""
    async with (
        running_switch(folder, TALKS + 40) as switch,
        empty_database("sqlite", folder) as url,
        opened_meter(switch.site) as meter,
        staffed_floor(switch.site, switch.phones, url, folder, _LAST + TALKS + 500) as floor,
    ):
        await asyncio.sleep(_SETTLES)
        idle = floor.service.rss_mb
        say(f"memory: {TALKS} calls at once")
        talking = await _at_200_calls(switch, floor, meter)
        say(f"memory: {_LAST:,} calls")
        first, last = await _over_10_000_calls(switch, floor, meter)
    return [
        figure("memory of the service, idle", idle, "MB"),
        figure(f"memory of the service, {TALKS} calls bridged", talking, "MB"),
        figure(f"memory of the service, after {_FIRST:,} calls", first, "MB"),
        figure(f"memory of the service, after {_LAST:,} calls", last, "MB"),
        at_most(f"memory, growth from {_FIRST:,} to {_LAST:,} calls", (last - first) / first * 100, "%", 10),
    ]


async def _at_200_calls(switch: Switch, floor: Floor, meter: Meter) -> float:
    """Everybody answers and talks until 200 do; then all are hung up."""
    async with switch.network("phone.xml"):
        await floor.dial_at(_TALKS_RATE)
        await floor.start()
        await _until(floor, lambda: _bridged(meter) >= TALKS)
        await floor.pause()
        await asyncio.sleep(_SETTLES)
        talking = floor.service.rss_mb
        for channel in meter.open:
            meter.hang_up(channel)
        await _until(floor, lambda: not meter.open)
    return talking


async def _over_10_000_calls(switch: Switch, floor: Floor, meter: Meter) -> tuple[float, float]:
    """The usual mix as fast as it goes; memory after the first thousand and after all."""
    meter.agents_talk()
    async with switch.network():
        await floor.dial_at(_RATE)
        await floor.start()
        await _until(floor, lambda: _ended(meter) >= _FIRST)
        first = floor.service.rss_mb
        await _until(floor, lambda: _ended(meter) >= _LAST)
        last = floor.service.rss_mb
        await floor.pause()
        await _until(floor, lambda: not meter.open)
    return first, last


def _bridged(meter: Meter) -> int:
    return sum(call.bridged is not None and call.ended is None for call in meter.calls.values())


def _ended(meter: Meter) -> int:
    return sum(call.ended is not None for call in meter.calls.values())


async def _until(floor: Floor, fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(_WITHIN):
        while not fact():
            floor.service.check()
            await asyncio.sleep(0.25)
