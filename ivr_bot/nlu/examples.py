"""Training data in Rasa's NLU format, one file a language: the single source of both engines. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ivr_bot.dialog.marks import BadScript, Marked, ScriptFault, marked

#: Real speech that is none of the intents: it is learned like one, and never reported.
OUT_OF_SCOPE = "out_of_scope"
_VERSION = "3.1"
_BULLET = re.compile(r"\s*- (.*)")
#: What stands for the Uzbek letters oʻ and gʻ and the glottal stop: U+02BB, a letter, does not part a word in two.
_APOSTROPHES = str.maketrans(dict.fromkeys("'’‘`´ʼ′", "ʻ"))
_NO_WORD = re.compile(r"[^\w\sʻ-]+|(?<!\w)-|-(?!\w)|_")


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence, and what is meant by it."""

    intent: str
    text: str


def plain(text: str) -> str:
    """A sentence as both engines get it, in training and in calls: small letters, no punctuation, one apostrophe.

    Text that begins with a slash would pass Rasa's model by; nothing is left of it but its words.
    """
    small = unicodedata.normalize("NFC", text).lower().translate(_APOSTROPHES).replace("ё", "е")
    return " ".join(_NO_WORD.sub(" ", small).split())


def read_examples(text: str, file: str) -> list[Example]:
    """The examples of one file. Raises BadScript naming file, line and what is expected.

    Source of the format: Rasa 3.6, "NLU Training Data".
    """
    given = marked(text, file).record(("version", "nlu"))
    given["version"].one_of((_VERSION,))
    found: list[Example] = []
    for entry in given["nlu"].items():
        group = entry.record(("intent", "examples"))
        intent = group["intent"].name()
        found += [Example(intent, line) for line in _bullets(group["examples"])]
    _refuse_twice(found, file)
    return found


def written(examples: Iterable[Example]) -> str:
    """The same, as a file in Rasa's format; examples of one intent stand together."""
    by_intent: dict[str, list[str]] = {}
    for example in examples:
        by_intent.setdefault(example.intent, []).append(example.text)
    lines = [f'version: "{_VERSION}"', "nlu:"]
    for intent, texts in by_intent.items():
        lines += [f'- intent: "{intent}"', "  examples: |", *(f"    - {text}" for text in texts)]
    return "\n".join(lines) + "\n"


def _bullets(examples: Marked) -> list[str]:
    lines = examples.text().splitlines()
    texts: list[str] = []
    for number, line in enumerate(lines, 1):
        bullet = _BULLET.fullmatch(line)
        said = plain(bullet[1]) if bullet else ""
        if not said:
            where = ScriptFault(
                examples.file, examples.line + number, f"{line!r} is no example", "Write `- words said`"
            )
            raise BadScript([where])
        texts.append(said)
    return texts


def _refuse_twice(examples: Sequence[Example], file: str) -> None:
    """One sentence with two meanings teaches neither."""
    meant: dict[str, str] = {}
    for example in examples:
        before = meant.setdefault(example.text, example.intent)
        if before != example.intent:
            what = f"{example.text!r} is an example of {before} and of {example.intent}"
            raise BadScript([ScriptFault(file, 1, what, "Keep it under one of them")])
