"""Channel events fold into calls, whatever their order and however they are interleaved."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import CallSnapshot, Direction, LegRole
from pbx.ami_events import (
    RING,
    UP,
    ChannelCreated,
    ChannelEnteredBridge,
    ChannelEvent,
    ChannelLeftBridge,
    ChannelRenamed,
    ChannelStateChanged,
    OriginateFailed,
    SwitchStopped,
    parse_event,
)
from pbx.call_board import OUTSIDE
from pbx.channels import CallFold
from tests.pbx.ami_text import (
    NOON,
    busy,
    hung_up,
    incoming,
    outgoing,
    parked,
    recorded_messages,
    rung,
    second,
    talk,
)


def folded(events: Iterable[ChannelEvent]) -> CallFold:
    fold = CallFold("pbx")
    for event in events:
        fold.apply(event)
    return fold


def only_call(events: Iterable[ChannelEvent]) -> CallSnapshot:
    (call,) = folded(events).changed()
    return call


def test_an_answered_call_is_handed_to_a_parked_agent() -> None:
    call = only_call([*parked("op-1"), *outgoing("a-1"), *talk("a-1", "op-1", "b1"), *hung_up("a-1")])
    assert (call.id, call.node, call.direction, call.number) == ("a-1", "pbx", Direction.OUTGOING, None)
    assert (call.started_at, call.ringing_at, call.answered_at) == (second(0), second(1), second(2))
    assert (call.bridged_at, call.ended_at) == (second(3.002), second(61))
    assert (call.agent_leg, call.agent_phone) == ("op-1", "op1")
    assert (call.outcome, call.cause) == (Outcome.ANSWERED, 16)
    callee, agent = call.legs
    assert (callee.role, callee.phone, callee.answered_at) == (LegRole.CALLEE, "carrier", second(2))
    assert (agent.role, agent.channel, agent.phone) == (LegRole.AGENT, "op-1", "op1")
    assert (agent.started_at, agent.ended_at) == (second(3.002), second(60))


def test_a_parked_leg_is_no_call_and_serves_one_call_after_another() -> None:
    fold = folded([*parked("op-1"), *outgoing("a-1"), *talk("a-1", "op-1", "b1"), *hung_up("a-1")])
    assert [change.up for change in fold.leg_changes()] == [True]
    assert [call.id for call in fold.changed()] == ["a-1"]
    assert fold.parked_legs("op1") == ["op-1"]
    for event in [*outgoing("a-2"), *talk("a-2", "op-1", "b2"), *hung_up("a-2")]:
        fold.apply(event)
    assert [(call.id, call.agent_leg) for call in fold.changed()] == [("a-2", "op-1")]
    assert fold.leg_changes() == []
    assert fold.channels == {"op-1"}


def test_while_bridged_a_parked_leg_does_not_count_as_waiting() -> None:
    fold = folded([*parked("op-1"), *outgoing("a-1"), *talk("a-1", "op-1", "b1")[:2]])
    assert fold.parked_legs("op1") == []


def test_an_agents_phone_rung_for_the_call_is_a_leg_of_it() -> None:
    call = only_call([*outgoing("a-1"), *rung("a-1", "1795318293.53", "b1"), *hung_up("a-1")])
    assert (call.bridged_at, call.agent_phone, call.agent_leg) == (second(4.2), "op2", "1795318293.53")
    leg = call.legs[1]
    assert (leg.started_at, leg.answered_at, leg.ended_at, leg.cause) == (second(3), second(4), second(50), 16)


def test_a_person_who_calls_is_an_incoming_call_with_numbers_in_e164() -> None:
    call = only_call([*parked("op-1"), *incoming("1795.1"), *talk("1795.1", "op-1", "b"), *hung_up("1795.1")])
    assert (call.direction, call.number, call.line) == (Direction.INCOMING, "+998901234567", "+998712000000")
    assert (call.outcome, call.legs[0].role) == (Outcome.ANSWERED, LegRole.CALLER)
    assert call.answered_at == second(3.002)


def test_a_caller_nobody_spoke_with_was_not_answered_even_if_a_notice_played() -> None:
    call = only_call([*incoming("1795.1"), ChannelStateChanged("1795.1", UP, second(1)), *hung_up("1795.1")])
    assert call.outcome is Outcome.NO_ANSWER
    assert call.bridged_at is None


@pytest.mark.parametrize(
    ("caller", "country", "number"),
    [
        ("901234567", "UZ", "+998901234567"),
        ("998901234567", None, "+998901234567"),
        ("+998901234567", None, "+998901234567"),
        ("103", "UZ", "103"),  # a short code stays as it is
        ("anonymous", "UZ", None),
        (None, "UZ", None),
        ("9" * 30, None, None),
    ],
)
def test_callers_are_written_as_they_can_be_dialed(caller: str | None, country: str | None, number: str | None) -> None:
    fold = CallFold("pbx", country)
    fold.apply(
        ChannelCreated("1795.1", "PJSIP/carrier-00000002", "1795.1", RING, caller, "incoming", "712000000", NOON)
    )
    assert [call.number for call in fold.changed()] == [number]


def test_a_busy_callee_is_told_twice_by_the_switch_and_ends_once() -> None:
    *before, hangup, failed = busy("a-1")
    for order in ([*before, hangup, failed], [*before, failed, hangup]):
        call = only_call(order)
        assert (call.outcome, call.cause, call.sip_status) == (Outcome.BUSY, 17, "486")
        assert call.answered_at is None


def test_an_originate_that_made_no_channel_is_a_failed_call() -> None:
    call = only_call([OriginateFailed("a-1", "PJSIP/+99890@nowhere", NOON)])
    assert (call.id, call.outcome, call.ended_at, call.legs) == ("a-1", Outcome.FAILED, NOON, ())


def test_the_failure_of_a_second_originate_with_the_same_id_does_not_end_the_first() -> None:
    fold = folded([*outgoing("a-1"), OriginateFailed("a-1", "PJSIP/+99890@carrier", NOON)])
    assert fold.is_open("a-1")


def test_an_agents_phone_that_cannot_be_reached_is_a_leg_down() -> None:
    fold = folded([OriginateFailed("op-1", "PJSIP/op9", NOON)])
    (change,) = fold.leg_changes()
    assert (change.phone, change.channel, change.up) == ("op9", "op-1", False)
    assert fold.changed() == []


def test_an_agents_phone_that_is_busy_is_one_leg_down() -> None:
    created = parked("op-1")[0]
    fold = folded([created, *hung_up("op-1", 17, "486"), OriginateFailed("op-1", "PJSIP/op1", NOON)])
    assert [change.up for change in fold.leg_changes()] == [False]


def test_an_agent_who_dials_in_is_parked_and_is_no_call() -> None:
    name = "PJSIP/op3-silent-0000000c"
    fold = folded(
        [
            ChannelCreated("1795.9", name, "1795.9", RING, "op3", "operator-phone", "*70", second(0)),
            ChannelStateChanged("1795.9", UP, second(1)),
        ]
    )
    (change,) = fold.leg_changes()
    assert (change.phone, change.channel, change.channel_name, change.up) == ("op3-silent", "1795.9", name, True)
    assert fold.changed() == []
    for event in [*outgoing("a-1"), *talk("a-1", "1795.9", "b"), *hung_up("a-1")]:
        fold.apply(event)
    assert [call.agent_leg for call in fold.changed()] == ["1795.9"]


def test_an_agent_who_hangs_up_first_leaves_the_call_open() -> None:
    fold = folded([*parked("op-1"), *outgoing("a-1"), *talk("a-1", "op-1", "b")[:2]])
    for event in [ChannelLeftBridge("op-1", "b", second(9)), *hung_up("op-1", at=9)]:
        fold.apply(event)
    (call,) = fold.changed()
    assert call.ended_at is None
    assert call.legs[1].ended_at == second(9)
    assert [change.up for change in fold.leg_changes()] == [True, False]


def test_a_hangup_while_bridged_leaves_no_bridge_behind() -> None:
    fold = folded([*parked("op-1"), *outgoing("a-1"), *talk("a-1", "op-1", "b")[:2], *hung_up("a-1")])
    (call,) = fold.changed()
    assert call.outcome is Outcome.ANSWERED
    assert call.legs[1].ended_at == second(61)
    fold.apply(ChannelLeftBridge("op-1", "b", second(62)))
    assert fold.changed() == []
    assert fold.parked_legs("op1") == ["op-1"]


def test_an_agent_who_comes_back_to_the_same_call_has_one_leg_in_it() -> None:
    twice = [*talk("a-1", "op-1", "b1"), *talk("a-1", "op-1", "b2")]
    call = only_call([*parked("op-1"), *outgoing("a-1"), *twice, *hung_up("a-1")])
    assert [leg.channel for leg in call.legs] == ["a-1", "op-1"]


def test_answered_and_gone_before_a_hand_off_is_hung_up() -> None:
    assert only_call([*outgoing("a-1"), *hung_up("a-1")]).outcome is Outcome.HUNG_UP


def test_two_people_in_one_bridge_are_not_agent_and_customer() -> None:
    fold = folded([*outgoing("a-1"), *outgoing("a-2")])
    for channel in ("a-1", "a-2"):
        fold.apply(ChannelEnteredBridge(channel, "b", NOON))
    assert [call.bridged_at for call in fold.changed()] == [None, None]


def test_renamed_channels_and_inner_channels_make_no_calls() -> None:
    inner = ChannelCreated("1.1", "Message/ast_msg_queue", "1.1", 6, None, "default", "", NOON)
    fold = folded([inner, ChannelRenamed("1.1", "x"), SwitchStopped(NOON), *outgoing("a-1")])
    fold.apply(ChannelRenamed("a-1", "PJSIP/other-00000009"))
    assert fold.channels == {"a-1"}


@pytest.mark.parametrize("name", ["WebSocket/trunkline-bot/0x7f", "AudioSocket/127.0.0.1:8090-0x7f"])
def test_the_bots_media_is_no_agent(name: str) -> None:
    media = ChannelCreated("1.1", name, "a-1", UP, None, "hand-off", "bot", second(2))
    entered = [ChannelEnteredBridge(channel, "b", second(3)) for channel in ("1.1", "a-1")]
    call = only_call([*outgoing("a-1"), media, *entered, *hung_up("1.1"), *hung_up("a-1")])
    assert (call.bridged_at, call.agent_leg, len(call.legs)) == (None, None, 1)


@pytest.mark.parametrize("prefix", OUTSIDE)
def test_legs_made_for_something_else_are_no_calls_nor_what_they_dial(prefix: str) -> None:
    own = ChannelCreated(f"{prefix}1", "PJSIP/op1-00000007", f"{prefix}1", 0, None, "transfer", "", second(3))
    dialed = ChannelCreated("1.9", "PJSIP/carrier-00000008", f"{prefix}1", 0, None, "incoming", "", second(4))
    failed = OriginateFailed(f"{prefix}2", "PJSIP/op1", second(5))
    call = only_call([*parked("op-1"), *outgoing("a-1"), *talk("a-1", "op-1", "b1"), own, dialed, failed])
    assert [leg.channel for leg in call.legs] == ["a-1", "op-1"]


def test_changes_of_one_call_come_as_one_and_are_told_once() -> None:
    fold = folded(outgoing("a-1"))
    assert fold.has_news
    assert len(fold.changed()) == 1
    assert not fold.has_news
    assert fold.changed() == []


SCENES: dict[str, Callable[[int], list[ChannelEvent]]] = {
    "parked": lambda n: [
        *parked(f"op-{n}"),
        *outgoing(f"a-{n}"),
        *talk(f"a-{n}", f"op-{n}", f"b{n}"),
        *hung_up(f"a-{n}"),
        *hung_up(f"op-{n}"),
    ],
    "rung": lambda n: [*outgoing(f"a-{n}"), *rung(f"a-{n}", f"17.{n}", f"b{n}"), *hung_up(f"a-{n}")],
    "incoming": lambda n: [
        *parked(f"op-{n}"),
        *incoming(f"a-{n}"),
        *talk(f"a-{n}", f"op-{n}", f"b{n}"),
        *hung_up(f"a-{n}"),
        *hung_up(f"op-{n}"),
    ],
    "busy": lambda n: busy(f"a-{n}"),
    "missed": lambda n: [*incoming(f"a-{n}"), *hung_up(f"a-{n}", 127, "487")],
    "unborn": lambda n: [OriginateFailed(f"a-{n}", "PJSIP/+1@x", NOON)],
}


@given(st.lists(st.sampled_from(sorted(SCENES)), min_size=1, max_size=6), st.data())
def test_interleaved_calls_come_to_the_same_as_one_after_another(kinds: list[str], data: st.DataObject) -> None:
    scenes = [SCENES[kind](n) for n, kind in enumerate(kinds)]
    alone = folded(event for scene in scenes for event in scene)
    turns = data.draw(st.permutations([n for n, scene in enumerate(scenes) for _ in scene]))
    ready = [iter(scene) for scene in scenes]
    mixed = folded(next(ready[n]) for n in turns)
    assert sorted(mixed.changed(), key=lambda call: call.id) == sorted(alone.changed(), key=lambda call: call.id)
    assert sorted(mixed.leg_changes(), key=lambda c: (c.channel, c.up)) == sorted(
        alone.leg_changes(), key=lambda c: (c.channel, c.up)
    )
    assert mixed.open_calls == 0
    assert mixed.channels == frozenset()


@given(st.lists(st.sampled_from(sorted(SCENES)), min_size=1, max_size=3), st.data())
def test_events_lost_or_repeated_break_nothing_and_leave_nothing(kinds: list[str], data: st.DataObject) -> None:
    events = [event for n, kind in enumerate(kinds) for event in SCENES[kind](n)]
    heard = data.draw(st.lists(st.sampled_from(events), max_size=60))
    fold = folded(heard)
    for channel in list(fold.channels):
        for event in hung_up(channel):
            fold.apply(event)
    assert fold.channels == frozenset()
    assert fold.open_calls == 0


def test_the_recording_folds_into_the_calls_that_were_made() -> None:
    fold = CallFold("pbx", "UZ")
    for message in recorded_messages():
        if (event := parse_event(message, NOON)) is not None:
            fold.apply(event)
    calls = {call.id: call for call in fold.changed()}
    outcomes = {id: call.outcome for id, call in calls.items() if call.direction is Direction.OUTGOING}
    assert outcomes == {
        "att-1": Outcome.ANSWERED,
        "att-busy": Outcome.BUSY,
        "att-ringout": Outcome.NO_ANSWER,
        "att-giveup": Outcome.GIVEN_UP,
        "att-giveup2": Outcome.GIVEN_UP,
        "att-404": Outcome.NOT_IN_SERVICE,
        "att-503": Outcome.CONGESTION,
        "att-notrunk": Outcome.FAILED,
        "att-dup": Outcome.ANSWERED,
        "att-7": calls["att-7"].outcome,
        "att-ring": Outcome.ANSWERED,
    }
    first = calls["att-1"]
    assert first.bridged_at is not None
    assert first.answered_at is not None
    assert (first.bridged_at - first.answered_at).total_seconds() < 0.05
    assert {call.number for call in calls.values() if call.direction is Direction.INCOMING} == {"+998901234567", None}
    assert fold.channels == frozenset()
