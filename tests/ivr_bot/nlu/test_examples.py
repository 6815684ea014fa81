"""Training data in Rasa's format: what is read, and what is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr_bot.dialog.marks import BadScript
from ivr_bot.nlu.examples import Example, plain, read_examples, written
from ivr_bot.nlu.sentences import LANGUAGES, all_examples, held_out, name_of, shipped_examples, tuning
from tests.ivr_bot.nlu.sites import INTENTS, write_own

GOOD = """version: "3.1"
nlu:
- intent: "yes"
  examples: |
    - yes
    - yes, of course!
    - sure
"""


def test_examples_are_read_plain() -> None:
    assert read_examples(GOOD, "x.yml") == [Example("yes", text) for text in ("yes", "yes of course", "sure")]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("nlu: [", 1, "not YAML"),
        (GOOD.replace('"3.1"', '"2.0"'), 1, "not known"),
        (GOOD.replace("intent", "synonym"), 3, "synonym"),
        (GOOD.replace("    - sure", "    sure"), 7, "no example"),
        (GOOD.replace("    - sure", "    - ?!"), 7, "no example"),
        (GOOD + GOOD.split("nlu:\n")[1].replace('"yes"', "agree"), 1, "an example of yes and of agree"),
    ],
)
def test_a_fault_is_found_by_line(text: str, line: int, why: str) -> None:
    with pytest.raises(BadScript) as caught:
        read_examples(text, "x.yml")
    assert why in str(caught.value)
    assert caught.value.faults[0].line == line


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("/yes", "yes"),
        ("  Don't  CALL me!! ", "donʻt call me"),
        ("oʻchirib tashlang, maʼlumot", "oʻchirib tashlang maʻlumot"),
        ("Ещё раз по-русски", "еще раз по-русски"),
        ("- -- ?", ""),
    ],
)
def test_text_is_made_plain(said: str, heard: str) -> None:
    assert plain(said) == heard
    assert plain(plain(said)) == plain(said)


def test_what_is_written_is_read_again() -> None:
    examples = [Example("yes", f"yes {word}") for word in "abc"] + [Example("no", f"no {word}") for word in "abc"]
    assert read_examples(written(examples), "x.yml") == examples


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_sentences_are_sound(language: str) -> None:
    examples = shipped_examples(language)
    assert {example.intent for example in examples} == INTENTS
    assert all(sum(example.intent == intent for example in examples) >= 40 for intent in INTENTS)
    known = {example.text for example in examples}
    for unknown in (held_out(language), tuning(language)):
        assert {example.intent for example in unknown} == INTENTS
        assert [example.text for example in unknown if example.text in known] == [], "held out, but trained on"
    assert {one.text for one in held_out(language)}.isdisjoint(one.text for one in tuning(language))


def test_a_sites_own_sentences_are_added(tmp_path: Path) -> None:
    shipped = all_examples(tmp_path)
    write_own(tmp_path, "en", [Example("price", f"what is the damage {word}") for word in ("then", "now", "here")])
    own = all_examples(tmp_path)
    assert len(own) == len(shipped) + 3
    assert name_of(own) != name_of(shipped)
