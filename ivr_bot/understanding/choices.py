"""One of several, named by one of its phrases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivr_bot.understanding.words import without, words_of

#: Around a choice, and within the phrases of scripts: they decide nothing.
_SMALL: Mapping[str, frozenset[str]] = {
    "en": frozenset("a an the it is i would want to prefer choose take my for in on at by be will think about".split()),
    "ru": frozenset("я хочу бы мне хотел хотела выбираю лучше на в по у меня мой моя это давайте".split()),
    "uz": frozenset("men menga mening kerak tanlayman edi bir boʻladi".split()),
}


def chosen(text: str, options: Mapping[str, Sequence[str]], language: str) -> str | None:
    """The option whose phrase is the whole sentence; None where none is, or several are."""
    small = _SMALL.get(language, frozenset())
    for dropped in (frozenset[str](), small):
        plain = _plain(text, language, dropped)
        found = {
            name
            for name, phrases in options.items()
            if any(plain and _plain(phrase, language, dropped) == plain for phrase in phrases)
        }
        if len(found) == 1:
            return found.pop()
        if found:
            return None
    return None


def _plain(text: str, language: str, dropped: frozenset[str]) -> tuple[str, ...]:
    """The words that decide; Uzbek ones without the ending of what is chosen ("qizilni")."""
    words = without(words_of(text, language), dropped)
    return tuple(word.removesuffix("ni") for word in words) if language == "uz" else words
