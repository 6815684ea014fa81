"""pbx on a real Asterisk and a played network: nothing in between is faked but the desk's decisions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from crm_core.domain.attempts import Outcome, Verdict
from crm_core.domain.calls import Direction, LegRole
from crm_core.ports import HandOff, IncomingCall, PersonAnswered
from pbx.agi_routes import ACTIONS, ROUTES
from tests.asterisk.asterisk import Pair, opened_wire, until
from tests.pbx.room import Room, bridge_to

PERSON, BUSY, RINGS, UNKNOWN = "+998901000001", "+998902000001", "+998903000001", "+998904000001"
CONGESTED, VOICEMAIL, GONE_AT_ONCE = "+998905000001", "+998906000001", "+998907000001"
DIALPLAN = Path(__file__).parents[2] / "asterisk_conf" / "pbx" / "extensions.conf"


@pytest.fixture
async def room(pair: Pair) -> AsyncIterator[Room]:
    room = Room(pair)
    async with room.service():
        yield room
        await room.clear()


async def test_a_person_who_answers_is_bridged_with_a_parked_agent(room: Room) -> None:
    room.desk.decide = bridge_to(await room.park())
    for _ in range(2):  # the leg goes back to its parking and serves again
        call = await room.dial(PERSON)
        talking = await room.call(call, lambda call: call.bridged_at)
        assert talking.answered_at is not None
        assert talking.agent_phone == "op6-silent"
        assert talking.legs[1].role is LegRole.AGENT
        await room.telephony.hang_up(call)
        ended = await room.ended(call)
        assert (ended.direction, ended.outcome, ended.cause) == (Direction.OUTGOING, Outcome.ANSWERED, 16)
        assert all(leg.ended_at is not None for leg in ended.legs)
    assert [change.up for change in room.book.legs] == [True]


async def test_each_kind_of_callee_has_its_outcome(room: Room) -> None:
    room.desk.decide = lambda asked: HandOff("hangup")
    numbers = {
        BUSY: (Outcome.BUSY, 17, "486"),
        UNKNOWN: (Outcome.NOT_IN_SERVICE, 1, "404"),
        CONGESTED: (Outcome.CONGESTION, 34, "503"),
        GONE_AT_ONCE: (Outcome.HUNG_UP, 16, None),
        RINGS: (Outcome.NO_ANSWER, 19, "480"),
    }
    calls = {number: await room.dial(number, ring_seconds=2) for number in numbers}
    for number, expected in numbers.items():
        ended = await room.ended(calls[number])
        assert (ended.outcome, ended.cause, ended.sip_status) == expected, number


async def test_ringing_that_we_end_ourselves_is_given_up(room: Room) -> None:
    call = await room.dial(RINGS)
    await room.call(call, lambda call: call.ringing_at)
    await room.telephony.hang_up(call)
    assert (await room.ended(call)).outcome is Outcome.GIVEN_UP


async def test_a_trunk_that_does_not_exist_is_a_failed_call(room: Room) -> None:
    call = f"t-{uuid4().hex}"
    await room.ami.ask(
        {
            "Action": "Originate",
            "ActionID": call,
            "ChannelId": call,
            "Channel": "PJSIP/+998901000001@nowhere",
            "Context": "campaign-answered",
            "Exten": "direct",
            "Priority": "1",
            "Async": "true",
        }
    )
    ended = await room.ended(call)
    assert (ended.outcome, ended.legs) == (Outcome.FAILED, ())


async def test_a_phone_that_cannot_be_reached_is_a_leg_down(room: Room) -> None:
    for leg, phone in (("op-gone", "nobody"), ("op-busy", "op8-busy")):
        await room.telephony.ring_agent(f"{leg}-{uuid4().hex}", phone)
        await until(lambda phone=phone: any(c.phone == phone and not c.up for c in room.book.legs))  # type: ignore[misc]
    assert [change.phone for change in room.book.legs] == ["nobody", "op8-busy"]


async def test_an_agent_whose_leg_is_gone_is_asked_for_again_and_then_abandoned(room: Room) -> None:
    room.desk.decide = bridge_to("PJSIP/op1-deadbeef")
    call = await room.dial(PERSON)
    await until(lambda: len(room.desk.asked) == 2)
    assert room.desk.asked == [
        PersonAnswered(call, Verdict.UNSURE, ""),
        PersonAnswered(call, Verdict.UNSURE, "", again=True),
    ]
    ended = await room.ended(call)
    assert (ended.outcome, ended.bridged_at) == (Outcome.HUNG_UP, None)


async def test_a_phone_that_rings_per_call_is_bridged_when_it_answers(room: Room) -> None:
    room.desk.decide = lambda asked: HandOff("ring", agent_phone="op2")
    call = await room.dial(PERSON)
    talking = await room.call(call, lambda call: call.bridged_at)
    assert talking.agent_phone == "op2"
    await room.telephony.hang_up(call)
    ended = await room.ended(call)
    assert [leg.role for leg in ended.legs] == [LegRole.CALLEE, LegRole.AGENT]
    assert room.book.legs == []


async def test_a_phone_that_does_not_answer_is_told_to_the_desk(room: Room) -> None:
    room.desk.decide = lambda asked: (
        HandOff("hangup") if isinstance(asked, str) else HandOff("ring", agent_phone="op8-busy")
    )
    call = await room.dial(PERSON)
    ended = await room.ended(call)
    assert room.desk.asked[-1] == call
    assert (ended.outcome, ended.bridged_at) == (Outcome.HUNG_UP, None)


async def test_a_machine_is_told_as_one(room: Room) -> None:
    call = await room.dial(VOICEMAIL, amd=True)
    await until(lambda: bool(room.desk.asked), 15)
    (person,) = room.desk.asked
    assert isinstance(person, PersonAnswered)
    assert (person.channel, person.verdict) == (call, Verdict.MACHINE)
    assert person.verdict_cause


async def test_a_person_who_presses_a_key_in_the_message_opts_out(room: Room) -> None:
    room.desk.decide = lambda asked: HandOff("abandon")
    call = await room.dial("+998900000001")
    await until(lambda: (call, "9") in room.desk.asked, 15)


async def test_both_sides_are_recorded_in_stereo_and_linked(room: Room) -> None:
    room.desk.decide = bridge_to(await room.park("op3"), record=True)
    call = await room.dial(PERSON)
    await room.call(call, lambda call: call.bridged_at)
    raw = next(iter(room.pair.pbx.recordings.rglob(f"{call}.raw")), None)
    assert raw is not None
    await until(lambda: raw.stat().st_size > 16000 * 2 * 4, 15)  # so that both have spoken
    await room.telephony.hang_up(call)
    await room.ended(call)
    await until(lambda: bool(room.book.files))
    (file,) = room.book.files
    assert (file.call_id, file.channels) == (call, 2)
    assert file.seconds >= 4
    assert file.customer_dbfs > -50
    assert file.agent_dbfs > -50
    assert not raw.exists()


async def test_a_recording_from_the_answer_begins_before_the_bridge(room: Room) -> None:
    room.desk.holds = asyncio.Event()
    call = await room.dial(PERSON, record=True)
    recordings = room.pair.pbx.recordings
    await until(lambda: any(file.stat().st_size for file in recordings.rglob(f"{call}.raw")))
    room.desk.holds.set()
    await room.ended(call)
    await until(lambda: [file.call_id for file in room.book.files] == [call])


async def call_in(pair: Pair, caller: str, exten: str, channel: str = "PJSIP/998712000000@pbx") -> str:
    """Somebody on the network calls us; the id of his channel over there."""
    id = f"n-{uuid4().hex}"
    async with opened_wire(pair.network) as wire:
        await wire.send(
            "Originate", Channel=channel, ChannelId=id, CallerID=caller, Context="caller", Exten=exten, Priority="1",
            Async="true", Timeout="20000",
        )  # fmt: skip
        await asyncio.sleep(0)
    return id


async def hang_up_there(pair: Pair, channel: str) -> None:
    async with opened_wire(pair.network) as wire:
        await wire.send("Hangup", Channel=channel)


async def test_a_caller_is_bridged_with_a_parked_agent(room: Room) -> None:
    room.desk.decide = bridge_to(await room.park())
    await call_in(room.pair, "+998901234567", "1")
    await until(lambda: bool(room.desk.asked))
    (asked,) = room.desk.asked
    assert isinstance(asked, IncomingCall)
    assert (asked.line, asked.caller) == ("+998712000000", "+998901234567")
    talking = await room.call(asked.channel, lambda call: call.bridged_at)
    assert (talking.direction, talking.number, talking.line) == (Direction.INCOMING, asked.caller, asked.line)
    await room.telephony.hang_up(asked.channel)
    assert (await room.ended(asked.channel)).outcome is Outcome.ANSWERED


async def test_a_caller_who_gives_up_waiting_ends_the_search_for_an_agent(room: Room) -> None:
    room.desk.holds = asyncio.Event()
    caller = await call_in(room.pair, "+998901234567", "1")
    await until(lambda: bool(room.desk.asked))
    await hang_up_there(room.pair, caller)
    await until(lambda: room.desk.cancelled == 1)
    (asked,) = room.desk.asked
    assert isinstance(asked, IncomingCall)
    assert (await room.ended(asked.channel)).outcome is Outcome.NO_ANSWER


async def test_an_agent_logs_in_by_dialing_and_serves_calls(room: Room) -> None:
    await call_in(room.pair, "op4", "operator", "PJSIP/*70@op4")
    await until(lambda: any(change.up for change in room.book.legs))
    (leg,) = room.book.legs
    assert room.desk.asked == [("login", "op4")]
    assert (leg.phone, leg.up) == ("op4", True)
    room.desk.decide = bridge_to(leg.channel_name)
    call = await room.dial(PERSON)
    assert (await room.call(call, lambda call: call.bridged_at)).agent_leg == leg.channel


async def test_an_agent_who_may_not_log_in_is_hung_up(room: Room) -> None:
    room.desk.welcome = False
    await call_in(room.pair, "op5", "operator", "PJSIP/*70@op5")
    await until(lambda: any(not change.up for change in room.book.legs))
    assert [(change.phone, change.up) for change in room.book.legs] == [("op5", False)]


async def test_a_service_stopped_and_begun_anew_goes_on_with_the_calls(pair: Pair) -> None:
    room = Room(pair)
    async with room.service():
        leg = await room.park()
        room.desk.decide = bridge_to(leg)
        talking = await room.dial(PERSON)
        await room.call(talking, lambda call: call.bridged_at)
        ringing = await room.dial(RINGS)
        await room.call(ringing, lambda call: call.ringing_at)
    before = room.book.calls[talking]
    await hang_up_here(pair, ringing)
    async with room.service():
        assert room.link.is_open(talking)
        assert not room.link.is_open(ringing)
        await until(lambda: len(room.book.lost) == 2)  # the link is up a moment before it has told what was lost
        live, cdrs = room.book.lost[-1]
        assert talking in live
        assert ringing in {cdr.uniqueid for cdr in cdrs}
        await room.telephony.hang_up(talking)
        after = await room.ended(talking)
        assert (after.answered_at, after.bridged_at) == (before.answered_at, before.bridged_at)
        assert after.outcome is Outcome.ANSWERED
        await room.clear()


async def hang_up_here(pair: Pair, channel: str) -> None:
    async with opened_wire(pair.pbx) as wire:
        await wire.send("Hangup", Channel=channel)
        await wire.seen("Hangup", Uniqueid=channel)


async def test_without_the_service_a_person_hears_the_message_and_is_let_go(pair: Pair) -> None:
    room = Room(pair)
    async with room.service():
        call = await room.dial(PERSON)
    async with opened_wire(pair.pbx) as wire:  # nobody of ours is there: it ends before the service comes back
        await wire.seen("Hangup", Uniqueid=call)
    async with room.service():
        await until(lambda: call in {cdr.uniqueid for cdr in room.book.cdrs})
        assert not room.link.is_open(call)
    cdr = next(cdr for cdr in room.book.cdrs if cdr.uniqueid == call)
    assert cdr.answered_at is not None
    assert cdr.ended_at is not None
    assert cdr.ended_at - cdr.answered_at > timedelta(seconds=1)  # the message, to its end
    assert room.desk.asked == []


async def test_a_cut_link_comes_back_and_the_calls_with_it(room: Room) -> None:
    room.desk.decide = bridge_to(await room.park())
    call = await room.dial(PERSON)
    await room.call(call, lambda call: call.bridged_at)
    assert room.ami._wire is not None
    room.ami._wire.transport.abort()
    await until(lambda: room.link.reconnects == 1 and room.link.is_up)
    assert room.link.is_open(call)
    await room.telephony.hang_up(call)
    assert (await room.ended(call)).outcome is Outcome.ANSWERED


def test_the_dialplan_asks_for_our_routes_and_has_our_actions() -> None:
    text = DIALPLAN.read_text()
    assert set(re.findall(r"AGI\(\$\{TL_AGI\}/([a-z-]+)", text)) == ROUTES
    hand_off = text.partition("\n[hand-off]\n")[2].partition("\n[")[0]
    assert set(re.findall(r"^exten => ([a-z]{2,}),1,", hand_off, re.MULTILINE)) >= ACTIONS
