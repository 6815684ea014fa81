"""What the switch is sent so that a supervisor hears a call, and what it never is sent."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.monitoring import MonitorMode
from crm_core.errors import BadInput
from crm_core.ports import MonitorOrder
from pbx.monitor_actions import end_with_call_action, monitor_action

ORDER = MonitorOrder("sup-1", "op1", "tl-7", MonitorMode.WHISPER, "op-leg-3")

_OF_NAMES = set(ascii_letters + digits + "_.-~")


def test_the_phone_is_rung_and_told_whom_to_hear() -> None:
    action = monitor_action(ORDER)
    told = ("Channel", "ChannelId", "Context", "Exten", "Variable")
    assert [action[name] for name in told] == [
        "PJSIP/op1",
        "sup-1",
        "supervise",
        "whisper",
        ["TL_CALL=tl-7", "TL_LEG=op-leg-3"],
    ]


def test_without_an_agent_only_the_person_is_named() -> None:
    action = monitor_action(replace(ORDER, mode=MonitorMode.LISTEN, agent_leg=None))
    assert (action["Exten"], action["Variable"]) == ("listen", ["TL_CALL=tl-7"])


@given(st.text(min_size=1).filter(lambda text: not set(text) <= _OF_NAMES))
def test_nothing_but_names_reaches_the_dialplan(text: str) -> None:
    for order in (replace(ORDER, call=text), replace(ORDER, agent_leg=text), replace(ORDER, phone=text)):
        with pytest.raises(BadInput):
            monitor_action(order)
    for order in (replace(ORDER, call=text), replace(ORDER, channel="sup-" + text)):
        with pytest.raises(BadInput):
            end_with_call_action(order)


def test_no_other_leg_can_be_ended_with_a_call() -> None:
    with pytest.raises(BadInput):
        end_with_call_action(replace(ORDER, channel="op-leg-3"))
