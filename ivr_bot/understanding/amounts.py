"""Sums of money: a number, and the currency where it is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ivr_bot.understanding.figures import whole_number

#: Words for a currency (ISO 4217), in whatever case they are said.
_CURRENCIES: Mapping[str, str] = {
    **dict.fromkeys(("dollar", "dollars", "bucks", "usd", "доллар", "доллара", "долларов", "баксов", "dollor"), "USD"),
    **dict.fromkeys(
        ("sum", "sums", "som", "soum", "soums", "uzs", "сум", "сума", "сумов", "сом", "soʻm", "soʻmni"), "UZS"
    ),
    **dict.fromkeys(("rouble", "roubles", "ruble", "rubles", "rub", "рубль", "рубля", "рублей", "rubl"), "RUB"),
    **dict.fromkeys(("euro", "euros", "eur", "евро", "yevro"), "EUR"),
    **dict.fromkeys(("pound", "pounds", "gbp", "фунт", "фунта", "фунтов", "funt"), "GBP"),
    **dict.fromkeys(("tenge", "kzt", "тенге"), "KZT"),
}
_SMALL: Mapping[str, frozenset[str]] = {
    "en": frozenset("about around it is would be say i can pay".split()),
    "ru": frozenset("около примерно где-то могу заплатить".split()),
    "uz": frozenset("taxminan atrofida toʻlayman".split()),
}


def amount_of(words: Sequence[str], language: str) -> tuple[Decimal, str | None] | None:
    """Sum and currency; None where the words say something else, or two currencies."""
    said = [word for word in words if word not in _SMALL.get(language, ())]
    currencies = {_CURRENCIES[word] for word in said if word in _CURRENCIES}
    figures = [word for word in said if word not in _CURRENCIES]
    if len(currencies) > 1 or not figures:
        return None
    found = _decimal(figures) if len(figures) == 1 else None
    if found is None:
        whole = whole_number(figures, language)
        found = None if whole is None else Decimal(whole)
    if found is None or found <= 0:
        return None
    return found, next(iter(currencies), None)


def _decimal(figures: Sequence[str]) -> Decimal | None:
    """19.90, with one or two places."""
    whole, sign, places = figures[0].replace(",", ".").partition(".")
    if sign and whole.isdecimal() and places.isdecimal() and len(places) in (1, 2):
        return Decimal(f"{whole}.{places}")
    return None
