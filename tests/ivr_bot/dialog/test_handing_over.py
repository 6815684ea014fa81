"""The sentence an operator hears and reads: who it is, what he wants, what he has answered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.dialog.actions import Transfer
from ivr_bot.dialog.engine import begin, step
from ivr_bot.dialog.heard import Failed, Fault, Heard, Pressed, Silence
from ivr_bot.dialog.reading import read_script
from tests.ivr_bot.dialog.scripts import NOW, SHIPPED, lead, said

SCRIPT = """
script: visit
languages: [en, ru]
fields: [name]
operators: sales
who: {en: "Lola.", ru: "Лола."}
start: rating
nodes:
  rating:
    kind: rating
    from: 1
    to: 9
    label: {en: grade, ru: оценка}
    prompt: {en: "How was it?", ru: "Как вам?"}
    next: topic
  topic:
    kind: choice
    prompt: {en: "About what?", ru: "О чём?"}
    options:
      bill: {phrases: {en: [the bill], ru: [счёт]}}
      fault: {phrases: {en: [a fault], ru: [поломка]}}
    next: why_so
  why_so: {kind: free, prompt: {en: "Why?", ru: "Почему?"}, next: talk}
  talk: {kind: yes_no, prompt: {en: "More?", ru: "Ещё?"}, if_yes: to_sales, if_no: promised}
  to_sales:
    kind: transfer
    summary: {en: "would spend {why_so} on {topic}.", ru: "{name} потратит {why_so} на {topic}"}
  promised: {kind: transfer}
"""
ALI = {"name": "Ali Karimov"}


def _summary(*heard: Heard, of: str = SCRIPT, person: dict[str, str] = ALI, told_in: str | None = None) -> str:
    dialog, actions = begin(read_script(of, "visit.yml"), person, "en", NOW, told_in)
    for each in heard:
        dialog, actions = step(dialog, each)
    assert isinstance(actions[-1], Transfer)
    assert actions[-1].language == (told_in or "en")
    return actions[-1].summary


OPERATOR = said("i want to speak to a person")


def test_who_asks_for_a_person_is_named_with_what_he_answered() -> None:
    assert _summary(OPERATOR) == "Ali Karimov asks for a person."
    assert _summary(Pressed("2"), said("the bill"), OPERATOR) == (
        "Ali Karimov asks for a person; answers: grade: 2, topic: the bill."
    )


def test_what_came_up_before_is_told_once_and_in_order() -> None:
    heard = (said("who is this"), said("are you a robot"), said("who is this"), OPERATOR)
    assert _summary(*heard) == ("Ali Karimov asks for a person; topics: who is calling, whether it is a robot.")


def test_it_is_told_in_the_operators_language_whatever_was_spoken() -> None:
    assert _summary(Pressed("2"), said("the bill"), OPERATOR, told_in="ru") == (
        "Ali Karimov просит соединить с сотрудником; ответы: оценка: 2, topic: счёт."
    )
    assert _summary(OPERATOR, person={"name": ""}, told_in="uz") == "Mijoz hodim bilan gaplashmoqchi."


def test_the_ladder_and_a_fault_are_told_apart_from_a_wish() -> None:
    mumbled = (said("mumble"), said("mumble"), said("mumble"))
    assert _summary(*mumbled) == "The assistant did not understand Ali Karimov."
    gone = (Pressed("2"), Pressed("1"), Failed(Fault.RECOGNISER))
    assert _summary(*gone) == (
        "The assistant had a fault while talking with Ali Karimov; answers: grade: 2, topic: the bill."
    )


def test_a_script_may_write_the_sentence_itself() -> None:
    asked = (Pressed("2"), Pressed("2"), said("because it is late"))
    assert _summary(*asked, said("yes")) == "Ali Karimov: would spend because it is late on a fault."
    assert _summary(*asked, said("yes"), told_in="ru") == "Ali Karimov потратит because it is late на поломка."
    assert _summary(*asked, said("yes"), told_in="uz").startswith("Ali Karimov: would spend")
    assert _summary(*asked, said("yes"), person={"name": ""}) == "Would spend because it is late on a fault."
    assert _summary(*asked, said("no")).startswith("Ali Karimov was promised a colleague; answers: grade: 2")


def test_what_was_not_answered_is_said_to_be_so() -> None:
    of = SCRIPT.replace("next: why_so}", "next: talk}").replace(
        "    next: why_so", "    next: talk\n    unanswered: talk"
    )
    of = of.replace('  why_so: {kind: free, prompt: {en: "Why?", ru: "Почему?"}, next: talk}\n', "")
    of = of.replace("{why_so}", "{city}").replace("fields: [name]", "fields: [name, city]")
    person = {**ALI, "city": ""}
    assert _summary(Pressed("2"), Pressed("2"), said("yes"), of=of, person=person) == (
        "Ali Karimov: would spend not said on a fault."
    )


def test_what_was_said_at_length_is_cut() -> None:
    long = "one two three four five six seven eight nine ten eleven twelve thirteen"
    told = _summary(Pressed("2"), Pressed("1"), said(long), OPERATOR)
    assert told.endswith("why so: one two three four five six seven eight nine ten eleven twelve….")


_HEARD = st.one_of(
    st.sampled_from([Silence(), Pressed("0"), Pressed("1"), OPERATOR, said("mumble"), said("yes"), said("nine")]),
    st.builds(lambda text: said(text or "x"), st.text(max_size=60)),
)


@given(st.sampled_from(SHIPPED), st.sampled_from(["en", "ru", "uz"]), st.lists(_HEARD, max_size=15))
def test_whatever_is_heard_it_is_one_line_of_reasonable_length(of: object, told_in: str, heard: list[Heard]) -> None:
    script = next(one for one in SHIPPED if one is of)
    dialog, actions = begin(script, lead(script), script.languages[0], NOW, told_in)
    for each in heard:
        dialog, actions = step(dialog, each)
        for action in actions:
            if isinstance(action, Transfer):
                assert action.summary.endswith(".")
                assert "\n" not in action.summary
                assert "{" not in action.summary or any("{" in str(one) for one in heard)
                assert len(action.summary) < 1200


@pytest.mark.parametrize("of", SHIPPED, ids=lambda of: str(of.name))
def test_a_dialog_knows_the_name_even_where_its_script_does_not(of: object) -> None:
    script = replace(next(one for one in SHIPPED if one is of))
    dialog, _ = begin(script, {**lead(script), "name": "Ali", "other": "x"}, script.languages[0], NOW)
    assert dialog.lead["name"] == "Ali"
    assert "other" not in dialog.lead
