"""Sentences as recognisers write them, made comparable: words and figures in small letters, fillers left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

#: What stands for the Uzbek letters oʻ and gʻ and for the glottal stop; one of them inside: U+02BB.
_APOSTROPHES = str.maketrans(dict.fromkeys("'’‘`´ʼ′", "ʻ"))
_WORD = re.compile(
    r"(?:(?<!\w)-)?\d+(?:[:.,/-]\d+)*(?:-?(?:st|nd|rd|th|ого|го|е|inchi|chi)\b)?|[^\W\d_]+(?:[ʻ-][^\W\d_]+)*"
)
#: "да ну" is doubt, not a yes and a filler.
_DOUBT = re.compile(r"\bда ну\b")
_HALF_OF_DAY = re.compile(r"\b([ap])\.m\b\.?")
#: Signs, as words.
_SIGNS = str.maketrans({"$": " dollars ", "€": " euros ", "£": " pounds ", "₽": " rubles ", "%": " percent "})
#: English contractions, written out: the apostrophe is gone or is U+02BB by then.
_WRITTEN_OUT: Mapping[str, str] = {
    "itʻs": "it is",
    "thatʻs": "that is",
    "iʻm": "i am",
    "iʻd": "i would",
    "iʻll": "i will",
    "iʻve": "i have",
    "donʻt": "do not",
    "doesnʻt": "does not",
    "didnʻt": "did not",
    "canʻt": "can not",
    "cannot": "can not",
    "wonʻt": "will not",
    "isnʻt": "is not",
    "letʻs": "let us",
    "whoʻs": "who is",
    "whatʻs": "what is",
    "youʻre": "you are",
    "oʻclock": "oclock",
    "okay": "ok",
}
#: Said without meaning anything, wherever they stand.
FILLERS: Mapping[str, frozenset[str]] = {
    "en": frozenset("um uh er erm hmm mm ah oh well so please just like actually".split()),
    "ru": frozenset("ну э эм ээ мм так вот это пожалуйста значит как бы типа ой".split()),
    "uz": frozenset("xoʻsh xosh hmm ee mana iltimos demak yaʻni endi shu".split()),
}


def words_of(text: str, language: str) -> tuple[str, ...]:
    """The words and figures of a sentence, fillers left out."""
    plain = unicodedata.normalize("NFC", text).lower().translate(_APOSTROPHES).replace("ё", "е")
    plain = _HALF_OF_DAY.sub(r"\1m", plain.translate(_SIGNS))
    if language == "ru":
        plain = _DOUBT.sub("да-ну", plain)
    found: list[str] = []
    for word in _WORD.findall(plain):
        found += _WRITTEN_OUT.get(word, word).split() if language == "en" else [word]
    return tuple(word for word in found if word not in FILLERS.get(language, ()))


def without(words: Sequence[str], dropped: frozenset[str]) -> tuple[str, ...]:
    """The words that are left when those are dropped."""
    return tuple(word for word in words if word not in dropped)


def phrases(*texts: str, language: str = "en") -> tuple[tuple[str, ...], ...]:
    """Phrases as tuples of words, the longest first."""
    return tuple(sorted((words_of(text, language) for text in texts), key=len, reverse=True))


def begins_with(words: Sequence[str], given: Sequence[tuple[str, ...]]) -> int:
    """How many words the longest of the phrases takes at the start; 0: none does."""
    return next((len(phrase) for phrase in given if phrase and tuple(words[: len(phrase)]) == phrase), 0)
