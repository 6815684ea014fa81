"""Two recognisers, one value."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import Unavailable
from ivr_bot.speech.agreeing import AgreeingTranscriber, agreed
from ivr_bot.speech.ports import Heard, Question, Utterance
from tests.fakes.transcriber import FakeTranscriber

_QUESTION = Question("en", ("yes", "no"), accepts={"yes": 1, "yeah": 1, "no": 0}.get)
_TEXTS = st.sampled_from(["", "yes", "yeah", "no", "nose"])


def _heard(text: str, confidence: float = 0.6) -> Heard:
    return Heard(text, confidence, "one", timedelta(milliseconds=5))


@given(_TEXTS, _TEXTS)
def test_a_value_counts_only_if_the_free_reading_has_it_and_the_grammar_no_other(one: str, two: str) -> None:
    accepts = _QUESTION.accepts
    value = accepts(agreed(_QUESTION, _heard(one), _heard(two)).text)
    assert value == (accepts(two) if accepts(one) in (None, accepts(two)) else None)


def test_agreement_takes_the_better_confidence_and_keeps_both_texts() -> None:
    heard = agreed(_QUESTION, _heard("yes", 0.9), _heard("yeah", 0.5))
    assert (heard.text, heard.confidence, heard.also) == ("yeah", 0.9, ("yes",))


def test_different_values_are_nothing_heard_and_both_are_kept() -> None:
    heard = agreed(_QUESTION, _heard("yes"), _heard("no"))
    assert (heard.text, heard.confidence, heard.engine) == ("", 0, "disagreement")
    assert set(heard.also) == {"yes", "no"}


async def test_both_are_asked() -> None:
    said = Utterance(b"audio")
    both = AgreeingTranscriber(FakeTranscriber({said.ulaw: "yes"}), FakeTranscriber({said.ulaw: "yeah"}))
    assert (await both.transcribe(said, _QUESTION)).text == "yeah"


async def test_one_recogniser_gone_is_told_by_its_own_error() -> None:
    broken = FakeTranscriber()
    broken.fault = Unavailable("gone")
    with pytest.raises(Unavailable, match="gone"):
        await AgreeingTranscriber(FakeTranscriber(), broken).transcribe(Utterance(b""), _QUESTION)
