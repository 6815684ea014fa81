"""Which conversations callers can hold, and why others cannot be."""

from __future__ import annotations

import pytest

from crm_core.voice_test.plans import Unspoken, number_of, plans_of
from ivr_bot.dialog.conversations import read_conversations
from ivr_bot.dialog.marks import BadScript
from ivr_bot.dialog.script import Script
from tests.ivr_bot.dialog.scripts import script

HEAD = 'script: small\nlanguages: [en, ru]\nwho: {en: "Lola calls.", ru: "Звонит Лола."}\nstart: first\nnodes:\n'
NODES = """
  first: {kind: yes_no, prompt: {en: "Well?", ru: "Ну?"}, if_yes: good, if_no: bye}
  good: {kind: disposition, code: good, next: bye}
  bye: {kind: hang_up}
"""


@pytest.fixture
def small() -> Script:
    return script(NODES, HEAD)


def _unspoken(of: Script, *moves: str, language: str = "en", heard: tuple[str, ...] = ("en",)) -> Unspoken | None:
    text = f"now: 2026-11-25T10:00:00+05:00\nconversations:\n  - name: one\n    language: {language}\n    moves:\n"
    text += "".join(f"      - {move}\n" for move in moves)
    plans, unspoken = plans_of(of, read_conversations(text, "small.test.yml"), heard)
    assert len(plans) + len(unspoken) == 1
    return unspoken[0] if unspoken else None


def test_what_is_said_pressed_coughed_and_kept_silent_can_be_held(small: Script) -> None:
    assert _unspoken(small, "{hears: noise}", "{hears: silence}", '{says: "yes", expect: {result: good}}') is None


def test_a_language_without_a_recogniser_is_a_fault_that_says_what_to_do(small: Script) -> None:
    found = _unspoken(small, "{says: да}", language="ru")
    assert found is not None
    assert (found.fault, found.why) == (True, "no recogniser here hears 'ru': see `trunkline models list`")
    assert _unspoken(small, "{says: да}", language="ru", heard=("en", "ru")) is None


def test_keys_need_no_recogniser(small: Script) -> None:
    assert _unspoken(small, '{presses: "1", expect: {result: good}}', language="ru") is None


def test_the_language_is_the_one_spoken_at_that_moment(small: Script) -> None:
    """Who asks for Russian in English has to be heard in Russian from then on."""
    moves = ("{says: can we speak russian, understood_as: language}", "{says: да, expect: {result: good}}")
    found = _unspoken(small, *moves)
    assert found is not None
    assert found.fault


@pytest.mark.parametrize("move", ["{fails: recogniser}", '{says: "yes", confidence: 10}'])
def test_what_a_caller_cannot_do_is_for_text_only_and_no_fault(small: Script, move: str) -> None:
    found = _unspoken(small, move)
    assert found is not None
    assert not found.fault


def test_what_differs_as_text_is_not_worth_a_call(small: Script) -> None:
    found = _unspoken(small, '{says: "yes", expect: {result: bad}}')
    assert found is not None
    assert "differs as text already (line 6: result)" in found.why


def test_a_move_may_interrupt_and_that_is_a_yes_or_a_no(small: Script) -> None:
    text = "now: 2026-11-25T10:00:00+05:00\nconversations:\n  - name: one\n    moves:\n"
    move = '      - {says: "yes", interrupts: true}\n'
    (conversation,) = read_conversations(text + move, "small.test.yml")
    assert conversation.moves[0].interrupts
    with pytest.raises(BadScript, match="'often' is not known here"):
        read_conversations(text + move.replace("true", "often"), "small.test.yml")


def test_the_bot_hangs_up_only_where_the_script_ends(small: Script) -> None:
    text = "now: 2026-11-25T10:00:00+05:00\nconversations:\n"
    for name, move in (("ends", '{says: "yes"}'), ("goes on", "{hears: silence}"), ("leaves", "{hears: hangs_up}")):
        text += f"  - name: {name}\n    moves: [{move}]\n"
    plans, _ = plans_of(small, read_conversations(text, "small.test.yml"), ("en",))
    assert [plan.ends for plan in plans] == [True, False, False]


def test_every_call_has_a_number_of_its_own() -> None:
    numbers = [number_of(place, again) for again in range(3) for place in range(500)]
    assert len(set(numbers)) == len(numbers)
    assert {len(number) for number in numbers} == {13}
