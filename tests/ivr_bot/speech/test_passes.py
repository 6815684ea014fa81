"""Which reading of an utterance counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.speech.passes import (
    SURE,
    Choice,
    Comparison,
    Evidence,
    Hypothesis,
    Reading,
    Weight,
    answers,
    chosen,
    evidence,
    needs_comparison,
    others,
    probability,
)
from ivr_bot.speech.ports import AnswerShape, Question, Utterance

_ANSWERS = {"yes": True, "no": False}
_CLOSED = Question("en", ("yes", "no"), accepts=_ANSWERS.get)
_SAID = Utterance(b"\xff" * 8000, snr_db=30)
_TEXTS = st.sampled_from(["", "yes", "no", "nose", "yes but no"])
_READINGS = st.builds(Reading, _TEXTS, st.floats(-3, 0), st.floats(0, 1))
_WEIGHED = st.lists(st.builds(Weight, _TEXTS, st.floats(-30, 0), st.floats(-9, 0)), max_size=4)
_COMPARISONS = st.builds(
    lambda read, weights: Comparison(tuple(read), (Weight("yes", -9.0, -4.5), Weight("no", -9.0, -4.5), *weights)),
    st.lists(st.builds(Hypothesis, _TEXTS, st.floats(-30, 0), st.floats(-3, 0)), min_size=1, max_size=5),
    _WEIGHED,
)
_NOTHING = Reading("hm", -0.3)


def _compared(read: dict[str, float], weights: dict[str, float]) -> Comparison:
    return Comparison(
        tuple(Hypothesis(text, total, total) for text, total in read.items()),
        tuple(Weight(text, total, total / 2) for text, total in weights.items()),
    )


_SURE = _compared({"yes": -0.5, "yet": -4}, {"yes": -1, "no": -9, "yet": -6})


def test_an_answer_in_the_free_reading_needs_no_second_look() -> None:
    assert not needs_comparison(_CLOSED, _SAID, Reading("yes", -0.1), 10)
    assert needs_comparison(_CLOSED, _SAID, Reading("nose", -0.1), 10)


def test_an_answer_too_unsure_for_the_dialog_is_looked_at_again() -> None:
    assert needs_comparison(_CLOSED, _SAID, Reading("yes", -1.3), 10)


@pytest.mark.parametrize(
    ("question", "utterance", "first"),
    [
        (Question("en", ("yes", "no"), AnswerShape.OPEN, _ANSWERS.get), _SAID, Reading("well", -0.1)),
        (Question("en", accepts=_ANSWERS.get), _SAID, Reading("well", -0.1)),
        (_CLOSED, Utterance(_SAID.ulaw, snr_db=9.9), Reading("well", -0.1)),
        (_CLOSED, _SAID, Reading("", 0, speech=0.2)),
    ],
    ids=["open question", "no answers to compare", "noisy line", "no speech"],
)
def test_no_second_look_where_it_could_only_invent(question: Question, utterance: Utterance, first: Reading) -> None:
    assert not needs_comparison(question, utterance, first, 10)


def test_what_can_be_compared_are_a_few_answers_of_several_values() -> None:
    assert answers(_CLOSED) == ("yes", "no")
    assert answers(Question("en", ("yes", "certainly"), accepts=_ANSWERS.get)) == ()
    assert answers(Question("en", ("yes", "yeah"), accepts={"yes": True, "yeah": True}.get)) == ()
    many = tuple(f"street {n}" for n in range(100))
    assert answers(Question("en", many, accepts=lambda text: text if "street" in text else None)) == ()


def test_the_likeliest_readings_are_weighed_with_the_answers() -> None:
    read = (Hypothesis("", -1, -1), Hypothesis("nose", -2, -1), Hypothesis("noise", -3, -1), Hypothesis("no", -4, -1))
    assert others(_CLOSED, Reading("", -1, hypotheses=read)) == ("nose", "noise")


def test_a_reading_with_an_answer_for_its_end_is_weighed_where_it_answers() -> None:
    values = {"yes": True, "no": False, "I say yes.": True, "I say no.": False}
    question = Question("en", ("yes", "no"), accepts=values.get)
    read = Reading("I say know.", -1, hypotheses=(Hypothesis("I say know.", -2, -0.5),))
    assert others(question, read) == ("I say know.", "I say yes.", "I say no.")


def test_no_more_than_a_few_ends_are_weighed() -> None:
    phrases = tuple(f"street {n}" for n in range(24))
    question = Question("en", phrases, accepts=lambda text: text if "street" in text else None)
    read = Reading("at street ate", -1, hypotheses=(Hypothesis("at street ate", -2, -0.5),))
    assert len(others(question, read)) == 25


def test_an_answer_well_before_all_else_is_taken() -> None:
    choice = chosen(_CLOSED, _NOTHING, _SURE)
    assert (choice.text, choice.by, choice.also) == ("yes", "compared", ("hm", "yes"))
    assert choice.confidence == probability(evidence(_CLOSED, _SURE)[True]) >= SURE


def test_two_phrases_of_one_value_do_not_stand_in_each_others_way() -> None:
    question = Question("en", ("yes", "yeah", "no"), accepts={"yes": True, "yeah": True, "no": False}.get)
    comparison = _compared({"yes": -0.5, "yeah": -0.6}, {"yes": -1, "yeah": -1.1, "no": -9})
    assert evidence(question, comparison)[True].lead == 6
    assert chosen(question, _NOTHING, comparison).text == "yes"


@pytest.mark.parametrize(
    "comparison",
    [
        _compared({"yes": -0.1, "no": -4}, {"yes": -2, "no": -2.9}),
        _compared({"yet": -1}, {"yes": -6, "no": -12}),
        _compared({"oh dear": -9}, {"yes": -12, "no": -13}),
        _compared({"oh dear": -9}, {"oh": -1}),
    ],
    ids=["two answers alike", "never read as an answer", "none is likely", "no answer at all"],
)
def test_an_answer_that_is_not_before_all_else_is_not_taken(comparison: Comparison) -> None:
    assert chosen(_CLOSED, _NOTHING, comparison).by == "free"


def test_of_two_values_one_has_to_be_further_before_the_other_than_of_many() -> None:
    numbers = {"one": 1, "two": 2, "three": 3}
    question = Question("en", tuple(numbers), accepts=numbers.get)
    assert chosen(question, _NOTHING, _compared({"one": -1}, {"one": -2, "two": -4, "three": -4})).by == "compared"
    assert chosen(_CLOSED, _NOTHING, _compared({"yes": -1}, {"yes": -2, "no": -4})).by == "free"


@pytest.mark.parametrize(("free", "told"), [("Oh, yes but", "yes"), ("hm", "Yes, or not.")], ids=["free", "prompted"])
def test_an_answer_that_leaves_out_a_part_of_what_was_said_is_not_taken(free: str, told: str) -> None:
    comparison = _compared({told: -0.1, "yes": -0.2}, {"yes": -1, "no": -9})
    assert chosen(_CLOSED, Reading(free, -0.3), comparison).by == "free"


def test_more_of_any_evidence_makes_it_likelier() -> None:
    least = Evidence(-6, 0, -6)
    for more in (Evidence(0, 0, -6), Evidence(-6, 6, -6), Evidence(-6, 0, 0)):
        assert probability(more) > probability(least)


def test_what_is_among_no_reading_counts_as_rare_and_a_weight_has_a_floor() -> None:
    found = evidence(_CLOSED, _compared({"yet": -1}, {"yes": -40, "no": -50}))
    assert found[True] == Evidence(share=-6, lead=6, mean=-6)


@given(_READINGS, st.none() | _COMPARISONS)
def test_without_speech_nothing_was_heard(first: Reading, comparison: Comparison | None) -> None:
    choice = chosen(_CLOSED, first, comparison)
    if first.speech < 0.3:
        assert (choice.text, choice.confidence, choice.by) == ("", 0, "silero")
    else:
        assert choice.by in ("free", "compared")
        assert 0 <= choice.confidence <= 1


@given(_READINGS, _COMPARISONS)
def test_what_is_compared_gives_what_there_was_or_a_likely_answer(first: Reading, comparison: Comparison) -> None:
    choice = chosen(_CLOSED, first, comparison)
    assert isinstance(choice, Choice)
    if choice.by == "compared":
        assert _CLOSED.accepts(choice.text) is not None
        assert choice.confidence >= SURE
    elif choice.by == "free":
        assert choice.text == first.text
