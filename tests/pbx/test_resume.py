"""After a gap in the events the board is brought in step with the channels alive now."""

from __future__ import annotations

from dataclasses import replace

from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import CallSnapshot, Direction, LegRole
from pbx.ami_events import RING, RINGING, UP, ChannelCreated, ChannelListed, ChannelStateChanged
from pbx.channels import CallFold
from tests.pbx.ami_text import hung_up, incoming, outgoing, parked, rung, second, talk


def listed(channel: str, name: str = "PJSIP/carrier-00000001", **changes: object) -> ChannelListed:
    plain = ChannelListed(channel, name, channel, UP, None, "hand-off", "bridge", None, second(0))
    return replace(plain, **changes)  # type: ignore[arg-type]


PARKED_LEG = listed("op-1", "PJSIP/op1-0000000a", context="operator-park", exten="s", started_at=second(-20))


def stored(*, bridged: bool = False, up: bool = True) -> CallSnapshot:
    """An open call as the call book gives it back."""
    fold = CallFold("pbx")
    events = [*parked("op-1"), *outgoing("a-1", answered=up), *(talk("a-1", "op-1", "b")[:2] if bridged else [])]
    for event in events:
        fold.apply(event)
    (call,) = fold.changed()
    return call


def test_a_service_begun_anew_goes_on_with_the_calls_that_live() -> None:
    fold = CallFold("pbx")
    fold.resume([stored()], [listed("a-1"), PARKED_LEG], second(5))
    for event in [*talk("a-1", "op-1", "b"), *hung_up("a-1")]:
        fold.apply(event)
    (call,) = fold.changed()
    assert (call.answered_at, call.bridged_at, call.outcome) == (second(2), second(3.002), Outcome.ANSWERED)
    assert [leg.role for leg in call.legs] == [LegRole.CALLEE, LegRole.AGENT]


def test_a_bridged_call_goes_on_with_its_agent_and_its_times() -> None:
    fold = CallFold("pbx")
    customer = listed("a-1", linkedid="op-1", bridge="b")
    fold.resume([stored(bridged=True)], [customer, replace(PARKED_LEG, bridge="b")], second(30))
    assert fold.parked_legs("op1") == []
    for event in [*talk("a-1", "op-1", "b")[2:], *hung_up("a-1")]:
        fold.apply(event)
    (call,) = fold.changed()
    assert (call.bridged_at, call.agent_leg, call.outcome) == (second(3.002), "op-1", Outcome.ANSWERED)
    (agent,) = [leg for leg in call.legs if leg.role is LegRole.AGENT]
    assert (agent.started_at, agent.ended_at) == (second(3.002), second(60))
    assert fold.parked_legs("op1") == ["op-1"]


def test_what_ended_in_the_gap_is_forgotten_without_a_word() -> None:
    fold = CallFold("pbx")
    fold.resume([stored()], [], second(30))
    assert (fold.changed(), fold.open_calls, fold.channels) == ([], 0, frozenset())


def test_changes_not_told_before_the_gap_are_told_after_it() -> None:
    fold = CallFold("pbx")
    for event in outgoing("a-1"):
        fold.apply(event)
    fold.resume([], [], second(30))
    (call,) = fold.changed()
    assert (call.id, call.answered_at, call.ended_at) == ("a-1", second(2), None)


def test_an_answer_and_a_bridge_nobody_saw_have_the_time_of_the_list() -> None:
    fold = CallFold("pbx")
    customer = listed("a-1", linkedid="op-1", bridge="b")
    fold.resume([stored(up=False)], [customer, replace(PARKED_LEG, bridge="b")], second(30))
    (call,) = fold.changed()
    assert (call.answered_at, call.bridged_at, call.agent_phone) == (second(30), second(30), "op1")


def test_the_bots_media_is_no_leg_of_the_call_it_serves() -> None:
    fold = CallFold("pbx")
    media = listed("1.1", "WebSocket/trunkline-bot/0x7f", linkedid="a-1", bridge="b")
    fold.resume([stored()], [listed("a-1", bridge="b"), media], second(5))
    for event in hung_up("a-1"):
        fold.apply(event)
    (call,) = fold.changed()
    assert (call.bridged_at, len(call.legs), call.outcome) == (None, 1, Outcome.HUNG_UP)


def test_a_call_nobody_knew_is_taken_in() -> None:
    fold = CallFold("pbx", "UZ")
    caller = listed("1795318475.28", caller="901234567", exten="998712000000", state=RINGING)
    fold.resume([], [listed("a-9"), caller], second(30))
    calls = {call.id: call for call in fold.changed()}
    assert calls["a-9"].direction is Direction.OUTGOING
    assert calls["a-9"].answered_at == second(30)
    assert calls["1795318475.28"].direction is Direction.INCOMING
    assert calls["1795318475.28"].number == "+998901234567"
    assert calls["1795318475.28"].ringing_at == second(30)


def test_a_customer_bridged_in_the_gap_with_a_leg_that_had_another_is_a_call_of_his_own() -> None:
    fold = CallFold("pbx")
    for event in [*parked("op-1"), *outgoing("a-1"), *talk("a-1", "op-1", "b")[:2]]:
        fold.apply(event)
    fold.changed()
    second_customer = listed("a-2", linkedid="op-1", bridge="b2", started_at=second(20))
    fold.resume([], [second_customer, replace(PARKED_LEG, bridge="b2")], second(30))
    (call,) = [call for call in fold.changed() if call.id == "a-2"]
    assert (call.agent_leg, call.legs[0].role) == ("op-1", LegRole.CALLEE)


def test_a_rung_leg_is_taken_in_as_a_leg_of_its_call() -> None:
    fold = CallFold("pbx")
    phone = listed("1795318293.53", "PJSIP/op2-0000000b", linkedid="a-1", context="operator-phone", bridge="b")
    fold.resume([stored()], [phone, listed("a-1", bridge="b")], second(30))
    (call,) = fold.changed()
    assert (call.id, call.agent_phone, call.bridged_at) == ("a-1", "op2", second(30))
    for event in [*rung("a-1", "1795318293.53", "b")[5:], *hung_up("a-1")]:
        fold.apply(event)
    (ended,) = fold.changed()
    assert [leg.role for leg in ended.legs] == [LegRole.CALLEE, LegRole.AGENT]


def test_an_agent_who_left_in_the_gap_has_his_leg_in_the_call_closed() -> None:
    fold = CallFold("pbx")
    fold.resume([stored(bridged=True)], [listed("a-1", linkedid="op-1")], second(30))
    (call,) = fold.changed()
    assert call.ended_at is None
    assert call.legs[1].ended_at == second(30)


def test_parked_legs_are_told_again_to_who_may_not_know_them() -> None:
    fold = CallFold("pbx")
    fold.resume([], [PARKED_LEG, listed("1795318400.1", "PJSIP/op2-0000000c", context="operator-park")], second(30))
    told = {(change.phone, change.channel, change.up) for change in fold.leg_changes()}
    assert told == {("op1", "op-1", True), ("op2", "1795318400.1", True)}


def test_a_leg_that_dialed_in_and_is_bridged_is_its_agents_own_again() -> None:
    before = CallFold("pbx")
    name = "PJSIP/op2-0000000c"
    login = ChannelCreated("1795318400.1", name, "1795318400.1", RING, "op2", "operator-phone", "*70", second(-20))
    answered = ChannelStateChanged("1795318400.1", UP, second(-19))
    for event in [login, answered, *outgoing("a-1"), *talk("a-1", "1795318400.1", "b")[:2]]:
        before.apply(event)
    (known,) = before.changed()
    fold = CallFold("pbx")
    leg = listed("1795318400.1", "PJSIP/op2-0000000c", context="operator-park", bridge="b", started_at=second(-20))
    fold.resume([known], [listed("a-1", linkedid="1795318400.1", bridge="b"), leg], second(30))
    for event in [*talk("a-1", "1795318400.1", "b")[2:], *hung_up("a-1")]:
        fold.apply(event)
    (call,) = fold.changed()
    assert [leg.channel for leg in call.legs] == ["a-1", "1795318400.1"]
    assert fold.parked_legs("op2") == ["1795318400.1"]


def test_the_same_list_twice_changes_nothing() -> None:
    fold = CallFold("pbx")
    for event in [*parked("op-1"), *incoming("1795318475.28"), *talk("1795318475.28", "op-1", "b")[:2]]:
        fold.apply(event)
    channels = [listed("1795318475.28", linkedid="op-1", bridge="b"), replace(PARKED_LEG, bridge="b")]
    fold.resume([], channels, second(30))
    fold.changed(), fold.leg_changes()
    fold.resume([], channels, second(31))
    assert (fold.changed(), fold.leg_changes()) == ([], [])
