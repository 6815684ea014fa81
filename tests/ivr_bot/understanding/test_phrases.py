"""Every phrase of the list is understood as it says there, or not at all."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.ivr_bot.understanding.phrase_lists import Phrase, read_phrases

_LIST = read_phrases("phrases.yml")
_HELD_OUT = read_phrases("phrases_held_out.yml")


@pytest.mark.parametrize("phrase", _LIST.phrases, ids=str)
def test_a_phrase_means_what_the_list_says(phrase: Phrase) -> None:
    found = _LIST.found(phrase)
    assert (type(found), found) == (type(phrase.expected), phrase.expected)


def test_the_list_covers_every_kind_in_every_language_and_a_third_of_it_must_not_be_understood() -> None:
    kinds = Counter((phrase.language, phrase.kind) for phrase in _LIST.phrases)
    negatives = sum(phrase.expected is None for phrase in _LIST.phrases)
    assert len(kinds) == 3 * 8
    assert min(kinds.values()) >= 10
    assert len(_LIST.phrases) >= 300
    assert negatives * 3 >= len(_LIST.phrases)


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_of_phrases_held_out_nearly_all_are_understood_and_none_wrongly(language: str) -> None:
    phrases = [phrase for phrase in _HELD_OUT.phrases if phrase.language == language]
    missed = [phrase for phrase in phrases if _HELD_OUT.found(phrase) is None and phrase.expected is not None]
    wrong = [phrase for phrase in phrases if _HELD_OUT.found(phrase) not in (None, phrase.expected)]
    assert len(phrases) >= 30
    assert wrong == []
    assert len(missed) <= 0.05 * len(phrases), missed


def test_no_phrase_is_in_both_lists() -> None:
    listed = {(phrase.text, phrase.kind, phrase.language) for phrase in _LIST.phrases}
    assert [str(p) for p in _HELD_OUT.phrases if (p.text, p.kind, p.language) in listed] == []
