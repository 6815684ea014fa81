"""Dialing rate: the whole service against a bare originate loop, on the same Asterisk to the same SIPp."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.bare import bare_loop
from tests.bench.meter import TALK_SECONDS, WARM_UP, Meter, Window, opened_meter
from tests.bench.rows import Row, at_least, figure
from tests.bench.site import KINDS, Floor, Say, empty_database, staffed_floor
from tests.bench.switch import Switch, running_switch

#: Parked legs: enough for everybody who answers at the highest rate.
AGENTS, LEADS = 240, 40_000
_SECONDS = 6.0
_BARE_RATES = (50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0)
_WHOLE_RATES = (50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 350.0, 400.0, 450.0, 500.0)
#: Rates at which whole and bare are compared beside the highest.
_COMPARED = (50.0, 100.0, 200.0)
#: The dialer looks at trunks and campaigns once a second.
_NOTICED = 1.2


@dataclass(frozen=True, slots=True)
class Run:
    """What was asked, what came of it, and milliseconds of CPU per call of the service (0: the bare loop), Asterisk."""

    asked: float
    window: Window
    service_ms: float
    switch_ms: float

    @property
    def holds(self) -> bool:
        return self.window.holds(self.asked)


async def measure(folder: Path, say: Say) -> list[Row]:
    """First the bare loop at rising rates, then the service on each database."""
    rows: list[Row] = []
    async with running_switch(folder / "bare", AGENTS) as switch, switch.network():
        bare = await _bare(switch, say)
    highest = max((run.asked for run in bare.values() if run.holds), default=min(bare))
    rows.append(figure("bare loop, highest rate held", bare[highest].window.per_second, "calls/s"))
    rows.append(figure("bare loop, CPU of Asterisk per call", bare[highest].switch_ms, "ms"))
    for kind in KINDS:
        home = folder / kind
        async with (  # the same Asterisk, started afresh: no legs and no call records of the run before
            running_switch(home, AGENTS) as switch,
            switch.network(),
            empty_database(kind, home) as url,
            opened_meter(switch.site) as meter,  # to the very end: agents hang up while the service stops
            staffed_floor(switch.site, switch.phones, url, home, LEADS) as floor,
        ):
            say(f"dialing rate: whole service on {kind}")
            whole = await _whole(switch, floor, meter, highest, say)
        rows += _rows(kind, bare, whole, highest)
    return rows


async def _bare(switch: Switch, say: Say) -> dict[float, Run]:
    """By rate, up to the first that is missed twice."""
    runs: dict[float, Run] = {}
    for rate in _BARE_RATES:
        for _ in range(2):
            say(f"dialing rate: bare loop, {rate:g} calls a second")
            async with opened_meter(switch.site) as meter:
                before = _cpu(switch.pid)
                window = await bare_loop(meter, rate, _SECONDS)
                calls = max(1, len(meter.calls))
                runs[rate] = Run(rate, window, 0.0, (_cpu(switch.pid) - before) / calls * 1000)
            if runs[rate].holds:
                break
        if not runs[rate].holds:
            break
    return runs


async def _whole(switch: Switch, floor: Floor, meter: Meter, highest: float, say: Say) -> dict[float, Run]:
    """By rate, up to the first that is missed twice; and the highest rate of the bare loop."""
    meter.agents_talk()
    runs: dict[float, Run] = {}
    await floor.start()
    for rate in _WHOLE_RATES:
        for _ in range(2):
            say(f"dialing rate: whole service, {rate:g} calls a second")
            runs[rate] = await _dialed(switch, floor, meter, rate)
            if runs[rate].holds:
                break
        if not runs[rate].holds:
            break
    for rate in {highest, *_COMPARED} - runs.keys():
        say(f"dialing rate: whole service, {rate:g} calls a second")
        runs[rate] = await _dialed(switch, floor, meter, rate)
    await floor.pause()
    return runs


async def _dialed(switch: Switch, floor: Floor, meter: Meter, rate: float) -> Run:
    await floor.dial_at(rate)
    await asyncio.sleep(_NOTICED + TALK_SECONDS + WARM_UP)
    since, service, asterisk = time.time(), floor.service.cpu_seconds, _cpu(switch.pid)
    await asyncio.sleep(_SECONDS)
    floor.service.check()
    window = meter.window(since, time.time())
    calls = max(1, window.ended)
    service_ms = (floor.service.cpu_seconds - service) / calls * 1000
    return Run(rate, window, service_ms, (_cpu(switch.pid) - asterisk) / calls * 1000)


def _rows(kind: str, bare: dict[float, Run], whole: dict[float, Run], highest: float) -> list[Row]:
    held = max((run for run in whole.values() if run.holds), key=lambda run: run.asked, default=None)
    best = held or max(whole.values(), key=lambda run: run.window.per_second)
    rows = [
        at_least(f"dialing, {kind}: whole ÷ bare at the bare loop's highest", _ratio(whole, bare, highest), "", 0.9)
    ]
    for rate in sorted(bare.keys() & set(_COMPARED)):
        rows.append(at_least(f"dialing, {kind}: whole ÷ bare at {rate:g} calls/s", _ratio(whole, bare, rate), "", 0.9))
    most = max(run.window.per_second for run in whole.values())
    people = best.window.bridged / max(1, best.window.answered)
    return [
        *rows,
        figure(f"dialing, {kind}: highest rate held", held.window.per_second if held else 0.0, "calls/s"),
        figure(f"dialing, {kind}: most calls seen", most, "calls/s"),
        figure(f"dialing, {kind}: CPU of the service per call", best.service_ms, "ms"),
        figure(f"dialing, {kind}: CPU of Asterisk per call", best.switch_ms, "ms"),
        figure(f"dialing, {kind}: people bridged, of those who answered", people, ""),
    ]


def _ratio(whole: dict[float, Run], bare: dict[float, Run], rate: float) -> float:
    return whole[rate].window.per_second / max(bare[rate].window.per_second, 1e-9)


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
