"""The dialer on fakes: leased before sent, sent once, within every limit, whatever goes wrong."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.domain.agents import AgentState, Trigger
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import Campaign, CampaignState, DialMode, Trunk
from crm_core.domain.leads import WhyNot
from crm_core.errors import Unavailable
from crm_core.ports import OriginateOrder, OriginateRefused
from dialer.engine import Dialer
from dialer.settings import DialerSettings
from tests.dialer import clock
from tests.dialer.clock import START, now
from tests.dialer.scene import TRUNK, Switch, campaign, lead, number
from tests.fakes.hopper import FakeHopper
from tests.fakes.roster import FakeRoster, agent

SECOND = timedelta(seconds=1)


@dataclass
class Room:
    """One campaign with its agents, and a dialer that runs it."""

    hopper: FakeHopper = field(default_factory=FakeHopper)
    switch: Switch = field(default_factory=Switch)
    settings: DialerSettings = field(default_factory=DialerSettings)
    leased_when_sent: list[bool] = field(default_factory=list)

    @property
    def roster(self) -> FakeRoster:
        return self.hopper.roster

    def dialer(self) -> Dialer:
        answer = self.switch.answer

        def checked(order: OriginateOrder) -> None:
            self.leased_when_sent.append(order.channel in self.hopper.attempts)
            answer(order)

        self.switch.answer = checked
        return Dialer(self.switch, self.hopper, self.roster, self.settings, now)

    def run(self, seconds: float, meanwhile: Callable[[Dialer], Awaitable[Any]] | None = None) -> None:
        """Let the dialer run for so long; `meanwhile` goes on beside it."""

        async def main() -> None:
            dialer = self.dialer()
            async with asyncio.TaskGroup() as group:
                running = group.create_task(dialer.run())
                if meanwhile is not None:
                    group.create_task(meanwhile(dialer))  # type: ignore[arg-type]
                await asyncio.sleep(seconds)
                running.cancel()

        clock.run(main())

    def numbers_sent(self) -> list[str]:
        return [order.number for _, order in self.switch.sent]


def a_room(of: Campaign | None = None, trunk: Trunk = TRUNK, agents: int = 3, leads: int = 50, **changes: Any) -> Room:
    room = Room(**changes)
    room.hopper.lines = {trunk.name: trunk}
    room.hopper.add(of or campaign(), [lead(n) for n in range(1, leads + 1)])
    room.roster.add(*(agent(n, START) for n in range(1, agents + 1)))
    return room


def power(**changes: Any) -> Campaign:
    values: dict[str, Any] = {"mode": DialMode.POWER, "lines_per_agent": 1000.0, "abandon_limit": 1.0}
    return campaign(**(values | changes))


# --- what is opened
def test_progressive_opens_one_line_per_agent_and_no_more() -> None:
    room = a_room(agents=3)
    room.run(5)
    assert len(room.switch.sent) == 3
    assert all(room.leased_when_sent)


def test_an_order_says_all_that_the_switch_needs() -> None:
    room = a_room(campaign(detect_machines=True, ring_for=timedelta(seconds=18)), agents=1)
    room.run(1)
    (order,) = [order for _, order in room.switch.sent]
    attempt = room.hopper.attempts[order.channel]
    assert (order.number, order.trunk_endpoint, order.ring_seconds) == (attempt.number, "carrier-endpoint", 18)
    assert order.caller_id == attempt.caller_id
    assert attempt.caller_id in TRUNK.caller_ids
    assert order.detect_machines
    assert not order.record_from_answer


def test_nobody_is_dialed_while_nobody_is_logged_in() -> None:
    room = a_room(agents=0)
    room.run(5)
    assert not room.hopper.attempts


def test_a_line_that_ends_makes_room_for_the_next_lead_when_woken() -> None:
    room = a_room(agents=1)

    async def end_first(dialer: Dialer) -> None:
        await asyncio.sleep(1.01)
        (first,) = room.hopper.attempts
        room.hopper.end(first, Outcome.NO_ANSWER, now())
        dialer.wake()
        await asyncio.sleep(0.11)
        assert len(room.switch.sent) == 2

    room.run(2, end_first)


def test_the_kill_switch_and_a_paused_campaign_send_nothing() -> None:
    killed = a_room()
    killed.hopper.killed = True
    killed.run(3)
    paused = a_room(replace(campaign(), state=CampaignState.PAUSED))
    paused.run(3)
    assert not killed.switch.sent
    assert not paused.switch.sent


def test_leads_that_may_not_be_dialed_are_put_off_and_those_behind_them_are_reached() -> None:
    room = a_room(agents=1, leads=0)
    resting = [lead(n, numbers=(number(n, recent_dials=(START,) * 3),)) for n in range(1, 400)]
    room.hopper.add(campaign(), [*resting, lead(500)])
    room.run(3)
    assert room.numbers_sent() == [number(500).e164]
    assert room.hopper.why_rested() == {WhyNot.NUMBER_RESTED}
    assert room.hopper.asked["due"] < 12


@pytest.mark.parametrize("trunks", [{}, {"carrier": replace(TRUNK, caller_ids=())}])
def test_without_a_trunk_or_a_caller_id_nothing_is_leased(
    trunks: dict[str, Trunk], caplog: pytest.LogCaptureFixture
) -> None:
    room = a_room()
    room.hopper.lines = trunks
    room.run(5)
    assert not room.hopper.attempts
    assert len([record for record in caplog.records if record.message == "dialing waits"]) == 1


def test_a_lead_that_cannot_be_leased_does_not_stand_in_the_way_of_those_behind_it() -> None:
    room = a_room(agents=1, leads=0)
    room.hopper.add(campaign(), [lead(n) for n in range(1, 10)])
    room.hopper.busy = {number(n).e164 for n in (1, 2, 3)}
    room.run(3)
    assert room.numbers_sent() == [number(4).e164]


# --- limits
@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.5, 60),
    st.floats(0.5, 60),
    st.floats(0.5, 60),
    st.tuples(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60)),
    st.lists(st.tuples(st.floats(0, 2), st.integers(0, 30)), max_size=12),
)
def test_the_limits_hold_under_any_schedule(
    trunk_rate: float, own_rate: float, all_rate: float, most: tuple[int, int, int], ends: list[tuple[float, int]]
) -> None:
    room = a_room(
        power(calls_per_second=own_rate, max_lines=most[0]),
        replace(TRUNK, calls_per_second=trunk_rate, max_lines=most[1]),
        agents=5,
        leads=300,
        settings=DialerSettings(calls_per_second=all_rate, max_lines=most[2]),
    )
    open_lines: list[int] = []
    room.switch.answer = lambda order: open_lines.append(len(room.hopper.open_attempts()))

    async def end_some(dialer: Dialer) -> None:
        for wait, count in ends:
            await asyncio.sleep(wait)
            for attempt in room.hopper.open_attempts()[:count]:
                room.hopper.end(attempt.id, Outcome.BUSY, now())
            dialer.wake()

    room.run(6, end_some)
    times = [at for at, _ in room.switch.sent]
    slowest = min(trunk_rate, own_rate, all_rate)
    assert all(b - a >= SECOND / slowest - timedelta(milliseconds=1) for a, b in itertools.pairwise(times))
    assert max(open_lines) <= min(most)
    assert all(room.leased_when_sent)


def test_the_highest_rate_is_reached() -> None:
    room = a_room(power(calls_per_second=90.0, max_lines=1000), replace(TRUNK, calls_per_second=90.0, max_lines=1000))
    room.hopper.add(room.hopper.campaigns[1], [lead(n) for n in range(1, 1200)])
    room.settings = DialerSettings(max_lines=1000)
    room.switch.latency = 0.2
    room.run(10)
    assert 890 <= len(room.switch.sent) <= 900


# --- when things go wrong
@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["ok", "refused", "unavailable", "silent", "database"]), max_size=40))
def test_nobody_is_dialed_twice_by_one_attempt_or_while_one_may_be_under_way(trouble: list[str]) -> None:
    room = a_room(power(max_lines=5), leads=10)
    left = iter(trouble)

    def answer(order: OriginateOrder) -> None:
        match next(left, "ok"):
            case "refused":
                raise OriginateRefused("no such endpoint")
            case "unavailable":
                raise Unavailable("the link was cut after sending")
            case "silent":
                raise TimeoutError
            case "database":
                room.hopper.down = True
                raise OriginateRefused("and nobody can write it down")
            case _:
                pass

    async def heal(dialer: Dialer) -> None:
        for _ in range(30):
            await asyncio.sleep(0.5)
            room.hopper.down = False

    room.switch.answer = answer
    room.run(20, heal)
    sent = [order.channel for _, order in room.switch.sent]
    assert len(sent) == len(set(sent))
    numbers = room.numbers_sent()
    assert len(numbers) == len(set(numbers)), "no attempt was settled, so no lead may be dialed again"
    assert all(room.leased_when_sent)
    for attempt in room.hopper.attempts.values():
        assert attempt.outcome in (None, Outcome.FAILED, Outcome.GIVEN_UP)


def test_a_call_refused_by_the_switch_ends_at_once() -> None:
    def refuse(order: OriginateOrder) -> None:
        raise OriginateRefused("congested")

    room = a_room(agents=1, leads=1, switch=Switch(refuse))
    room.run(1)
    assert [attempt.outcome for attempt in room.hopper.attempts.values()] == [Outcome.FAILED]


def test_nothing_is_leased_while_the_link_is_down_and_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    room = a_room(switch=Switch(up=False))

    async def link_comes(dialer: Dialer) -> None:
        await asyncio.sleep(5)
        assert not room.hopper.attempts
        room.switch.up = True

    room.run(6, link_comes)
    assert len(room.switch.sent) == 3
    assert [record.message for record in caplog.records] == ["dialing waits", "dialing goes on"]


def test_what_was_leased_when_the_link_fell_is_given_up_unsent() -> None:
    room = a_room(power(calls_per_second=4.0, max_lines=10), leads=10)
    room.switch.answer = lambda order: setattr(room.switch, "up", False)
    room.run(3)
    assert len(room.switch.sent) == 1
    outcomes = [a.outcome for a in room.hopper.attempts.values() if a.id != room.switch.sent[0][1].channel]
    assert outcomes
    assert set(outcomes) == {Outcome.GIVEN_UP}


def test_the_dialer_goes_on_when_the_database_is_back() -> None:
    room = a_room(agents=2)
    room.hopper.down = True

    async def heal(dialer: Dialer) -> None:
        await asyncio.sleep(10)
        assert not room.switch.sent
        room.hopper.down = False

    room.run(13, heal)
    assert len(room.switch.sent) == 2


def test_an_error_of_ours_is_not_swallowed() -> None:
    def broken(order: OriginateOrder) -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        a_room(switch=Switch(broken)).run(2)


# --- stopping
def test_a_drain_opens_no_line_and_waits_for_those_open() -> None:
    room = a_room(agents=2)
    answers: list[tuple[bool, float]] = []

    def end_all() -> None:
        for attempt in room.hopper.open_attempts():
            room.hopper.end(attempt.id, Outcome.BUSY, now())

    async def stop(dialer: Dialer) -> None:
        await asyncio.sleep(1)
        asyncio.get_running_loop().call_later(3, end_all)
        answers.append((await dialer.drain(timedelta(seconds=30)), (now() - START).total_seconds()))

    room.run(20, stop)
    assert len(room.switch.sent) == 2
    ((ended, at),) = answers
    assert ended
    assert at == pytest.approx(4, abs=0.3)


def test_a_drain_does_not_wait_for_talks() -> None:
    room = a_room(agents=2)
    answers: list[tuple[bool, float]] = []

    async def stop(dialer: Dialer) -> None:
        await asyncio.sleep(1)
        for attempt in room.hopper.open_attempts():
            talking = replace(attempt, answered_at=now(), bridged_at=now(), outcome=Outcome.ANSWERED)
            room.hopper.attempts[attempt.id] = talking
        answers.append((await dialer.drain(timedelta(seconds=30)), (now() - START).total_seconds()))

    room.run(20, stop)
    assert len(room.hopper.open_attempts()) == 2
    ((ended, at),) = answers
    assert ended
    assert at == pytest.approx(1, abs=0.3)


def test_a_drain_has_an_end() -> None:
    room = a_room(agents=1)
    answers: list[bool] = []

    async def stop(dialer: Dialer) -> None:
        await asyncio.sleep(1)
        room.hopper.down = True
        answers.append(await dialer.drain(timedelta(seconds=5)))

    room.run(10, stop)
    assert answers == [False]


# --- agents of one's own
def test_a_callback_for_one_agent_is_dialed_when_he_is_there_and_held_for_him() -> None:
    room = a_room(agents=0, leads=0)
    promised = [lead(n, callback_at=START - SECOND, callback_agent_id=7) for n in (1, 2)]
    room.hopper.add(campaign(), promised)
    room.roster.add(agent(1, START), agent(2, START))

    async def he_comes(dialer: Dialer) -> None:
        await asyncio.sleep(90)
        assert not room.switch.sent
        room.roster.add(agent(7, now()))

    room.run(200, he_comes)
    leased = list(room.hopper.attempts.values())
    assert [(attempt.agent_id, attempt.guaranteed) for attempt in leased] == [(7, True)] * len(leased)
    assert len(leased) == 2, "the second when the first has had its time"
    assert leased[1].created_at - leased[0].created_at >= campaign().policy.ring_for


def test_a_previewed_lead_is_dialed_for_the_agent_who_confirmed_it() -> None:
    room = a_room(campaign(mode=DialMode.PREVIEW), agents=2)
    room.hopper.previews = [(room.hopper.leads[1, 5], 2)]
    room.run(3)
    (attempt,) = room.hopper.attempts.values()
    assert (attempt.lead_id, attempt.agent_id, attempt.guaranteed) == (5, 2, True)


# --- chores
def test_phones_of_agents_who_logged_in_are_rung_under_ids_of_ours() -> None:
    room = a_room(agents=0, leads=0)
    room.roster.add(*(agent(n, START, state=AgentState.CONNECTING) for n in (1, 2)))
    room.run(20)
    assert [(channel.rsplit("-", 2)[0], phone) for channel, phone in room.switch.rung] == [
        ("op-1", "op1"),
        ("op-2", "op2"),
    ]


def test_a_phone_that_logs_in_by_itself_is_not_rung() -> None:
    room = a_room(agents=0, leads=0)
    room.roster.add(agent(1, START, state=AgentState.CONNECTING))

    async def leg_comes_up(dialer: Dialer) -> None:
        await asyncio.sleep(0.7)
        await room.roster.move(1, Trigger.LEG_UP, now())

    room.run(5, leg_comes_up)
    assert not room.switch.rung


def test_the_leg_of_an_agent_who_logged_out_is_hung_up() -> None:
    room = a_room(agents=0, leads=0)
    room.roster.add(agent(1, START, state=AgentState.LOGGED_OUT), agent(2, START))
    room.switch.live = {"op-1-leg", "op-2-leg"}
    room.run(2)
    assert room.switch.live == {"op-2-leg"}


def test_an_agent_whose_wrap_up_is_over_gets_a_line() -> None:
    room = a_room(agents=0)
    room.roster.add(replace(agent(1, START, state=AgentState.WRAP_UP), wrap_up_until=START + 5 * SECOND))
    room.run(7)
    assert room.roster.people[1].state is AgentState.AVAILABLE
    assert len(room.switch.sent) == 1


def test_the_lease_of_a_live_call_is_prolonged_and_that_of_a_lost_one_ends() -> None:
    room = a_room(agents=2, leads=2)

    async def lose_one(dialer: Dialer) -> None:
        await asyncio.sleep(1)
        room.switch.live.discard(next(iter(room.hopper.attempts)))

    room.run(300, lose_one)
    lost, alive = room.hopper.attempts.values()
    assert lost.outcome is Outcome.LOST
    assert alive.outcome is None
    assert alive.leased_until > START + timedelta(seconds=300)


def test_no_call_is_called_lost_while_the_switch_cannot_be_asked() -> None:
    room = a_room(agents=1, leads=1)

    async def cut(dialer: Dialer) -> None:
        await asyncio.sleep(1)
        room.switch.live.clear()
        room.switch.up = False

    room.run(300, cut)
    assert [attempt.outcome for attempt in room.hopper.attempts.values()] == [None]


def test_an_end_that_is_told_late_is_not_called_lost() -> None:
    room = a_room(agents=1, leads=1)

    async def end_late(dialer: Dialer) -> None:
        await asyncio.sleep(1)
        (only,) = room.hopper.attempts.values()
        room.switch.live.clear()
        lease = only.leased_until
        await asyncio.sleep((lease - now()).total_seconds() + 3)
        assert room.hopper.attempts[only.id].leased_until > lease, "missed once, and given time for a last word"
        room.hopper.end(only.id, Outcome.NO_ANSWER, now())

    room.run(120, end_late)
    assert [attempt.outcome for attempt in room.hopper.attempts.values()] == [Outcome.NO_ANSWER]
