"""Which language a person asks for by name, in whichever language he says it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAMES: Mapping[str, re.Pattern[str]] = {
    "en": re.compile(r"\b(english|англий\w*|по-английски|ingliz\w*)", re.IGNORECASE),
    "ru": re.compile(r"\b(russian|русск\w*|по-русски|rus(cha)?)\b", re.IGNORECASE),
    "uz": re.compile(r"\b(uzbek|узбек\w*|по-узбекски|[oу][ʻ'ʼ‘’`]?zbek\w*)", re.IGNORECASE),
}


def language_named(text: str, languages: tuple[str, ...]) -> str | None:
    """The one of `languages` that the text names; None: none or several."""
    named = [language for language in languages if _NAMES[language].search(text)]
    return named[0] if len(named) == 1 else None
