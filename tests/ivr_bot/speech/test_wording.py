"""Answers as Whisper writes them."""

from __future__ import annotations

from ivr_bot.speech.wording import prompt_of, spelled, with_other_ends, written


def test_the_prompt_names_every_answer() -> None:
    assert prompt_of(("yes", "no", "call me later")) == "Yes, no, call me later."


def test_numbers_are_spelled_as_they_are_said() -> None:
    assert prompt_of(("1", "2", "20", "21")) == "One, two, twenty, 21."
    assert [spelled(text) for text in ("0", "20", "21", "7 pm", "")] == ["zero", "twenty", "21", "7 pm", ""]


def test_an_answer_that_stands_alone_is_a_sentence() -> None:
    assert (written("7"), written("in the morning")) == ("Seven.", "In the morning.")


def test_what_was_read_gets_each_answer_for_its_end() -> None:
    assert list(with_other_ends(("I say know.",), ("yes", "no"))) == ["I say yes.", "I say no.", "I yes.", "I no."]


def test_a_repeated_sentence_is_taken_once() -> None:
    assert list(with_other_ends(("I know. I know?",), ("no",))) == ["I no."]


def test_a_phrase_ends_as_its_last_word_too() -> None:
    assert list(with_other_ends(("Tomorrow after",), ("in the evening",))) == [
        "Tomorrow in the evening.",
        "Tomorrow evening.",
    ]


def test_of_a_single_word_nothing_would_be_left() -> None:
    assert list(with_other_ends(("Know.", ""), ("yes",))) == []
