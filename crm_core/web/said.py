"""What our errors say, in the viewer's language.

Errors are raised with plain English texts; logs, the command line and the API's `what` and `do` keep them. For people
the text is said again in their language at the edge: it is looked for among the messages of the catalogue area
"errors", which scripts/error_messages.py reads out of the source. Where a message has holes, what stands in them is
taken over. A text that no message fits stays English, as does all of it for whoever reads English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from crm_core.domain.access import Right
from crm_core.errors import BadInput, CrmError, Forbidden, IllegalTransition, NotFound, Stale, TooMany
from crm_core.web.pages.catalogues import FOLDER, Words, read_area
from crm_core.web.pages.settings_words import RIGHTS
from crm_core.web.viewer import LANGUAGES, SOURCE_LANGUAGE

AREA, THING = "errors", "thing"
_LONGEST = 4000  # characters of a text that is looked at
_HOLE = re.compile(r"%\((\w+)\)s")
_WHERE = re.compile(r"[\w.\[\]-]+: ")
_LEFT_OUT = "left out: "
_COLUMN = re.compile(r"column ('.*?'|\".*?\"): (.+)", re.DOTALL)
_WITH_WAY_OUT = re.compile(r"(.+) \((.+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Known:
    """The messages: those without holes, and the others with what fits them, the most telling first."""

    plain: frozenset[str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]


def known_of(messages: Iterable[str]) -> _Known:
    """Messages made ready to be looked for."""
    with_holes = sorted((m for m in messages if _HOLE.search(m)), key=lambda m: -len(_HOLE.sub("", m)))
    return _Known(frozenset(m for m in messages if not _HOLE.search(m)), tuple((_fitting(m), m) for m in with_holes))


def _fitting(message: str) -> re.Pattern[str]:
    parts = _HOLE.split(message)  # text, name, text, …
    made = "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    return re.compile(made, re.DOTALL)


@cache
def _known() -> _Known:
    code = next(code for code in LANGUAGES if code != SOURCE_LANGUAGE)
    found = [one for one in read_area(FOLDER / code / f"{AREA}.po", code) if one.id and not one.context]
    return known_of([str(one.id) for one in found])


def said_error(error: CrmError, words: Words, language: str) -> str:
    """What an error says, in the language of `words`; in English as it was raised."""
    if language == SOURCE_LANGUAGE:
        return str(error)
    match error:
        case BadInput():
            return _joined(said(error.what, words, language), said(error.do, words, language))
        case NotFound():
            noun = words.pgettext(THING, error.noun) if error.noun else ""
            what = words.gettext("there is no %(noun)s %(key)s") % {"noun": noun, "key": error.key}
            return _joined(what, said(str(error).partition(f"{error.key!r}. ")[2], words, language))
        case Stale():
            return words.gettext("Somebody changed it meanwhile: look again, then decide")
        case Forbidden():
            right = words.gettext(RIGHTS[Right(error.right)]) if error.right in list(Right) else error.right
            return words.gettext("this needs the right “%(right)s”: ask an administrator for it") % {"right": right}
        case TooMany():
            what = said(str(error).rpartition(": ")[0], words, language)
            return words.gettext("%(what)s: try again in %(seconds)s s") % {"what": what, "seconds": error.seconds}
        case IllegalTransition():
            return words.gettext("that cannot be done now")
    return said(str(error), words, language)


def said(text: str, words: Words, language: str) -> str:
    """A text of an error in the language of `words`: a message, two with a full stop between, or what a row of a file
    lacks. What is not known is left as it is."""
    if language == SOURCE_LANGUAGE or not text or len(text) > _LONGEST:
        return text
    if text.startswith(_LEFT_OUT):
        rest = said(text.removeprefix(_LEFT_OUT), words, language)
        return words.gettext("left out: %(what)s") % {"what": rest}
    if (found := _COLUMN.fullmatch(text)) is not None:
        rest = said(found[2], words, language)
        return words.gettext("column %(title)s: %(what)s") % {"title": found[1], "what": rest}
    if (where := _WHERE.match(text)) is not None:  # a field's name says nothing to people
        rest = text[where.end() :]
        if (told := _whole(rest, words) or _in_parts(rest, words)) is not None:
            return told
    return _whole(text, words) or _in_parts(text, words) or text


def _whole(text: str, words: Words) -> str | None:
    known = _known()
    text = text.removesuffix(".")  # left over where there is nothing to do
    if text in known.plain:
        return words.gettext(text)
    for fitting, message in known.patterns:
        if (found := fitting.fullmatch(text)) is not None:
            values: dict[str, Any] = found.groupdict()
            for name, value in values.items():
                if value in known.plain:
                    values[name] = words.gettext(value)
            return words.gettext(message) % values
    return None


def _in_parts(text: str, words: Words) -> str | None:
    for at in re.finditer(r"\. ", text):
        what, do = _whole(text[: at.start()], words), _whole(text[at.end() :], words)
        if what is not None:
            return _joined(what, do or text[at.end() :])
    if (found := _WITH_WAY_OUT.fullmatch(text)) is not None:
        what, do = _whole(found[1], words), _whole(found[2], words)
        if what is not None and do is not None:
            return f"{what} ({do})"
    return None


def _joined(what: str, do: str) -> str:
    return f"{what}. {do}" if do else what
