"""Which reading of an utterance counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.speech.passes import Choice, Reading, Weight, chosen, needs_second_pass, weighed, worth_weighing
from ivr_bot.speech.ports import AnswerShape, Question, Utterance

_ANSWERS = {"yes": True, "no": False}
_CLOSED = Question("en", ("yes", "no"), accepts=_ANSWERS.get)
_SAID = Utterance(b"\xff" * 8000, snr_db=30)
_READINGS = st.builds(Reading, st.sampled_from(["", "yes", "no", "nose"]), st.floats(-3, 0), st.floats(0, 1))


def test_an_answer_in_the_free_reading_needs_no_second_one() -> None:
    assert not needs_second_pass(_CLOSED, _SAID, Reading("yes", -0.1), 10)
    assert needs_second_pass(_CLOSED, _SAID, Reading("nose", -0.1), 10)


@pytest.mark.parametrize(
    ("question", "utterance", "first"),
    [
        (Question("en", ("yes",), AnswerShape.OPEN), _SAID, Reading("well", -0.1)),
        (Question("en"), _SAID, Reading("well", -0.1)),
        (_CLOSED, Utterance(_SAID.ulaw, snr_db=9.9), Reading("well", -0.1)),
        (_CLOSED, _SAID, Reading("", 0, speech=0.2)),
    ],
    ids=["open question", "no phrases to prompt with", "noisy line", "no speech"],
)
def test_no_second_pass_where_it_could_only_invent(question: Question, utterance: Utterance, first: Reading) -> None:
    assert not needs_second_pass(question, utterance, first, 10)


def test_a_sure_prompted_answer_is_taken() -> None:
    choice = chosen(_CLOSED, Reading("nose", -0.2), Reading("no", -0.5))
    assert (choice.text, choice.by, choice.also) == ("no", "prompted", ("nose",))


def test_an_unsure_or_foreign_prompted_reading_is_not_taken() -> None:
    for second in (Reading("no", -0.71), Reading("now then", -0.1)):
        choice = chosen(_CLOSED, Reading("nose", -0.2), second)
        assert (choice.text, choice.by, choice.also) == ("nose", "free", (second.text,))


@given(_READINGS, st.none() | _READINGS)
def test_without_speech_nothing_was_heard(first: Reading, second: Reading | None) -> None:
    choice = chosen(_CLOSED, first, second)
    if first.speech < 0.3:
        assert (choice.text, choice.by) == ("", "silero")
    else:
        assert choice.text in {first.text, second.text if second else ""}


@given(_READINGS, st.none() | _READINGS)
def test_a_value_is_only_ever_one_that_was_read(first: Reading, second: Reading | None) -> None:
    value = _CLOSED.accepts(chosen(_CLOSED, first, second).text)
    assert value in {None, _CLOSED.accepts(first.text), _CLOSED.accepts(second.text) if second else None}


_NOTHING = Choice("hm", -1, "free", ("ho",))


def test_the_likeliest_answer_is_taken_if_it_is_well_before_the_others() -> None:
    choice = weighed(_CLOSED, _NOTHING, (Weight("no", -9, -4.5), Weight("yes", -5, -2.5)))
    assert (choice.text, choice.logprob, choice.by, choice.also) == ("yes", -2.5, "weighed", ("hm", "ho"))


def test_two_phrases_of_one_value_do_not_stand_in_each_others_way() -> None:
    question = Question("en", ("yes", "yeah", "no"), accepts={"yes": True, "yeah": True, "no": False}.get)
    weights = (Weight("yes", -5, -2.5), Weight("yeah", -5.1, -2.5), Weight("no", -9, -4))
    assert weighed(question, _NOTHING, weights).text == "yes"


@pytest.mark.parametrize(
    ("so_far", "yes", "no"),
    [(_NOTHING, -5.0, -6.9), (_NOTHING, -6.1, -20.0), (Choice("oh yes but", -1, "free"), -1.0, -20.0)],
    ids=["two answers alike", "none is likely", "more was said than the answer"],
)
def test_an_answer_that_could_be_another_or_leaves_something_out_is_not_taken(
    so_far: Choice, yes: float, no: float
) -> None:
    assert weighed(_CLOSED, so_far, (Weight("yes", yes, yes), Weight("no", no, no))) == so_far


def test_weighing_is_for_what_gave_no_value_and_for_few_answers() -> None:
    assert worth_weighing(_CLOSED, _NOTHING) == ("yes", "no")
    assert worth_weighing(_CLOSED, Choice("yes", -0.1, "prompted")) == ()
    one = Question("en", ("yes", "certainly"), accepts=_ANSWERS.get)
    assert worth_weighing(one, _NOTHING) == ()  # nothing to be told from
    many = tuple(f"street {n}" for n in range(100))
    assert worth_weighing(Question("en", many, accepts=lambda text: text if "street" in text else None), _NOTHING) == ()


@given(st.lists(st.tuples(st.sampled_from(["yes", "no"]), st.floats(-30, 0)), min_size=1, max_size=6))
def test_weighing_gives_what_there_was_or_an_accepted_phrase(drawn: list[tuple[str, float]]) -> None:
    choice = weighed(_CLOSED, _NOTHING, [Weight(phrase, total, total) for phrase, total in drawn])
    assert choice == _NOTHING or _CLOSED.accepts(choice.text) is not None
