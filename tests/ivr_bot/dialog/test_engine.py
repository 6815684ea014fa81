"""The engine asks, understands, follows the ladders, and always comes to an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.errors import BadInput
from ivr_bot.dialog.actions import (
    Action,
    Answered,
    CreateTask,
    DoNotCall,
    HangUp,
    Listen,
    Play,
    SetDisposition,
    SetLanguage,
    Transfer,
)
from ivr_bot.dialog.at_any_time import GLOBAL_INTENTS
from ivr_bot.dialog.engine import MAX_NOISES, MAX_TURNS, begin, step
from ivr_bot.dialog.heard import Failed, Fault, Heard, HungUp, Noise, Played, Pressed, Silence
from ivr_bot.dialog.pieces import Text
from ivr_bot.dialog.script import Ask, AskKind, Script
from ivr_bot.dialog.state import Dialog, restored, saved
from tests.ivr_bot.dialog.scripts import HEAD, NOW, SHIPPED, lead, said, script, words

_BYE = "  bye: {kind: hang_up}\n"
_YES_NO = '  first: {kind: yes_no, prompt: ["Well?", "Well now?"], if_yes: bye, if_no: bye}\n' + _BYE
_RATING = '  first: {kind: rating, prompt: "How good?", from: 1, to: 5, next: bye}\n' + _BYE
_WITH_OPERATORS = HEAD.replace("start:", "operators: sales\nstart:")

_TEXTS = st.sampled_from(
    ["yes", "no", "nine", "tomorrow", "the price", "hello there", "confirm", "да", "ha", "", "   ", "/x", "1"]
)
_INTENTS = st.sampled_from(
    [None, *GLOBAL_INTENTS, "busy", "repeat", "hold_on", "price", "interested", "not_interested", "yes", "unheard_of"]
)
_SAID = st.builds(
    lambda text, intent, sure: replace(said(text, intent), confidence=sure), _TEXTS, _INTENTS, st.floats(0, 1)
)
_PRESSED = st.builds(Pressed, st.text(alphabet="0123456789*#A²", max_size=14))
_HEARD: st.SearchStrategy[Heard] = st.one_of(
    _SAID,
    _PRESSED,
    st.just(Silence()),
    st.just(Noise()),
    st.just(Played()),
    st.builds(Failed, st.sampled_from(list(Fault))),
)
_SCRIPTS = st.sampled_from(SHIPPED)


def _started(of: Script, language: str = "en") -> Dialog:
    return begin(of, lead(of), language, NOW)[0]


@settings(max_examples=150)
@given(_SCRIPTS, st.data())
def test_every_shipped_script_ends_whatever_is_heard(of: Script, data: st.DataObject) -> None:
    dialog = _started(of, data.draw(st.sampled_from(of.languages)))
    heard = data.draw(st.lists(_HEARD, min_size=1, max_size=12))
    steps = 0
    while not dialog.ended:
        dialog, actions = step(dialog, heard[steps % len(heard)])
        steps += 1
        assert steps <= MAX_TURNS + 1
        assert isinstance(actions[-1], Transfer | HangUp) if dialog.ended else True


@given(_SCRIPTS, st.lists(_HEARD, max_size=20))
def test_a_dialog_survives_being_saved_at_every_step(of: Script, heard: list[Heard]) -> None:
    kept = thrown = _started(of)
    for each in heard:
        kept, wanted = step(kept, each)
        thrown, actions = step(restored(of, saved(thrown)), each)
        assert (thrown, actions) == (kept, wanted)


@given(_SCRIPTS, st.lists(_HEARD, max_size=25))
def test_nothing_is_done_to_a_record_without_a_yes(of: Script, heard: list[Heard]) -> None:
    dialog = _started(of)
    for each in heard:
        asked = of.nodes[dialog.node]
        dialog, actions = step(dialog, each)
        if any(_changes_record(action) for action in actions):
            assert isinstance(asked, Ask)
            assert asked.kind is AskKind.YES_NO
            assert Answered(asked.name, "yes", actions[0].raw if isinstance(actions[0], Answered) else "") == actions[0]


def _changes_record(action: Action) -> bool:
    return isinstance(action, DoNotCall) or action in (SetDisposition("wrong_number"), SetDisposition("do_not_call"))


@given(_SCRIPTS, st.lists(_HEARD, max_size=25))
def test_a_step_ends_in_listening_or_in_the_end(of: Script, heard: list[Heard]) -> None:
    dialog = _started(of)
    for each in heard:
        before = dialog
        dialog, actions = step(dialog, each)
        ends = [action for action in actions if isinstance(action, Listen | Transfer | HangUp)]
        if before.ended or (isinstance(each, Played) and not dialog.ended):
            assert actions == ()
        else:
            assert ends == [actions[-1]]


@pytest.mark.parametrize("of", SHIPPED, ids=lambda of: str(of.name))
def test_silence_alone_ends_a_script_soon(of: Script) -> None:
    dialog = _started(of)
    steps = 0
    while not dialog.ended:
        dialog, _ = step(dialog, Silence())
        steps += 1
    assert steps <= 9


def test_the_ladder_rewords_then_offers_keys_then_says_goodbye() -> None:
    dialog = _started(script(_YES_NO))
    dialog, first = step(dialog, said("mumble"))
    dialog, second = step(dialog, Silence())
    dialog, third = step(dialog, said("mumble"))
    assert words(first) == "Sorry, I did not understand. Well now?"
    assert words(second) == "I cannot hear you. Press 1 for yes, 2 for no."
    assert third[0] == SetDisposition("unfinished")
    assert third[-1] == HangUp()


def test_the_ladder_ends_at_an_operator_where_there_are_some() -> None:
    dialog = _started(script(_YES_NO, _WITH_OPERATORS))
    for _ in range(3):
        dialog, actions = step(dialog, said("mumble"))
    assert actions[-1] == Transfer("sales", f"The assistant did not understand {dialog.lead['name']}.", "en")


def test_no_operator_is_called_to_an_empty_line() -> None:
    dialog = _started(script(_YES_NO, _WITH_OPERATORS))
    for _ in range(3):
        dialog, actions = step(dialog, Silence())
    assert actions[0] == SetDisposition("silence")
    assert actions[-1] == HangUp()


def test_asking_for_the_question_that_is_open_is_no_answer_to_it() -> None:
    dialog, _ = step(_started(script(_YES_NO)), said("not now", "later"))
    dialog, actions = step(dialog, said("not now", "later"))
    assert words(actions).startswith("Sorry, I did not understand.")
    assert dialog.misses == 1


def test_an_intent_model_alone_confirms_nothing() -> None:
    dialog, _ = step(_started(script(_YES_NO)), said("some words", "do_not_call"))
    dialog, actions = step(dialog, said("some words", "do_not_call"))
    assert dialog.node == "any.do_not_call"
    assert not any(_changes_record(action) for action in actions)


def test_who_asks_for_a_moment_is_waited_for() -> None:
    dialog, actions = step(_started(script(_YES_NO)), said("just a moment", "hold_on"))
    assert words(actions) == "I will wait."
    listening = actions[-1]
    assert isinstance(listening, Listen)
    assert listening.patience == timedelta(seconds=30)
    assert dialog.misses == 0


def test_an_answer_is_logged_with_its_question() -> None:
    _, actions = step(_started(script(_RATING)), said("four"))
    assert actions[0] == Answered("first", "4", "four")


def test_a_question_says_what_it_listens_for() -> None:
    _, actions = begin(script(_RATING), {"name": "Aziz"}, "en", NOW)
    assert actions[-1] == Listen(
        "first", "number", ("1", "2", "3", "4", "5"), "0123456789*", 1, timedelta(seconds=6), is_open=False
    )


def test_noise_resumes_what_was_unheard_and_then_counts() -> None:
    dialog = _started(script(_YES_NO))
    for _ in range(MAX_NOISES):
        dialog, actions = step(dialog, Noise())
        assert words(actions) == "Well?"
    dialog, actions = step(dialog, Noise())
    assert words(actions).startswith("Sorry")


def test_noise_after_the_prompt_plays_nothing_again() -> None:
    dialog, _ = step(_started(script(_YES_NO)), Played())
    _, actions = step(dialog, Noise())
    assert words(actions) == ""
    assert isinstance(actions[-1], Listen)


def test_wordings_are_used_in_turn() -> None:
    dialog = _started(script(_YES_NO))
    spoken = []
    for _ in range(3):
        dialog, actions = step(dialog, Pressed("*"))
        spoken.append(words(actions))
    assert spoken == ["Well now?", "Well?", "Well now?"]


def test_a_global_wish_can_be_answered_by_the_script() -> None:
    head = HEAD.replace("start:", "at_any_time: {complaint: bye}\nstart:")
    _, actions = step(_started(script(_YES_NO, head)), said("this is bad", "complaint"))
    assert actions == (HangUp(),)


def test_a_robot_says_so_and_asks_again() -> None:
    dialog, actions = step(_started(script(_YES_NO)), said("are you real", "are_you_a_robot"))
    assert words(actions) == "Yes, I am an automatic assistant, a computer program. Well now?"
    assert dialog.node == "first"


def test_a_long_free_answer_is_no_wish() -> None:
    free = script('  first: {kind: free, prompt: "Tell me.", next: bye}\n' + _BYE)
    told = "the man at the desk was rude and this is a complaint"
    _, actions = step(_started(free), said(told, "complaint"))
    assert actions[0] == Answered("first", told, told)


def test_the_language_changes_with_the_words_and_is_told() -> None:
    survey = next(of for of in SHIPPED if of.name == "satisfaction_survey")
    dialog, actions = step(_started(survey), said("in uzbek please", "language"))
    assert dialog.language == "uz"
    assert SetLanguage("uz") in actions
    assert "Assalomu" in words(actions)


def test_an_unnamed_language_is_asked_for() -> None:
    survey = next(of for of in SHIPPED if of.name == "satisfaction_survey")
    dialog, _ = step(_started(survey), said("another language", "language"))
    assert dialog.node == "any.language"
    dialog, actions = step(dialog, Pressed("2"))
    assert dialog.language == "ru"
    assert "Здравствуйте" in words(actions)


def test_without_a_recogniser_questions_are_keyed() -> None:
    dialog, actions = step(_started(script(_RATING)), Failed(Fault.RECOGNISER))
    assert words(actions) == "Please enter a number from 1 to 5 on the keys."
    assert step(dialog, Pressed("4"))[1][0] == Answered("first", "4", "4")


def test_without_a_recogniser_an_open_question_ends_in_an_apology_and_a_task() -> None:
    free = script('  first: {kind: free, prompt: "Tell me.", next: bye}\n' + _BYE)
    _, actions = step(_started(free), Failed(Fault.RECOGNISER))
    assert "something has gone wrong" in words(actions)
    assert [action.kind for action in actions if isinstance(action, CreateTask)] == ["call_back"]


def test_a_missing_prompt_has_a_default() -> None:
    free = script("  first: {kind: free, prompt: {audio: ask.wav}, next: bye}\n" + _BYE)
    _, actions = step(_started(free), Failed(Fault.PROMPT))
    assert actions[0] == Play((Text("Please tell me in your own words.", "en"),), barge_in=True)


def test_nothing_happens_after_the_end() -> None:
    dialog, actions = step(_started(script(_YES_NO)), HungUp())
    assert (dialog.ended, actions) == (True, ())
    assert step(dialog, said("yes")) == (dialog, ())


def test_a_lead_without_a_field_is_refused_before_the_call() -> None:
    with pytest.raises(BadInput, match="the lead has no name"):
        begin(script(_YES_NO), {}, "en", NOW)
    with pytest.raises(BadInput, match="no wording in 'uz'"):
        begin(script(_YES_NO), {"name": "Aziz"}, "uz", NOW)


def test_a_branch_compares_numbers_as_numbers() -> None:
    nodes = (
        '  first: {kind: rating, prompt: "?", from: 1, to: 10, next: which}\n'
        "  which: {kind: branch, cases: [{if: {of: first, at_least: 9}, go: good}], otherwise: bye}\n"
        "  good: {kind: disposition, code: good, next: bye}\n"
    )
    high = step(_started(script(nodes + _BYE)), Pressed("10"))[1]
    low = step(_started(script(nodes + _BYE)), Pressed("8"))[1]
    assert SetDisposition("good") in high
    assert SetDisposition("good") not in low
