"""Languages: one set of .po files per language, read at start; nothing is compiled.

`locale/<language>/<area>.po` holds what the pages of one area say, so that those who write pages do not meet in one
file. The area "shell" holds what all pages share. All areas of a language become one catalogue.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from crm_core.web.viewer import LANGUAGES, SOURCE_LANGUAGE

FOLDER = Path(__file__).parents[1] / "locale"

#: As translators and their tools know it; Babel's own formula for Arabic swaps the last two forms.
_PLURALS = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);"
}

Catalogues = Mapping[str, gettext.NullTranslations]


@dataclass(frozen=True, slots=True)
class Words:
    """What a text says in one language: `words.gettext("Saved")`. Always with literals, so that they are extracted."""

    translations: gettext.NullTranslations

    def gettext(self, message: str) -> str:
        return self.translations.gettext(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return self.translations.ngettext(singular, plural, n)

    def pgettext(self, context: str, message: str) -> str:
        return self.translations.pgettext(context, message)

    def npgettext(self, context: str, singular: str, plural: str, n: int) -> str:
        return self.translations.npgettext(context, singular, plural, n)


def mark(message: str) -> str:
    """Mark a text for extraction where no viewer is known yet; the template says it: `_(entry.label)`."""
    return message


def read_catalogues(folder: Path = FOLDER) -> Catalogues:
    """Every language's texts. The source language needs no file. Raises OSError when a language has none."""
    read: dict[str, gettext.NullTranslations] = {SOURCE_LANGUAGE: gettext.NullTranslations()}
    for code in LANGUAGES:
        if code != SOURCE_LANGUAGE:
            read[code] = _translations(merged(folder / code, code))
    return read


def read_area(path: Path, code: str) -> Catalog:
    """One .po file."""
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGES[code].locale, domain=path.stem)


def empty_catalogue(code: str, area: str) -> Catalog:
    """A catalogue that says nothing yet, with the language's plural forms."""
    catalogue = Catalog(locale=LANGUAGES[code].locale, domain=area)
    if code in _PLURALS:
        catalogue.mime_headers = [("Plural-Forms", _PLURALS[code])]
    return catalogue


def merged(folder: Path, code: str) -> Catalog:
    """All areas of a language as one catalogue."""
    paths = sorted(folder.glob("*.po"))
    if not paths:
        raise FileNotFoundError(f"no .po file in {folder}")
    whole = empty_catalogue(code, code)
    for path in paths:
        for message in read_area(path, code):
            if message.id and message.string and not message.fuzzy:
                whole.add(message.id, message.string, context=message.context)
    return whole


def _translations(catalogue: Catalog) -> gettext.GNUTranslations:
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
