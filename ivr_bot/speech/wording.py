"""How answers are written for Whisper, which is asked how likely a text is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_AFTER_SENTENCE = re.compile(r"[.?!]")
_REPLACED = (1, 2)  # words at the end


def prompt_of(phrases: tuple[str, ...]) -> str:
    """The answers as a sentence that Whisper takes for what was said before. It has to name every one of them."""
    return ", ".join(map(spelled, phrases)).capitalize() + "."


def written(phrase: str) -> str:
    """An answer as Whisper writes it where it is all that was said."""
    return f"{spelled(phrase).capitalize()}."


def spelled(phrase: str) -> str:
    """A number from 0 to 20 as a word: that is how it is heard."""
    return _NUMBERS[int(phrase)] if phrase.isdecimal() and int(phrase) < len(_NUMBERS) else phrase


def with_other_ends(texts: Iterable[str], phrases: tuple[str, ...]) -> Iterator[str]:
    """What was read (its first sentence: Whisper repeats itself) with each answer, or its last word, at the end: "I
    would say no" may have been "I would say nine"."""
    ends = dict.fromkeys(end for phrase in map(spelled, phrases) for end in (phrase, phrase.split()[-1]))
    for text in texts:
        words = _AFTER_SENTENCE.split(text, maxsplit=1)[0].split()
        for count in _REPLACED:
            if len(words) > count:
                yield from (f"{' '.join(words[:-count])} {end}." for end in ends)
