"""Cells become values: numbers of all spellings, zone, priority, language, texts of bounded length."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

from crm_core.domain.lead_files import LeadPhone
from crm_core.domain.phone import parse_phone
from crm_core.errors import BadInput

NAME_LENGTH = 200  # of contacts.name, contacts.email and companies.name
_RAW_LENGTH = 60  # of phones.raw
_FEWEST_DIGITS = 7
_MOST_NUMBERS = 10  # in one cell
_BETWEEN_NUMBERS = re.compile(r"[;,/|\n]+")
_WHOLE_FLOAT = re.compile(r"(\d+)[.,]0+")
_EXPONENT = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
#: Where 8 was dialed before a number within the country; files keep it, the numbering plan has dropped it.
_TRUNK_PREFIX_8 = frozenset(("UZ", "KG", "TJ", "TM"))
_PRIORITIES = range(-32_768, 32_768)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,4})?")
_LANGUAGE_NAMES = {
    "uz": ("uzbek", "o'zbek", "o'zbekcha", "узбекский", "узб", "ўзбек", "ўзбекча"),
    "ru": ("russian", "rus", "русский", "рус", "rus tili", "ruscha"),
    "en": ("english", "eng", "английский", "англ", "ingliz", "inglizcha"),
}
_LANGUAGE_OF = {name: code for code, names in _LANGUAGE_NAMES.items() for name in names}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def phones_in(cell: str, country: str | None) -> tuple[list[LeadPhone], list[str]]:
    """The numbers of a cell, several if they stand apart by , ; / or a new line; and what is wrong with the others."""
    phones: list[LeadPhone] = []
    faults: list[str] = []
    for text in _numbers_in(cell):
        try:
            phones.append(read_phone(text, country))
        except BadInput as error:
            faults.append(error.what)
    return phones, faults


def _numbers_in(cell: str) -> list[str]:
    if _BETWEEN_NUMBERS.search(cell) is None:
        return [cell.strip()]
    parts = [part.strip() for part in _BETWEEN_NUMBERS.split(cell)]
    parts = [part for part in parts if part]
    if 1 < len(parts) <= _MOST_NUMBERS and all(sum(c.isdigit() for c in part) >= _FEWEST_DIGITS for part in parts):
        return parts
    return [cell.strip()]


def read_phone(text: str, country: str | None) -> LeadPhone:
    """The number in `text`, which may be what a spreadsheet made of it (998901234567.0, 9.98901234567E+11).

    Raises BadInput, also when the spreadsheet has rounded digits away: that number would be somebody else's.
    """
    written = _as_digits(text)
    try:
        number = parse_phone(written, country)
    except BadInput as error:
        for spelling in _other_spellings(written, country):
            try:
                number = parse_phone(spelling, country)
                break
            except BadInput:
                continue
        else:
            raise error
    return LeadPhone(number.e164, text[:_RAW_LENGTH], number.zone)


def _as_digits(text: str) -> str:
    if text.startswith("+"):
        return text
    if whole := _WHOLE_FLOAT.fullmatch(text):
        return whole[1]
    shown = _EXPONENT.fullmatch(text)
    if shown is None:
        return text
    digits, power = shown[1] + (shown[2] or ""), int(shown[3])
    if len(digits) != power + 1:
        raise BadInput(
            "phone", f"{text!r} was rounded by a spreadsheet, its last digits are lost", "Format the column as text"
        )
    return digits


def _other_spellings(text: str, country: str | None) -> list[str]:
    """How the number may be meant when the numbering plan does not know it as it stands."""
    digits = re.sub(r"[\s().\-]", "", text)
    if not digits.isdecimal():
        return []
    spellings = []
    if country in _TRUNK_PREFIX_8 and digits.startswith("8"):
        spellings.append(digits[1:])
    if len(digits) >= 11:  # with the country's code, only the plus sign is missing
        spellings.append("+" + digits)
    return spellings


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


def zone_named(text: str) -> str:
    """The IANA name, whatever its case; raises BadInput."""
    name = _zones().get(text.strip().replace(" ", "_").casefold())
    if name is None:
        raise BadInput("zone", f"unknown time zone {text.strip()!r}", "Write a name such as Asia/Tashkent")
    return name


def priority_of(text: str) -> int:
    """A whole number; raises BadInput."""
    try:
        priority = int(text.strip().removesuffix(".0"))
    except ValueError:
        priority = _PRIORITIES.stop
    if priority not in _PRIORITIES:
        raise BadInput("priority", f"the priority {text.strip()!r} is not a whole number from -32768 to 32767")
    return priority


def language_of(text: str) -> str:
    """An ISO 639 code; raises BadInput."""
    word = text.strip().casefold().translate(str.maketrans("ʻʼ’‘`_", "'''''-"))
    if code := _LANGUAGE_OF.get(word):
        return code
    if _LANGUAGE.fullmatch(word):
        return word
    raise BadInput("language", f"unknown language {text.strip()!r}", "Write a code such as uz")


def email_of(text: str) -> str:
    """An e-mail address; raises BadInput for what is plainly none."""
    address = text.strip()
    if not _EMAIL.fullmatch(address) or len(address) > NAME_LENGTH:
        raise BadInput("email", f"{address[:80]!r} is no e-mail address")
    return address


def short_text(text: str, what: str) -> str:
    """`text` on one line; raises BadInput if it is longer than its column in the base."""
    line = " ".join(text.split())
    if len(line) > NAME_LENGTH:
        raise BadInput(what, f"the {what} is longer than {NAME_LENGTH} characters")
    return line
