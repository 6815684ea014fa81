"""Whole numbers in words and figures: "twenty-five", "полтора миллиона", "yigirma besh ming", "10"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

#: Beyond this nobody says a number on the telephone.
LARGEST = 999_999_999_999


def _counted(text: str, start: int = 0, by: int = 1) -> dict[str, int]:
    """Words separated by spaces, in order; several forms of one number are separated by slashes."""
    return {form: start + by * n for n, forms in enumerate(text.split()) for form in forms.split("/")}


@dataclass(frozen=True, slots=True)
class _Tongue:
    """`ones` 0 to 9, `teens` 10 to 19, `tens` 20 to 90, `hundreds` of their own, `hundred` the word that multiplies.

    `halves` are factors for the scale that follows them; `after_scale`: half of the scale before it.
    """

    ones: Mapping[str, int]
    teens: Mapping[str, int]
    tens: Mapping[str, int]
    hundreds: Mapping[str, int]
    hundred: frozenset[str]
    scales: Mapping[str, int]
    halves: Mapping[str, Fraction]
    after_scale: frozenset[str]
    joins: frozenset[str]


_HALF = Fraction(1, 2)
_TONGUES: Mapping[str, _Tongue] = {
    "en": _Tongue(
        ones=_counted("zero/nought/nil one/a/an two three four five six seven eight nine"),
        teens=_counted("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10),
        tens=_counted("twenty thirty forty/fourty fifty sixty seventy eighty ninety", 20, 10),
        hundreds={},
        hundred=frozenset({"hundred", "hundreds"}),
        scales={"thousand": 10**3, "thousands": 10**3, "million": 10**6, "millions": 10**6, "billion": 10**9},
        halves={"half": _HALF},
        after_scale=frozenset(),
        joins=frozenset({"and"}),
    ),
    "ru": _Tongue(
        ones=_counted(
            "ноль/нуль/нулю/ноля один/одна/одно/одну/раз/одного/одной два/две/двух три/трех четыре/четырех пять/пяти "
            "шесть/шести семь/семи восемь/восьми девять/девяти"
        ),
        teens=_counted(
            "десять/десяти одиннадцать/одиннадцати двенадцать/двенадцати тринадцать/тринадцати "
            "четырнадцать/четырнадцати пятнадцать/пятнадцати шестнадцать/шестнадцати семнадцать/семнадцати "
            "восемнадцать/восемнадцати девятнадцать/девятнадцати",
            10,
        ),
        tens=_counted(
            "двадцать/двадцати тридцать/тридцати сорок/сорока пятьдесят/пятидесяти шестьдесят/шестидесяти "
            "семьдесят/семидесяти восемьдесят/восьмидесяти девяносто",
            20,
            10,
        ),
        hundreds=_counted("сто/ста двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот", 100, 100),
        hundred=frozenset(),
        scales={
            **dict.fromkeys(("тысяча", "тысячи", "тысяч", "тысячу", "тыщ", "тыщи", "тыща"), 10**3),
            **dict.fromkeys(("миллион", "миллиона", "миллионов", "лимон", "лимона"), 10**6),
            **dict.fromkeys(("миллиард", "миллиарда", "миллиардов"), 10**9),
        },
        halves={"полтора": 3 * _HALF, "полторы": 3 * _HALF, "пол": _HALF},
        after_scale=frozenset(),
        joins=frozenset(),
    ),
    "uz": _Tongue(
        ones=_counted("nol bir ikki uch toʻrt/tort besh olti yetti/etti sakkiz toʻqqiz/toqqiz"),
        teens=_counted("oʻn/on", 10),
        tens=_counted("yigirma oʻttiz/ottiz qirq ellik oltmish yetmish/etmish sakson toʻqson/toqson", 20, 10),
        hundreds={},
        hundred=frozenset({"yuz"}),
        scales={"ming": 10**3, "million": 10**6, "mln": 10**6, "milliard": 10**9},
        halves={"yarim": _HALF},
        after_scale=frozenset({"yarim"}),
        joins=frozenset(),
    ),
}
_JOINED = {"полмиллиона": 500_000, "полтысячи": 500, "полмиллиарда": 500_000_000}


def whole_number(words: Sequence[str], language: str) -> int | None:
    """The number that all the words together say, or None."""
    if not words or language not in _TONGUES:
        return None
    if len(words) == 1 and words[0] in _JOINED and language == "ru":
        return _JOINED[words[0]]
    found = _sum(_split(words), _TONGUES[language])
    return found if found is not None and found <= LARGEST else None


def _split(words: Sequence[str]) -> list[str]:
    """Hyphens join number words: "twenty-five"; with digits they are a minus, or a range ("100-200")."""
    return [part for word in words for part in ([word] if any(map(str.isdecimal, word)) else word.split("-"))]


def figure(word: str) -> int | None:
    """A figure: digits, with groups of three parted by comma or point ("1,500")."""
    groups = word.replace(",", ".").split(".")
    if not all(group.isdecimal() for group in groups):
        return None
    if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
        return None
    return int("".join(groups)) if len("".join(groups)) <= 12 else None


def _sum(words: list[str], tongue: _Tongue) -> int | None:
    total, limit, at = Fraction(0), LARGEST + 1, 0
    while at < len(words):
        if at and words[at] in tongue.joins:
            at += 1
            if at == len(words):
                return None
        group, at = _group(words, at, tongue)
        scale = tongue.scales.get(words[at]) if at < len(words) else None
        if group is None and scale is None:
            return None
        if scale is None:
            if group is None or limit <= group or at < len(words):
                return None
            return _whole(total + group)
        if scale >= limit:
            return None
        at += 1
        total += (Fraction(1) if group is None else group) * scale
        if at < len(words) and words[at] in tongue.after_scale:
            total, at = total + _HALF * scale, at + 1
        limit = scale
    return _whole(total)


def _whole(value: Fraction) -> int | None:
    return int(value) if value.denominator == 1 else None


def _group(words: list[str], at: int, tongue: _Tongue) -> tuple[Fraction | None, int]:
    """What stands before a scale, or at the end: up to 999, a figure, or a half; and where it ends."""
    if words[at] in tongue.halves:
        return _half(words, at, tongue)
    if (written := figure(words[at])) is not None:
        return _figures(words, at, written)
    value, end = _hundreds(words, at, tongue)
    below, end = _below_hundred(words, end, tongue, joined=value is not None)
    if value is None and below is None:
        return None, at
    found = Fraction((value or 0) + (below or 0))
    if words[end : end + 3] == ["and", "a", "half"] and any(word in tongue.scales for word in words[end + 3 : end + 4]):
        return found + _HALF, end + 3  # "one and a half million"
    if end + 1 < len(words) and words[end] in tongue.halves and words[end + 1] in tongue.scales:
        return found + tongue.halves[words[end]], end + 1  # "bir yarim million"
    return found, end


def _half(words: list[str], at: int, tongue: _Tongue) -> tuple[Fraction | None, int]:
    value, end = tongue.halves[words[at]], at + 1
    if end < len(words) and words[end] in ("a", "an"):
        end += 1
    return (value, end) if end < len(words) and words[end] in tongue.scales else (None, at)


def _figures(words: list[str], at: int, written: int) -> tuple[Fraction, int]:
    """A figure, or several of three digits each after it: "1 500 000"."""
    end = at + 1
    if len(words[at]) <= 3:
        while end < len(words) and len(words[end]) == 3 and words[end].isdecimal():
            written, end = written * 1000 + int(words[end]), end + 1
    return Fraction(written), end


def _hundreds(words: list[str], at: int, tongue: _Tongue) -> tuple[int | None, int]:
    if words[at] in tongue.hundreds:
        return tongue.hundreds[words[at]], at + 1
    if words[at] in tongue.hundred:
        return 100, at + 1
    ones = tongue.ones.get(words[at])
    if ones and at + 1 < len(words) and words[at + 1] in tongue.hundred:
        return ones * 100, at + 2
    return None, at


def _below_hundred(words: list[str], at: int, tongue: _Tongue, *, joined: bool) -> tuple[int | None, int]:
    start = at
    if joined and at < len(words) and words[at] in tongue.joins:
        at += 1
    if at == len(words):
        return None, start
    tens = tongue.tens.get(words[at])
    if tens is None and words[at] in tongue.teens and tongue.teens[words[at]] == 10 and len(tongue.teens) <= 2:
        tens = 10  # Uzbek says ten-one, ten-two
    if tens is not None:
        ones = tongue.ones.get(words[at + 1]) if at + 1 < len(words) else None
        follows = ones and words[at + 1] not in ("a", "an")
        return (tens + (ones or 0), at + 2) if follows else (tens, at + 1)
    for table in (tongue.teens, tongue.ones):
        if words[at] in table:
            is_article = words[at] in ("a", "an")
            if is_article and not (at + 1 < len(words) and words[at + 1] in tongue.scales):
                return None, start
            return table[words[at]], at + 1
    return None, start
