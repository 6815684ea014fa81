"""What was written down, in the words of a test file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from crm_core.domain.call_outcomes import CallOutcome
from crm_core.domain.conversations import Ending, Party, Turn
from crm_core.errors import BadInput
from crm_core.voice_test.found import Facts, last_intent, same
from crm_core.voice_test.stage import zone_at
from tests.ivr_bot.dialog.scripts import script

AT = datetime(2026, 11, 25, 5, tzinfo=UTC)
NODES = """
  first: {kind: yes_no, prompt: "Well?", if_yes: long, if_no: short}
  short: {kind: task, task: any_task, text: "Call {name}", next: bye}
  long: {kind: task, task: own_task, text: "Call {name} (soon)", next: bye}
  bye: {kind: hang_up}
"""


def _facts(ending: Ending = Ending.FINISHED, left: bool = False, **more: object) -> Facts:
    outcome = CallOutcome("c1", ending, "bye", "en", (), (), **more)  # type: ignore[arg-type]
    return Facts(outcome, script(NODES), timezone(timedelta(hours=5)), left)


@pytest.mark.parametrize(
    ("expected", "found", "is_same"),
    [
        ("8", "8", True),
        ("8", "9", False),
        ("the staff were kind", "The staff were kind.", True),
        ("the staff were kind", "The stuff were kind.", False),
        ("two hundred and five blue boxes", "205 blue boxes.", True),
        ("two hundred blue boxes", "250 blue boxes.", False),
        ("2026-11-25 11:00", "2026-11-25 11:04", True),  # "in an hour", said four minutes into the call
        ("2026-11-25 11:00", "2026-11-25 10:59", False),
        ("2026-11-25 11:00", "2026-11-25 11:16", False),
        ("2026-11-26T17:00:00+05:00", "2026-11-26T17:00:00+05:00", True),
        ("2026-11-26T17:00:00+05:00", "2026-11-26 17:00", False),  # with a zone and without: nobody knows
        ("2026-11-25", "2026-11-26", False),  # days do not run on
        ("(none)", "sale", False),
        ("...", "!!!", False),
    ],
)
def test_the_same_is_the_same_words_or_a_little_later(expected: str, found: str, is_same: bool) -> None:
    assert same(expected, found, "en") is is_same


def test_a_task_is_known_by_the_longest_text_of_the_script_that_fits() -> None:
    assert _facts(tasks=("Call Aziz",)).fact("task") == "any_task"
    assert _facts(tasks=("Call Aziz (soon)",)).fact("task") == "own_task"
    assert _facts(tasks=("The bot promised a colleague",)).fact("task") == "(none)"


def test_a_message_counts_whether_queued_or_left_to_a_person() -> None:
    assert _facts(messages=("offer",)).fact("message") == "offer"
    assert _facts(tasks=("Send offer by sms: no number is known",)).fact("message") == "offer"
    assert _facts().fact("message") == "(none)"


def test_a_time_to_call_back_is_told_in_the_files_zone() -> None:
    assert _facts(callback_at=AT + timedelta(hours=7)).fact("call_back") == "2026-11-25 17:00"


def test_the_call_has_ended_by_the_script_or_by_who_was_to_leave() -> None:
    assert _facts().fact("ended") == "true"
    assert _facts(Ending.HUNG_UP).fact("ended") == "false"
    assert _facts(Ending.HUNG_UP, left=True).fact("ended") == "true"
    assert _facts(Ending.FAILED, left=True).fact("ended") == "false"


def test_a_deals_other_fields_stand_in_its_title() -> None:
    facts = _facts(deals=({"title": "Boxes (kind: big; reason: moving)", "amount": "50"},))
    assert [facts.deal(name) for name in ("title", "kind", "reason", "amount", "stage")] == [
        "Boxes",
        "big",
        "moving",
        "50",
        "(nothing)",
    ]


def test_a_wish_is_seen_by_rules_or_by_the_model_and_keys_have_none() -> None:
    def turn(text: str, intent: str | None = None, engine: str = "whisper/free") -> Turn:
        return Turn(Party.PERSON, text, "first", AT, AT, engine, 0.9, intent)

    assert last_intent([turn("I am driving.")], "en") == ("busy", "later")
    assert last_intent([turn("count me out", "not_interested")], "en") == ("not_interested", "not_interested")
    assert last_intent([turn("0", engine="keys"), turn("yes")], "en") == ()


@pytest.mark.parametrize("offset", ["+05:00", "-03:00", "+00:00", "+05:45", "-09:30"])
def test_there_is_a_zone_for_every_offset_in_use(offset: str) -> None:
    assert zone_at(datetime.fromisoformat(f"2026-11-25T10:00:00{offset}"))


def test_an_offset_that_is_nowhere_is_refused() -> None:
    with pytest.raises(BadInput, match="no place on earth"):
        zone_at(datetime.fromisoformat("2026-11-25T10:00:00+05:07"))
