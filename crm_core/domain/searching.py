"""What somebody who types into the search box looks for: words of a name, or a telephone number in any form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

from crm_core.domain.folding import spellings

#: Letters or digits from which on a search looks for anything.
LEAST = 3
_LONGEST, _MOST_WORDS = 100, 6
#: E.164 numbers have 15 digits at most; nobody's whole number has fewer than 7.
_WHOLE = range(7, 16)


class Matched(StrEnum):
    """What of a thing found holds the words or the number."""

    NAME = "name"
    EMAIL = "email"
    NUMBER = "number"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Sought:
    """`words`: for each word typed, the folded forms of which a name must hold one. `digits`: forms of a part of a
    number, none if the text is no number. `whole`: E.164 numbers that the text may be, written out."""

    words: tuple[tuple[str, ...], ...] = ()
    digits: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()


def sought(text: str, country: str | None = None) -> Sought:
    """What `text` looks for; nothing while it is shorter than `LEAST`. `country` (ISO 3166) is where numbers written
    without a country's code belong."""
    text = text.strip()[:_LONGEST]
    if sum(c.isalnum() for c in text) < LEAST:
        return Sought()
    words = tuple(spellings(word) for word in text.split()[:_MOST_WORDS])
    if any(c.isalpha() for c in text):
        return Sought(words)
    digits = "".join(str(int(c)) for c in text if c.isdecimal())
    if len(digits) < LEAST:
        return Sought(words)
    return Sought(words, _parts(text, digits), _whole(text, digits, country))


def _parts(text: str, digits: str) -> tuple[str, ...]:
    """The digits as they stand in E.164: without what is dialed before a number abroad or at home (00, 8, 0)."""
    forms = [digits]
    if digits.startswith("00"):
        forms = [digits[2:]]
    elif not text.startswith("+"):
        if digits.startswith("0"):
            forms.append(digits[1:])
        if digits.startswith("8") and len(digits) == 11:  # Russia and Kazakhstan
            forms.append("7" + digits[1:])
    return tuple(form for form in forms if len(form) >= LEAST)


def _whole(text: str, digits: str, country: str | None) -> tuple[str, ...]:
    found = [f"+{form}" for form in _parts(text, digits)]
    if country is not None and not text.startswith(("+", "00")):
        try:
            number = phonenumbers.parse(digits, country)
        except phonenumbers.NumberParseException:
            pass
        else:
            found.append(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return tuple(one for one in dict.fromkeys(found) if len(one) - 1 in _WHOLE)


def holds(folded: str, words: tuple[tuple[str, ...], ...]) -> bool:
    """Whether a folded text holds each of the words, in one of its forms."""
    return all(any(form in folded for form in forms) for forms in words)
