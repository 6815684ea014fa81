"""The pacing at work on fakes: learns while it dials, gives lines up by the law, keeps what it decided."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from crm_core.domain.agents import Trigger
from crm_core.domain.attempts import Attempt, Outcome
from crm_core.domain.campaigns import Campaign, CampaignState, DialMode, LawName
from crm_core.domain.floor_watch import Past, PastLine, Watched, WatchedLine
from crm_core.errors import Unavailable
from dialer.engine import Dialer
from dialer.giving_up import may_be_given_up, to_end_again
from dialer.laws import FCC, OFCOM, STRICT
from dialer.pacer import Pacer, as_the_law_counts, law_of
from dialer.settings import DialerSettings
from tests.dialer import clock
from tests.dialer.clock import START, now
from tests.dialer.scene import TRUNK, Switch, campaign, lead
from tests.fakes.hopper import FakeHopper
from tests.fakes.roster import agent

SECOND = timedelta(seconds=1)
#: A hundred lines of which a third were answered after five to fifteen seconds; talks of a minute and a half.
BEFORE = Past(
    tuple(PastLine(5.0 + n % 11 if n % 3 == 0 else 25.0, n % 3 == 0) for n in range(300)),
    tuple(60.0 + n for n in range(60)),
    tuple(10.0 + n / 10 for n in range(60)),
)


def predictive(**changes: Any) -> Campaign:
    values: dict[str, Any] = {"mode": DialMode.PREDICTIVE, "law": LawName.FCC, "calls_per_second": 50.0}
    return campaign(**(values | changes))


@dataclass
class Room:
    of: Campaign
    agents: int = 10
    hopper: FakeHopper = field(default_factory=FakeHopper)
    switch: Switch = field(default_factory=Switch)

    def __post_init__(self) -> None:
        self.hopper.lines = {TRUNK.name: TRUNK}
        self.hopper.add(self.of, [lead(n) for n in range(1, 400)])
        self.hopper.roster.add(*(agent(n, START) for n in range(1, self.agents + 1)))
        self.hopper.before = BEFORE

    def run(self, *scenes: Callable[[Dialer], Awaitable[Any]], seconds: float = 60) -> None:
        async def main() -> None:
            dialer = Dialer(self.switch, self.hopper, self.hopper.roster, DialerSettings(), now)
            async with asyncio.TaskGroup() as group:
                running = group.create_task(dialer.run())
                for scene in scenes:
                    group.create_task(scene(dialer))  # type: ignore[arg-type]
                await asyncio.sleep(seconds)
                running.cancel()

        clock.run(main())

    def given_up(self) -> list[Attempt]:
        return [one for one in self.hopper.attempts.values() if one.given_up_at is not None]

    async def everybody_is_taken(self) -> None:
        """Somebody else calls each agent in."""
        for one in list(self.hopper.roster.people):
            await self.hopper.roster.assign(f"in-{one}", None, one, now())
            await self.hopper.roster.move(one, Trigger.BRIDGED, now())


def test_it_dials_more_lines_than_agents_when_the_past_says_that_few_answer() -> None:
    room = Room(predictive())
    room.hopper.before = replace(BEFORE, lines=tuple(PastLine(25.0, n % 20 == 0) for n in range(400)))
    room.run(seconds=3)
    assert len(room.switch.sent) > 10
    assert room.hopper.asked["past"] == 1


@pytest.mark.parametrize("law", [LawName.STRICT, LawName.OFCOM, None])
def test_where_nobody_may_be_abandoned_fewer_lines_are_dialed(law: LawName | None) -> None:
    room, bolder = Room(predictive(law=law)), Room(predictive())
    room.run(seconds=3)
    bolder.run(seconds=3)
    assert 0 < len(room.switch.sent) < len(bolder.switch.sent)


def test_lines_are_given_up_when_agents_fill_up_and_not_before_the_law_lets_them() -> None:
    room = Room(predictive(given_up_per_day=1))

    async def fill_up(_: Dialer) -> None:
        await asyncio.sleep(5)
        await room.everybody_is_taken()

    async def end_what_was_hung_up(_: Dialer) -> None:
        while True:
            await asyncio.sleep(0.05)
            for one in room.hopper.open_attempts():
                if one.given_up_at is not None and one.id not in room.switch.live:
                    room.hopper.end(one.id, Outcome.NO_ANSWER, now())
            if now() > START + 40 * SECOND:
                return

    room.run(fill_up, end_what_was_hung_up, seconds=41)
    assert room.given_up()
    for one in room.given_up():
        assert one.given_up_at is not None
        assert one.given_up_at - one.created_at >= FCC.ring_at_least
        assert one.outcome is Outcome.GIVEN_UP
        assert one.ended_at is not None
        assert one.ended_at - one.given_up_at < SECOND


@pytest.mark.parametrize("changes", [{"give_up": False}, {"given_up_per_day": 0}])
def test_a_campaign_that_gives_nothing_up_lets_phones_ring(changes: dict[str, Any]) -> None:
    room = Room(predictive(**changes))

    async def fill_up(_: Dialer) -> None:
        await asyncio.sleep(5)
        await room.everybody_is_taken()

    room.run(fill_up, seconds=30)
    assert room.switch.sent
    assert room.given_up() == []


def test_a_line_whose_end_did_not_reach_the_switch_is_ended_again() -> None:
    room = Room(predictive())
    asked: list[str] = []

    async def refuses_at_first(channel: str) -> None:
        asked.append(channel)
        if asked.count(channel) < 3:
            raise Unavailable("the link fell")
        room.switch.live.discard(channel)
        room.hopper.end(channel, Outcome.NO_ANSWER, now())

    room.switch.hang_up = refuses_at_first  # type: ignore[method-assign]

    async def fill_up(_: Dialer) -> None:
        await asyncio.sleep(5)
        await room.everybody_is_taken()

    room.run(fill_up, seconds=40)
    assert room.given_up()
    assert {asked.count(one.id) for one in room.given_up()} == {3}
    assert {one.outcome for one in room.given_up()} == {Outcome.GIVEN_UP}


def test_every_abandoned_call_has_a_record_of_what_was_decided() -> None:
    room = Room(predictive())

    async def lose_one(_: Dialer) -> None:
        await asyncio.sleep(5)
        await room.everybody_is_taken()
        await asyncio.sleep(1)
        first = room.hopper.open_attempts()[0]
        room.hopper.attempts[first.id] = replace(first, answered_at=now(), outcome=Outcome.ABANDONED)
        await asyncio.sleep(3)
        room.hopper.end(first.id, Outcome.ABANDONED, now())

    room.run(lose_one, seconds=12)
    ((attempt_id, record),) = room.hopper.records.items()
    assert record.dialed == room.hopper.attempts[attempt_id].paced
    assert record.dialed is not None
    assert record.last is not None
    assert (record.dialed.available, record.dialed.law) == (10, "fcc")
    assert record.dialed.to_open > 0
    assert (record.last.available, record.last.on_call) == (0, 10)
    assert START + 6 * SECOND - record.last.at < SECOND
    assert record.last.at <= record.lost_at


def test_a_call_lost_after_its_campaign_was_paused_has_a_record() -> None:
    room = Room(predictive())

    async def pause_then_lose(_: Dialer) -> None:
        await asyncio.sleep(3)
        room.hopper.campaigns[1] = replace(room.of, state=CampaignState.PAUSED)
        await asyncio.sleep(4)
        first, *others = room.hopper.open_attempts()
        room.hopper.attempts[first.id] = replace(first, answered_at=now(), outcome=Outcome.ABANDONED)
        for one in others:
            room.hopper.end(one.id, Outcome.NO_ANSWER, now())
        await asyncio.sleep(2)
        room.hopper.end(first.id, Outcome.ABANDONED, now())
        asked = room.hopper.asked["floor"]
        await asyncio.sleep(5)
        assert room.hopper.asked["floor"] <= asked + 2  # forgotten when its last line had ended

    room.run(pause_then_lose, seconds=20)
    ((_, record),) = room.hopper.records.items()
    assert record.last is not None


async def test_what_is_learned_outlives_the_process() -> None:
    """The same floor is judged alike by a pacer that saw the lines end and by one that reads of them."""
    hopper = FakeHopper(before=BEFORE)
    hopper.add(predictive())
    hopper.roster.add(*(agent(n, START) for n in range(1, 6)))
    fresh = await Pacer(FakeHopper(roster=hopper.roster), lambda: START).look(predictive(), TRUNK)
    informed = await Pacer(hopper, lambda: START).look(predictive(), TRUNK)
    assert informed.decision != fresh.decision
    assert informed == await Pacer(hopper, lambda: START).look(predictive(), TRUNK)


def test_machine_verdicts_that_were_people_count_as_the_law_says() -> None:
    floor = asyncio.run(FakeHopper().floor(predictive(), START))
    watched = Watched(replace(floor, people=100, abandoned=2), machines=33)
    assert as_the_law_counts(watched, FCC) == watched.floor
    counted = as_the_law_counts(watched, replace(OFCOM, wrongly_machine=0.05))
    assert (counted.people, counted.abandoned) == (102, 4)


def ringing(name: str, since: float | None, **facts: Any) -> WatchedLine:
    return WatchedLine(name, START, None if since is None else START - since * SECOND, **facts)


def test_only_lines_that_rang_long_enough_may_be_given_up_the_oldest_first() -> None:
    lines = [
        ringing("young", 14.9),
        ringing("old", 20),
        ringing("oldest", 25),
        ringing("silent", None),
        ringing("held", 30, guaranteed=True),
        ringing("answered", 30, answered_at=START),
        ringing("noted", 30, outcome=Outcome.GIVEN_UP, given_up_at=START - SECOND),
        ringing("over", 30, ended_at=START),
    ]
    assert may_be_given_up(lines, FCC, START) == ["oldest", "old"]
    assert may_be_given_up(lines, STRICT, START) == ["oldest", "old"]
    assert may_be_given_up(lines, replace(STRICT, ring_at_least=25 * SECOND), START) == ["oldest"]
    assert to_end_again(lines, START) == []
    assert to_end_again(lines, START + 2 * SECOND) == ["noted"]


def test_the_law_is_the_campaigns() -> None:
    assert law_of(predictive().policy, TRUNK) is FCC
    assert law_of(predictive(law=None).policy, TRUNK) is STRICT
