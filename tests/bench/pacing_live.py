"""Predictive dialing on the real Asterisk against the simulator's forecast of the same world: twenty operators."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import agent_log, attempts
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.domain.campaigns import CampaignPolicy, DialMode, LawName, Record, RetryPolicy, Window
from crm_core.handlers.agents import add_agent, every_agent, log_in
from crm_core.handlers.campaigns import create_campaign, put_trunk
from crm_core.handlers.imports import ImportLeads, import_leads
from crm_core.handlers.rules import install_defaults
from dialer.simulate import Setting, Summary, simulate
from dialer.simulate_world import Answers, Work, World
from tests.asterisk.asterisk import Pair, Wire, opened_wire, running_pair
from tests.bench.rows import Row, at_most, figure
from tests.bench.site import CAMPAIGN, NETWORK, Floor, Say, empty_database, now, running_service

OPERATORS, SHIFT = 20, timedelta(minutes=10)
_SEEDS = range(40)
#: Leads enough for the shift, in random order: one of ten is out of service, three of ten others answer after 2 to 9
#: seconds.
_LEADS, _ANSWERS, _FAILED = 6000, 0.30, 0.10
_RINGS, _RING_OUT = (2, 9), timedelta(seconds=25)
_WRAP_UP = timedelta(seconds=8)
#: The network's people hang up after a minute, so talks are short: lognormal, 30 s in the middle, 55 s at most.
_TALK_MIDDLE, _TALK_SIGMA, _TALK_MOST = 3.4, 0.4, 55.0
_LOOK = 0.1  # seconds between two looks at who talks
_PARKED_WITHIN = 60.0
_FIRM = ZoneInfo("Asia/Tashkent")  # where leads and firm are


@dataclass(frozen=True, slots=True)
class Shift:
    """What came of the shift: shares 0…1, and how many people answered, were abandoned, lines dialed and given up."""

    occupancy: float
    people: int
    abandoned: int
    dials: int
    given_up: int

    @property
    def abandoned_share(self) -> float:
        return self.abandoned / self.people if self.people else 0.0


async def measure(folder: Path, say: Say) -> list[Row]:
    """The shift as it was, beside 40 simulated ones of the same world."""
    random = Random(20)
    talks = [_talk(random) for _ in range(2000)]
    say(f"pacing: {OPERATORS} operators on Asterisk for {SHIFT}")
    home = folder / "pacing"
    home.mkdir()
    names = tuple(f"op{number}" for number in range(1, OPERATORS + 1))
    async with running_pair(home, names=names) as pair, empty_database("postgresql", home) as url:
        shift = await _worked(pair, url, home, names, random, talks)
    say(f"pacing: the same shift, simulated {len(_SEEDS)} times")
    forecast = await asyncio.to_thread(simulate, world_of(talks), "ours", _SEEDS, Setting(_policy(now())))
    return _rows(shift, forecast)


def world_of(talks: Sequence[float]) -> World:
    """The simulator's picture of it."""
    answers = Answers(
        steps=((0.0, _ANSWERS),),
        failed=_FAILED,
        rings=(_RINGS[0] - 0.5, _RINGS[1] + 0.5),
        ring_out=_RING_OUT.total_seconds(),
    )
    work = Work(talk_samples=tuple(talks), wrap_up=_WRAP_UP.total_seconds())
    return World(OPERATORS, SHIFT.total_seconds() / 3600, answers, work)


def _policy(begins: datetime) -> CampaignPolicy:
    """People may be called until the shift is over, so that both reckon with the same rest of the day."""
    closes = (begins + SHIFT).astimezone(_FIRM)
    if closes.date() != begins.astimezone(_FIRM).date():
        raise RuntimeError("the shift would last beyond midnight in Tashkent: measure it a little later")
    return CampaignPolicy(
        NETWORK.name,
        DialMode.PREDICTIVE,
        law=LawName.FCC,
        max_occupancy=1.0,
        max_lines_per_agent=10.0,
        max_lines=1000,
        calls_per_second=100.0,
        ring_for=_RING_OUT,
        windows=(Window(frozenset(range(7)), time(0), closes.time().replace(microsecond=0)),),
        retry=RetryPolicy(max_attempts=1, after={}),
        record=Record.NEVER,
        wrap_up=_WRAP_UP,
    )


def _talk(random: Random) -> float:
    return min(_TALK_MOST, random.lognormvariate(_TALK_MIDDLE, _TALK_SIGMA))


def _number(place: int, random: Random) -> str:
    """Of somebody on the simulated network: +998 90 and the kind of callee, the seconds it rings, four digits more."""
    if random.random() < _FAILED:
        kind, rings = 4, 0
    elif random.random() < _ANSWERS:
        kind, rings = 1, random.randint(*_RINGS)
    else:
        kind, rings = 3, 0
    return f"+99890{kind}{rings}{place:05}"


async def _worked(
    pair: Pair, url: str, home: Path, names: Sequence[str], random: Random, talks: Sequence[float]
) -> Shift:
    async with opened_database(url) as database:
        await install_defaults(database)
        await put_trunk(database, NETWORK)
        file = home / "leads.csv"
        file.write_text("name,phone\n" + "".join(f"Lead {n},{_number(n, random)}\n" for n in range(_LEADS)))
        await import_leads(ImportLeads(file, CAMPAIGN, "UZ"), database, now())
        await create_campaign(database, CAMPAIGN, _policy(now()), [CAMPAIGN], now())
        for name in names:
            await add_agent(database, name, name, now(), hand_off=HandOffMode.PARKED)
            await log_in(database, name, CAMPAIGN, now())
        async with running_service(pair.pbx, url, home) as service, opened_wire(pair.pbx) as wire:
            floor = Floor(database, service)
            async with asyncio.timeout(_PARKED_WITHIN):
                while any(one.state is not AgentState.AVAILABLE for one in await every_agent(database)):
                    service.check()
                    await asyncio.sleep(0.2)
            began = now()
            await floor.policy(_policy(began))
            await floor.start()
            await _talked(floor, wire, began + SHIFT, random, talks)
            ended = now()
            await floor.pause()
            return await _shift(database, began, ended)


async def _talked(floor: Floor, wire: Wire, until: datetime, random: Random, talks: Sequence[float]) -> None:
    """People hang up after their time."""
    ends: dict[str, float] = {}
    told: set[str] = set()
    while (at := now()) < until:
        floor.service.check()
        for agent in await every_agent(floor.database):
            if agent.state is not AgentState.ON_CALL or agent.call_id is None or agent.call_id in told:
                continue
            if (at - agent.since).total_seconds() >= ends.setdefault(agent.call_id, random.choice(talks)):
                told.add(agent.call_id)
                await wire.send("Hangup", Channel=agent.call_id)
        await asyncio.sleep(_LOOK)


async def _shift(database: Database, began: datetime, ended: datetime) -> Shift:
    async with database.reading() as work:
        changes = await work.all(select(agent_log).order_by(agent_log.c.id))
        tried = await work.all(select(attempts).where(attempts.c.created_at <= ended))
    people = await every_agent(database)
    if any(row.state == AgentState.LOGGED_OUT.value and began < row.at <= ended for row in changes):
        raise RuntimeError("Asterisk refused calls, as above its maxload (16): measure it on a quieter machine")
    steps = [[(row.at, row.state) for row in changes if row.agent_id == agent.id] for agent in people]
    busy = sum(_busy(of_one, began, ended) for of_one in steps)
    answered = [row for row in tried if row.answered_at is not None and row.answered_at <= ended]
    return Shift(
        busy / (len(people) * (ended - began).total_seconds()),
        len(answered),
        sum(row.outcome == "abandoned" for row in answered),
        len(tried),
        sum(row.given_up_at is not None for row in tried),
    )


def _busy(steps: Sequence[tuple[datetime, str]], began: datetime, ended: datetime) -> float:
    """Seconds of talk and wrap-up within the shift, by one agent's changes of state."""
    total = 0.0
    for (at, state), (until, _) in zip(steps, [*steps[1:], (ended, "")], strict=True):
        if state in (AgentState.ON_CALL.value, AgentState.WRAP_UP.value):
            total += max(0.0, (min(until, ended) - max(at, began)).total_seconds())
    return total


def _rows(shift: Shift, forecast: Summary) -> list[Row]:
    occupancy, abandoned = forecast.occupancy, forecast.abandoned
    named = f"pacing on Asterisk, {OPERATORS} operators"
    return [
        figure(f"{named}: occupancy", shift.occupancy * 100, "%"),
        figure(f"{named}: occupancy forecast, mean", occupancy.mean * 100, "%"),
        figure(f"{named}: occupancy forecast, lowest seed", occupancy.least * 100, "%"),
        figure(f"{named}: occupancy forecast, highest seed", occupancy.most * 100, "%"),
        at_most(f"{named}: occupancy beside the forecast", abs(shift.occupancy - occupancy.mean) * 100, "points", 5),
        figure(f"{named}: abandoned of people", shift.abandoned_share * 100, "%"),
        figure(f"{named}: abandoned forecast, mean", abandoned.mean * 100, "%"),
        figure(f"{named}: abandoned forecast, highest seed", abandoned.most * 100, "%"),
        at_most(
            f"{named}: abandoned beside the forecast", abs(shift.abandoned_share - abandoned.mean) * 100, "points", 1
        ),
        figure(f"{named}: people who answered", shift.people, ""),
        figure(f"{named}: lines dialed", shift.dials, ""),
        figure(f"{named}: lines given up", shift.given_up, ""),
    ]
