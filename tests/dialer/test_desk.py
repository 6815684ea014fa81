"""The hand-off desk on fakes: who takes the person who answered."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crm_core.domain.agents import Agent, AgentState, HandOffMode, Trigger
from crm_core.domain.attempts import Outcome, Verdict
from crm_core.domain.campaigns import Campaign, DialMode, Record
from crm_core.domain.conversations import HandedOn
from crm_core.domain.work_calendar import WorkCalendar
from crm_core.errors import Unavailable
from crm_core.ports import HandOff, HandOffDesk, IncomingCall, PersonAnswered
from dialer.desk import Desk
from dialer.settings import DeskSettings
from tests.dialer import clock
from tests.dialer.clock import START, now
from tests.dialer.scene import attempt, campaign, lead
from tests.fakes.attempt_book import FakeAttemptBook
from tests.fakes.hopper import FakeHopper
from tests.fakes.reception import FakeReception
from tests.fakes.roster import FakeRoster, agent

CALLER = IncomingCall("1770000000.7", "PJSIP/carrier-00000007", "+998781130000", "+998901234567")
NEVER_OPEN = WorkCalendar("Asia/Tashkent", {})
HANDED = HandedOn("Ali asks for a person.", "announcements/tl-1")


class SlowRoster(FakeRoster):
    """An assignment takes a second, as when the database is under load; `after` it is made, half of it is left."""

    async def assign(self, call_id: str, campaign_id: int | None, agent_id: int | None, now: datetime) -> Agent | None:
        await asyncio.sleep(0.5)
        given = await super().assign(call_id, campaign_id, agent_id, now)
        await asyncio.sleep(0.5)
        return given


@dataclass
class Hall:
    """A desk and all that it asks."""

    hopper: FakeHopper
    attempts: FakeAttemptBook
    reception: FakeReception
    desk: Desk

    @property
    def roster(self) -> FakeRoster:
        return self.hopper.roster

    def free(self, agent_id: int) -> None:
        self.roster.add(agent(agent_id, now()))
        self.desk.agent_available()

    async def answered(self, channel: str, verdict: Verdict = Verdict.HUMAN, *, again: bool = False) -> HandOff:
        return await self.desk.answered(PersonAnswered(channel, verdict, "", again))


def a_hall(
    of: Campaign | None = None, agents: int = 0, roster: FakeRoster | None = None, people: int = 5, **settings: Any
) -> Hall:
    hopper = FakeHopper(roster=roster or FakeRoster())
    hopper.add(of or campaign(), [lead(n) for n in range(people)])
    hopper.attempts = {f"tl-{n}": attempt(f"tl-{n}", lead_id=n) for n in range(people)}
    hopper.roster.add(*(agent(n, START - timedelta(minutes=n)) for n in range(1, agents + 1)))
    attempts, reception = FakeAttemptBook(hopper), FakeReception()
    desk: HandOffDesk = Desk(hopper.roster, attempts, reception, DeskSettings(**settings), now)
    assert isinstance(desk, Desk)
    return Hall(hopper, attempts, reception, desk)


def run(main: Coroutine[Any, Any, None]) -> None:
    clock.run(main)


def elapsed() -> float:
    return (now() - START).total_seconds()


# --- an agent is free
async def test_a_person_is_bridged_with_the_agent_available_for_longest() -> None:
    hall = a_hall(campaign(consent_notice="recorded"), agents=3)
    answer = await Desk(hall.roster, hall.attempts, hall.reception, DeskSettings(), lambda: START).answered(
        PersonAnswered("tl-1", Verdict.HUMAN, "")
    )
    assert answer == HandOff("bridge", agent_leg="PJSIP/op3-00000003", notice="recorded", record="2026/03/03/tl-1.raw")
    assert hall.roster.people[3].state is AgentState.RINGING


def test_a_free_agent_is_given_without_waiting() -> None:
    async def main() -> None:
        await a_hall(agents=1).answered("tl-1")
        assert elapsed() == 0

    run(main())


@pytest.mark.parametrize(
    ("record", "path"),
    [(Record.NEVER, None), (Record.BRIDGED, "2026/03/03/tl-1.raw"), (Record.ANSWERED, "2026/03/03/tl-1.raw")],
)
def test_a_call_is_recorded_where_the_campaign_says_so(record: Record, path: str | None) -> None:
    async def main() -> None:
        assert (await a_hall(campaign(record=record), agents=1).answered("tl-1")).record == path

    run(main())


def test_a_phone_that_rings_per_call_is_rung() -> None:
    async def main() -> None:
        hall = a_hall()
        hall.roster.add(agent(4, START, hand_off=HandOffMode.RING))
        assert await hall.answered("tl-1") == HandOff("ring", agent_phone="op4", record="2026/03/03/tl-1.raw")

    run(main())


def test_an_agent_of_another_campaign_is_not_given() -> None:
    async def main() -> None:
        hall = a_hall()
        hall.roster.add(agent(1, START, campaign_id=2))
        assert (await hall.answered("tl-1")).action == "abandon"

    run(main())


def test_a_callback_goes_to_the_agent_it_was_promised_to() -> None:
    async def main() -> None:
        hall = a_hall(agents=3)
        hall.hopper.attempts["tl-1"] = attempt("tl-1", agent_id=2, guaranteed=True)
        assert (await hall.answered("tl-1")).agent_leg == "PJSIP/op2-00000002"

    run(main())


def test_who_was_promised_an_agent_now_taken_speaks_with_another() -> None:
    async def main() -> None:
        hall = a_hall(agents=1)
        hall.hopper.attempts["tl-1"] = attempt("tl-1", agent_id=2, guaranteed=True)
        assert (await hall.answered("tl-1")).agent_leg == "PJSIP/op1-00000001"

    run(main())


def test_an_agent_whose_leg_was_gone_is_taken_back_and_another_given() -> None:
    async def main() -> None:
        hall = a_hall(agents=2)
        first = await hall.answered("tl-1")
        second = await hall.answered("tl-1", Verdict.UNSURE, again=True)
        assert first.agent_leg != second.agent_leg
        assert hall.roster.people[2].state is AgentState.LOGGED_OUT
        assert hall.hopper.attempts["tl-1"].verdict is Verdict.HUMAN

    run(main())


def test_an_agent_without_a_leg_is_not_given() -> None:
    async def main() -> None:
        hall = a_hall(agents=2)
        hall.roster.add(replace(hall.roster.people[2], leg_name=None))
        assert (await hall.answered("tl-1")).agent_leg == "PJSIP/op1-00000001"
        assert hall.roster.people[2].state is AgentState.LOGGED_OUT

    run(main())


def test_an_agent_who_does_not_pick_up_his_phone_is_replaced() -> None:
    async def main() -> None:
        hall = a_hall()
        hall.roster.add(*(agent(n, START, hand_off=HandOffMode.RING) for n in (1, 2)))
        first = await hall.answered("tl-1")
        second = await hall.desk.unanswered("tl-1")
        third = await hall.desk.unanswered("tl-1")
        assert (first.agent_phone, second.agent_phone, third.action) == ("op1", "op2", "abandon")
        assert hall.attempts.concluded == [("tl-1", Outcome.ABANDONED)]

    run(main())


# --- machines
@pytest.mark.parametrize(("message", "action"), [(None, "machine"), ("please-call-us", "message")])
def test_a_machine_gets_no_agent(message: str | None, action: str) -> None:
    async def main() -> None:
        hall = a_hall(campaign(detect_machines=True, machine_message=message), agents=1)
        assert await hall.answered("tl-1", Verdict.MACHINE) == HandOff(action, message=message)
        assert hall.attempts.concluded == [("tl-1", Outcome.MACHINE)]
        assert hall.roster.people[1].state is AgentState.AVAILABLE

    run(main())


@pytest.mark.parametrize(("detects", "verdict"), [(False, Verdict.MACHINE), (True, Verdict.UNSURE)])
def test_not_sure_means_human(detects: bool, verdict: Verdict) -> None:
    async def main() -> None:
        hall = a_hall(campaign(detect_machines=detects), agents=1)
        assert (await hall.answered("tl-1", verdict)).action == "bridge"

    run(main())


def test_the_bot_talks_where_the_campaign_says_so_and_no_agent_is_taken() -> None:
    async def main() -> None:
        hall = a_hall(campaign(mode=DialMode.BOT, script="survey", consent_notice="recorded"), agents=1)
        handed = await hall.answered("tl-1", Verdict.UNSURE)
        assert handed == HandOff("bot", notice="recorded", record="2026/03/03/tl-1.raw")
        assert hall.roster.people[1].state is AgentState.AVAILABLE
        assert hall.attempts.concluded == []

    run(main())


def test_when_the_bot_is_done_the_call_ends() -> None:
    async def main() -> None:
        hall = a_hall(campaign(mode=DialMode.BOT, script="survey"), agents=1)
        assert await hall.desk.after_bot("tl-1") == HandOff("hangup")
        assert hall.roster.people[1].state is AgentState.AVAILABLE

    run(main())


def test_whom_the_bot_hands_on_is_given_an_agent() -> None:
    async def main() -> None:
        hall = a_hall(campaign(mode=DialMode.BOT, script="survey"), agents=1)
        hall.attempts.handed["tl-1"] = HANDED
        handed = await hall.desk.after_bot("tl-1")
        assert (handed.action, handed.agent_leg) == ("bridge", "PJSIP/op1-00000001")
        assert handed.announcement == "announcements/tl-1"
        assert hall.attempts.not_taken_over == []

    run(main())


def test_of_the_campaign_nobody_is_free_so_whoever_takes_calls_is_given() -> None:
    async def main() -> None:
        hall = a_hall(campaign(mode=DialMode.BOT, script="survey"))
        hall.roster.add(agent(4, START, campaign_id=2))
        hall.attempts.handed["tl-1"] = HANDED
        assert (await hall.desk.after_bot("tl-1")).agent_leg == "PJSIP/op4-00000004"

    run(main())


def test_nobody_takes_over_from_the_bot_so_a_task_is_made_and_the_person_told() -> None:
    async def main() -> None:
        hall = a_hall(campaign(mode=DialMode.BOT, script="survey"), missed_message="missed")
        hall.attempts.handed["tl-1"] = HANDED
        assert await hall.desk.after_bot("tl-1") == HandOff("closed", message="missed")
        assert hall.attempts.not_taken_over == ["tl-1"]
        assert elapsed() == DeskSettings().bot_wait.total_seconds()

    run(main())


def test_an_agent_whose_leg_was_gone_after_the_bot_does_not_bring_the_bot_back() -> None:
    async def main() -> None:
        hall = a_hall(campaign(mode=DialMode.BOT, script="survey"), agents=2)
        hall.attempts.handed["tl-1"] = HANDED
        first = await hall.desk.after_bot("tl-1")
        second = await hall.answered("tl-1", again=True)
        assert (second.action, second.announcement) == ("bridge", "announcements/tl-1")
        assert second.agent_leg != first.agent_leg
        assert await hall.desk.unanswered("tl-1") == HandOff("closed")
        assert hall.attempts.not_taken_over == ["tl-1"]

    run(main())


def test_who_waits_for_the_agent_the_bot_promised_and_hangs_up_is_called_back() -> None:
    async def main() -> None:
        hall = a_hall(campaign(mode=DialMode.BOT, script="survey"))
        hall.attempts.handed["tl-1"] = HANDED
        waiting = asyncio.create_task(hall.desk.after_bot("tl-1"))
        await asyncio.sleep(3)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await hall.desk.left("tl-2")  # this one while the agent was told of him
        assert hall.attempts.not_taken_over == ["tl-1", "tl-2"]

    run(main())


def test_a_caller_whose_agent_was_gone_waits_for_another() -> None:
    async def main() -> None:
        hall = a_hall(agents=1)
        await hall.desk.incoming(CALLER)
        assert await hall.answered(CALLER.channel, again=True) == HandOff("wait")
        assert hall.roster.people[1].state is AgentState.LOGGED_OUT

    run(main())


# --- nobody is free
def test_when_nobody_is_free_within_the_limit_the_message_plays_and_the_call_counts_as_abandoned() -> None:
    async def main() -> None:
        of = campaign(abandon_message="sorry", opt_out_key="5", connect_within=timedelta(seconds=2))
        hall = a_hall(of)
        assert await hall.answered("tl-1") == HandOff("abandon", message="sorry", opt_out_key="5")
        assert elapsed() == pytest.approx(2)
        assert hall.attempts.concluded == [("tl-1", Outcome.ABANDONED)]

    run(main())


def test_who_waits_is_given_the_next_agent_at_once() -> None:
    async def main() -> None:
        hall = a_hall()
        asyncio.get_running_loop().call_later(0.731, hall.free, 1)
        assert (await hall.answered("tl-1")).action == "bridge"
        assert elapsed() == pytest.approx(0.731)

    run(main())


def test_an_agent_is_found_although_nobody_told_of_him() -> None:
    async def main() -> None:
        hall = a_hall()
        asyncio.get_running_loop().call_later(0.731, lambda: hall.roster.add(agent(1, now())))
        assert (await hall.answered("tl-1")).action == "bridge"
        assert elapsed() == pytest.approx(0.8)

    run(main())


def test_people_are_served_in_the_order_in_which_they_came() -> None:
    async def main() -> None:
        hall = a_hall(campaign(connect_within=timedelta(seconds=30)))
        order: list[str] = []

        async def person(channel: str) -> None:
            assert (await hall.answered(channel)).action == "bridge"
            order.append(channel)

        async with asyncio.TaskGroup() as group:
            for n in (3, 1, 4, 0, 2):
                group.create_task(person(f"tl-{n}"))
                await asyncio.sleep(0.01)
            for n in range(1, 4):
                hall.free(n)
                await asyncio.sleep(0.05)
            hall.roster.add(agent(4, now()), agent(5, now()))
            hall.desk.agent_available()
            await asyncio.sleep(0.01)
            assert elapsed() < 0.25, "two agents at once serve two people at once"
        assert order == ["tl-3", "tl-1", "tl-4", "tl-0", "tl-2"]
        assert [call for call, _ in hall.roster.log] == order

    run(main())


def test_a_newcomer_does_not_pass_who_waits() -> None:
    async def main() -> None:
        hall = a_hall()
        first = asyncio.create_task(hall.answered("tl-1"))
        await asyncio.sleep(0.05)
        hall.roster.add(agent(1, now()))  # nobody has been told yet
        second = asyncio.create_task(hall.answered("tl-2"))
        assert (await first).action == "bridge"
        assert (await second).action == "abandon"

    run(main())


# --- hanging up
@pytest.mark.parametrize("after", [0.0, 0.2, 0.499, 0.5, 0.7, 0.999])
def test_who_hangs_up_while_waiting_leaves_no_agent_behind(after: float) -> None:
    async def main() -> None:
        hall = a_hall(campaign(connect_within=timedelta(seconds=5)), roster=SlowRoster())
        waiting = asyncio.create_task(hall.answered("tl-1"))
        asyncio.get_running_loop().call_later(0.4, hall.free, 1)
        await asyncio.sleep(after)
        waiting.cancel()
        assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], asyncio.CancelledError)
        await asyncio.sleep(3)
        assert hall.roster.people[1].state is AgentState.AVAILABLE
        assert hall.attempts.concluded == [("tl-1", Outcome.HUNG_UP)]
        assert (await hall.answered("tl-2")).action == "bridge"

    run(main())


def test_who_hangs_up_makes_place_for_the_next() -> None:
    async def main() -> None:
        hall = a_hall()
        first = asyncio.create_task(hall.answered("tl-1"))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(hall.answered("tl-2"))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        hall.free(1)
        assert (await second).action == "bridge"
        assert elapsed() < 0.1

    run(main())


def test_a_hangup_in_mid_assignment_is_mended_before_the_desk_closes() -> None:
    async def main() -> None:
        hall = a_hall(agents=1, roster=SlowRoster())
        waiting = asyncio.create_task(hall.answered("tl-1"))
        await asyncio.sleep(0.6)
        waiting.cancel()
        await asyncio.sleep(0)
        waiting.cancel()  # and once more, as when the service stops
        await hall.desk.close()
        assert hall.roster.taken_back == [("tl-1", False)]
        assert hall.roster.people[1].state is AgentState.AVAILABLE

    run(main())


# --- faults
def test_an_unknown_attempt_is_hung_up() -> None:
    async def main() -> None:
        hall = a_hall(agents=1)
        assert await hall.answered("tl-none") == HandOff("hangup")
        assert hall.roster.people[1].state is AgentState.AVAILABLE

    run(main())


def test_a_database_that_does_not_answer_is_told_to_the_dialplan() -> None:
    async def main() -> None:
        hall = a_hall(agents=1)
        hall.roster.down = True
        with pytest.raises(Unavailable):
            await hall.answered("tl-1")
        hall.roster.down = False
        assert (await hall.answered("tl-2")).action == "bridge"

    run(main())


# --- opting out
@pytest.mark.parametrize(("key", "opted"), [("9", ["tl-1"]), ("8", []), ("", [])])
def test_the_right_key_ends_all_calls(key: str, opted: list[str]) -> None:
    async def main() -> None:
        hall = a_hall()
        await hall.answered("tl-1")
        await hall.desk.opted_out("tl-1", key)
        await hall.desk.opted_out("tl-none", key)
        assert hall.attempts.opt_outs == opted

    run(main())


# --- incoming calls
def test_a_caller_gets_the_agent_idle_longest_of_any_campaign() -> None:
    async def main() -> None:
        hall = a_hall()
        hall.roster.add(agent(1, START, campaign_id=1), agent(2, START - timedelta(hours=1), campaign_id=2))
        answer = await hall.desk.incoming(CALLER)
        assert (answer.action, answer.agent_leg) == ("bridge", "PJSIP/op2-00000002")
        assert answer.record == "2026/03/03/1770000000.7.raw"
        assert hall.reception.noted == [(CALLER.channel, False)]

    run(main())


def test_outside_hours_a_caller_hears_the_notice() -> None:
    async def main() -> None:
        hall = a_hall(agents=1, closed_message="closed")
        hall.reception.hours = NEVER_OPEN
        assert await hall.desk.incoming(CALLER) == HandOff("closed", message="closed")
        assert hall.reception.noted == [(CALLER.channel, True)]
        assert not hall.roster.log

    run(main())


def test_outside_hours_the_bot_takes_the_call_where_it_has_a_script_for_that() -> None:
    async def main() -> None:
        hall = a_hall(agents=1, incoming_notice="recorded")
        hall.reception.hours, hall.reception.scripts = NEVER_OPEN, {(CALLER.line, True)}
        assert await hall.desk.incoming(CALLER) == HandOff(
            "bot", notice="recorded", record=f"2026/03/03/{CALLER.channel}.raw"
        )
        assert hall.reception.noted == [(CALLER.channel, True)]
        assert not hall.roster.log

    run(main())


def test_a_number_with_a_script_for_the_day_is_answered_by_the_bot() -> None:
    async def main() -> None:
        hall = a_hall(agents=1)
        hall.reception.scripts = {(CALLER.line, False)}
        assert (await hall.desk.incoming(CALLER)).action == "bot"
        hall.reception.scripts = {("+998781130001", False)}
        assert (await hall.desk.incoming(CALLER)).action == "bridge"

    run(main())


def test_a_caller_waits_and_then_hears_that_nobody_was_free() -> None:
    async def main() -> None:
        hall = a_hall(missed_message="missed", incoming_wait=timedelta(seconds=40))
        assert await hall.desk.incoming(CALLER) == HandOff("wait")
        assert elapsed() == 0
        assert await hall.desk.waiting(CALLER.channel) == HandOff("closed", message="missed")
        assert elapsed() == pytest.approx(40)

    run(main())


def test_a_callee_goes_before_a_caller() -> None:
    async def main() -> None:
        hall = a_hall()
        caller = asyncio.create_task(hall.desk.waiting(CALLER.channel))
        await asyncio.sleep(0.03)
        callee = asyncio.create_task(hall.answered("tl-1"))
        await asyncio.sleep(0.01)
        hall.free(1)
        assert (await callee).action == "bridge"
        assert not caller.done()
        caller.cancel()

    run(main())


def test_a_caller_whose_agent_does_not_pick_up_gets_another() -> None:
    async def main() -> None:
        hall = a_hall()
        hall.roster.add(*(agent(n, START, hand_off=HandOffMode.RING) for n in (1, 2)))
        assert (await hall.desk.incoming(CALLER)).agent_phone == "op1"
        assert (await hall.desk.unanswered(CALLER.channel)).agent_phone == "op2"
        assert not hall.attempts.concluded

    run(main())


# --- logging in by phone
def test_a_phone_of_an_agent_logs_in_once() -> None:
    async def main() -> None:
        hall = a_hall()
        hall.roster.add(agent(1, START, state=AgentState.LOGGED_OUT))
        assert await hall.desk.phone_login("c1", "PJSIP/op1-1", "op1")
        assert hall.roster.people[1].state is AgentState.CONNECTING
        await hall.roster.move(1, Trigger.LEG_UP, now())
        assert not await hall.desk.phone_login("c2", "PJSIP/op1-2", "op1"), "he holds another leg"
        assert not await hall.desk.phone_login("c3", "PJSIP/op9-1", "op9"), "nobody's phone"

    run(main())


def test_a_phone_that_is_rung_per_call_holds_no_leg() -> None:
    async def main() -> None:
        hall = a_hall()
        hall.roster.add(agent(1, START, state=AgentState.LOGGED_OUT, hand_off=HandOffMode.RING))
        assert not await hall.desk.phone_login("c1", "PJSIP/op1-1", "op1")

    run(main())
