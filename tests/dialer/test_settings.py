"""Settings of dialer and desk, as an administrator writes them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm_core.domain.numbers import IncomingRule
from crm_core.errors import BadSetting
from dialer.settings import DeskSettings, DialerSettings, desk_settings_from_env, dialer_settings_from_env


def test_without_settings_the_defaults_hold() -> None:
    assert dialer_settings_from_env({}) == DialerSettings()
    assert desk_settings_from_env({}) == DeskSettings()


def test_what_is_set_is_taken() -> None:
    dialer = dialer_settings_from_env({"DIALER_CALLS_PER_SECOND": "7.5", "DIALER_MAX_LINES": "40"})
    assert (dialer.calls_per_second, dialer.max_lines) == (7.5, 40)
    desk = desk_settings_from_env(
        {
            "DESK_CLOSED_MESSAGE": "custom/closed&goodbye",
            "DESK_MISSED_MESSAGE": "custom/missed",
            "DESK_INCOMING_NOTICE": "",
            "DESK_INCOMING_WAIT": "90",
            "DESK_RING_AGENT_FOR": "12",
            "DESK_RECORD_INCOMING": "no",
            "DESK_NIGHT_SCRIPT": "after-hours",
            "DESK_NIGHT_FIELDS": "company = Lola; opens=at nine;",
            "DESK_ANNOUNCE_SUMMARY": "no",
            "DESK_NOTIFY": "Boss@Example.com",
        }
    )
    assert (desk.closed_message, desk.missed_message) == ("custom/closed&goodbye", "custom/missed")
    assert desk.incoming_notice is None
    assert (desk.incoming_wait, desk.ring_agent_for) == (timedelta(seconds=90), timedelta(seconds=12))
    assert desk.record_incoming is False
    assert desk.night_script == "after-hours"
    assert desk.night_fields == {"company": "Lola", "opens": "at nine"}
    assert desk.incoming == IncomingRule("after-hours", desk.night_fields, "boss@example.com", announces=False)
    assert desk_settings_from_env({}).incoming == IncomingRule()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DESK_CLOSED_MESSAGE", "a sound, with words"),
        ("DESK_MISSED_MESSAGE", "x&&y"),
        ("DESK_RECORD_INCOMING", "maybe"),
        ("DESK_INCOMING_WAIT", "0"),
        ("DESK_RING_AGENT_FOR", "soon"),
        ("DESK_NIGHT_FIELDS", "Lola"),
        ("DESK_ANNOUNCE_SUMMARY", "perhaps"),
        ("DESK_NOTIFY", "the boss"),
    ],
)
def test_what_cannot_work_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=name):
        desk_settings_from_env({name: text})


@pytest.mark.parametrize("text", ["-1", "many", "1e9"])
def test_a_rate_must_be_a_positive_number(text: str) -> None:
    with pytest.raises(BadSetting, match="DIALER_CALLS_PER_SECOND"):
        dialer_settings_from_env({"DIALER_CALLS_PER_SECOND": text})
