"""Actions are built from checked words only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import BadInput
from crm_core.ports import OriginateOrder
from pbx.originate import hang_up_action, list_channels_action, originate_action, ping_action, ring_agent_action

ORDER = OriginateOrder("a-1", "+998901234567", "network", "+998712000000", 25, False, False)


def test_an_order_becomes_one_asynchronous_originate_with_our_channel_id() -> None:
    assert originate_action(ORDER, None) == {
        "Action": "Originate",
        "ActionID": "a-1",
        "ChannelId": "a-1",
        "Channel": "PJSIP/+998901234567@network",
        "Context": "campaign-answered",
        "Exten": "direct",
        "Priority": "1",
        "CallerID": "+998712000000",
        "Timeout": "25000",
        "EarlyMedia": "false",
        "Async": "true",
    }


def test_machine_detection_is_another_extension() -> None:
    assert originate_action(replace(ORDER, detect_machines=True), None)["Exten"] == "amd"


def test_recording_from_the_answer_is_told_by_variables() -> None:
    action = originate_action(ORDER, Path("/srv/recordings/2026/11/22/a-1.raw"))
    assert action["Variable"] == ["TL_RECORD_AT=answer", "TL_RECORD=/srv/recordings/2026/11/22/a-1.raw"]


def test_an_agent_is_called_into_his_parking() -> None:
    action = ring_agent_action("op-1", "op1-silent")
    assert (action["Channel"], action["Context"], action["Exten"]) == ("PJSIP/op1-silent", "operator-park", "s")
    assert (action["ChannelId"], action["Async"]) == ("op-1", "true")


def test_a_hangup_is_a_normal_clearing() -> None:
    assert hang_up_action("1795318293.53") == {"Action": "Hangup", "Channel": "1795318293.53", "Cause": "16"}
    assert list_channels_action() == {"Action": "CoreShowChannels"}
    assert ping_action() == {"Action": "Ping"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "+99890&PJSIP/x"),
        ("number", ""),
        ("number", "+998901234567\r\nAction: Command"),
        ("number", "*31#+99890"),
        ("number", "+998901234567\n"),
        ("trunk_endpoint", "network,x"),
        ("trunk_endpoint", ""),
        ("caller_id", "Bank <+998>"),
        ("channel", "/.*/"),
        ("channel", "a b"),
        ("ring_seconds", 0),
        ("ring_seconds", 601),
    ],
)
def test_a_word_that_is_none_is_refused(field: str, value: object) -> None:
    with pytest.raises(BadInput):
        originate_action(replace(ORDER, **{field: value}), None)  # type: ignore[arg-type]


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_accepted_holds_no_separator(number: str, trunk: str, caller: str, channel: str, path: str) -> None:
    order = OriginateOrder(channel, number, trunk, caller, 20, False, True)
    try:
        action = originate_action(order, Path("/" + path))
    except BadInput:
        return
    for value in action.values():
        for text in value if isinstance(value, list) else [value]:
            assert not set(text) & set("\r\n,;&|$(){}[]\"'\\ <>")


@pytest.mark.parametrize("path", ["relative.raw", "/a,b.raw", "/a b.raw", "/${X}.raw"])
def test_a_path_the_dialplan_could_misread_is_refused(path: str) -> None:
    with pytest.raises(BadInput):
        originate_action(ORDER, Path(path))
