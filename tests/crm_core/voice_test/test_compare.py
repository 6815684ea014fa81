"""What was expected of a conversation, laid beside what was written down of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm_core.domain.conversations import Answer, Ending
from crm_core.voice_test.compare import compared
from crm_core.voice_test.plans import Plan
from tests.crm_core.voice_test.records import BEGAN, Faithful, plan_of, shipped_plans
from tests.ivr_bot.dialog.scripts import script

NODES = """
  first: {kind: yes_no, prompt: "Well?", if_yes: count, if_no: bye}
  count: {kind: number, from: 1, to: 9, prompt: "How many?", next: order}
  order: {kind: deal, fields: {title: "Boxes for {name}", boxes: "{count}"}, next: mark}
  mark: {kind: disposition, code: sale, next: todo}
  todo: {kind: task, task: pack, text: "Pack {count} boxes", next: words}
  words: {kind: free, prompt: "Anything else?", next: bye}
  bye: {kind: hang_up, prompt: "Thank you."}
"""
TESTS = """now: 2026-11-25T10:00:00+05:00
lead: {name: Aziz}
conversations:
  - name: Buys
    moves:
      - expect: {node: first, bot: "well?"}
      - {says: "yes", expect: {node: count, result: (none), task: (none)}}
      - {says: "three", expect: {node: words, slots: {count: 3}, deal: {boxes: 3, title: Boxes for Aziz}, task: pack}}
      - {says: call before you come, expect: {slots: {words: call before you come}, result: sale, ended: "true"}}
"""


@pytest.fixture
def plan() -> Plan:
    return plan_of(script(NODES), TESTS)


_NAMED = [pytest.param(one, id=f"{one.script.name}: {one.conversation.name}") for one in shipped_plans()]


@pytest.mark.parametrize("shipped", _NAMED)
def test_a_conversation_that_went_as_it_was_said_does_not_differ(shipped: Plan) -> None:
    faithful = Faithful(shipped)
    held = compared(shipped, "flite", faithful.taken, faithful.outcome())
    assert held.differences == ()
    assert held.misheard == ()


def test_what_was_misheard_stands_beside_what_differs_for_it(plan: Plan) -> None:
    faithful = Faithful(plan, heard_as={8: "Seven."})
    held = compared(plan, "flite", faithful.taken, faithful.outcome())
    assert [(line.line, line.said, line.heard) for line in held.misheard] == [(8, "three", "Seven.")]
    assert [(one.line, one.what, one.found) for one in held.differences] == [
        (8, "slots count", "7"),
        (8, "deal boxes", "7"),
    ]
    assert "person: said “three”, heard “Seven.”" in held.told


@pytest.mark.parametrize("heard", ["3", "Three.", "um, three please"])
def test_what_means_the_same_was_not_misheard(plan: Plan, heard: str) -> None:
    faithful = Faithful(plan, heard_as={8: heard})
    held = compared(plan, "flite", faithful.taken, faithful.outcome())
    assert (held.misheard, held.differences) == ((), ())


def test_what_the_recogniser_was_not_sure_of_was_misheard_though_the_words_are_right(plan: Plan) -> None:
    faithful = Faithful(plan)
    right = faithful.outcome()
    turns = tuple(replace(turn, confidence=0.2) if turn.text == "three" else turn for turn in right.turns)
    held = compared(plan, "", faithful.taken, replace(right, turns=turns))
    assert [line.told for line in held.misheard] == ["said “three”, heard “three”, only 20% sure"]


def test_a_free_answer_may_differ_in_signs_but_not_in_words(plan: Plan) -> None:
    as_said = Faithful(plan, heard_as={9: "Call before you come."})
    assert compared(plan, "", as_said.taken, as_said.outcome()).differences == ()
    other = Faithful(plan, heard_as={9: "Call before you go."})
    held = compared(plan, "", other.taken, other.outcome())
    assert [one.what for one in held.differences] == ["slots words"]


def test_each_fact_that_is_otherwise_is_a_difference_at_its_line(plan: Plan) -> None:
    faithful = Faithful(plan)
    right = faithful.outcome()
    for changed, line, what in (
        (replace(right, disposition="callback"), 9, "result"),
        (replace(right, tasks=("Call somebody",)), 8, "task"),
        (replace(right, deals=()), 8, "deal boxes"),
        (replace(right, ending=Ending.HUNG_UP), 9, "ended"),
        (replace(right, answers=(Answer("count", "4", "four", BEGAN),)), 8, "slots count"),
        (replace(right, turns=tuple(turn for turn in right.turns if turn.text != "Well?")), 6, "bot"),
    ):
        held = compared(plan, "", faithful.taken, changed)
        assert (line, what) in [(one.line, one.what) for one in held.differences]


def test_what_a_later_move_changes_is_not_asked_of_the_record(plan: Plan) -> None:
    """After the first answer there is no result yet; in the end there is, and the record knows only the end."""
    faithful = Faithful(plan)
    assert faithful.outcome().disposition == "sale"
    assert compared(plan, "", faithful.taken, faithful.outcome()).differences == ()


def test_a_call_that_ended_early_differs_at_the_first_move_that_was_not_made(plan: Plan) -> None:
    faithful = Faithful(plan)
    faithful.taken.exchanges[1:] = []
    faithful.taken.dropped = True
    held = compared(plan, "", faithful.taken, faithful.outcome())
    not_made = [(one.line, one.found) for one in held.differences if one.what == "call"]
    assert not_made == [(8, "it had ended before this move"), (9, "it had ended before this move")]


def test_no_call_and_no_conversation_are_told_apart(plan: Plan) -> None:
    faithful = Faithful(plan)
    assert compared(plan, "", None, faithful.outcome()).differences[0].found == "the call did not come"
    assert compared(plan, "", faithful.taken, None).differences[0].found == "nothing was written down of the call"


def test_answers_to_speech_are_timed_and_others_are_not(plan: Plan) -> None:
    faithful = Faithful(plan)
    held = compared(plan, "", faithful.taken, faithful.outcome())
    assert held.responses == pytest.approx((0.7, 0.7, 0.7))
