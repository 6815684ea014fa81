"""Who looks at a page: his language, his time zone, what he may see. Pure; the session middleware fills it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Right of an entry or button: "" is open to everybody who is logged in.
_OPEN = ""


@dataclass(frozen=True, slots=True)
class Language:
    """`code` as in `lang`; `locale` names the CLDR data; `name` is what its speakers call it."""

    code: str
    locale: str
    name: str
    direction: str = "ltr"


#: English is the language of the source. en_GB: days before months and 24 hours, as in the three others.
LANGUAGES: Mapping[str, Language] = {
    one.code: one
    for one in (
        Language("en", "en_GB", "English"),
        Language("ru", "ru", "Русский"),
        Language("uz", "uz_Latn", "Oʻzbekcha"),
        Language("ar", "ar", "العربية", "rtl"),
    )
}
SOURCE_LANGUAGE = "en"
#: "auto" follows the system.
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class Viewer:
    """One person in front of one page. `key` tells users apart; `zone` is an IANA name, `country` ISO 3166 ("" writes
    numbers internationally); `rights` are values of `crm_core.domain.access.Right`; `masked`: he never receives the
    digits of a number."""

    name: str = ""
    key: str = ""
    role: str = ""
    rights: frozenset[str] = frozenset()
    language: str = SOURCE_LANGUAGE
    zone: str = "UTC"
    country: str = ""
    theme: str = "auto"
    csrf: str = ""
    masked: bool = True  # whoever forgets to say so shows too little, not too much
    home: str = "/"

    @property
    def is_known(self) -> bool:
        """Whether somebody is logged in."""
        return bool(self.role)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return LANGUAGES[self.language].direction

    @property
    def locale(self) -> str:
        """The name of the CLDR data."""
        return LANGUAGES[self.language].locale

    def may(self, right: str) -> bool:
        return right == _OPEN or right in self.rights


def anonymous(cookies: Mapping[str, str], accept_language: str, *, zone: str = "UTC", country: str = "") -> Viewer:
    """Somebody who is not logged in: language and theme by cookie, else the language his browser asks for."""
    theme = cookies.get("theme", "auto")
    return Viewer(
        language=chosen_language(cookies.get("language", ""), accept_language),
        zone=zone,
        country=country,
        theme=theme if theme in THEMES else "auto",
    )


def chosen_language(chosen: str, accept_language: str = "") -> str:
    """`chosen` if we speak it, else the best of an Accept-Language header (RFC 9110, 12.5.4), else English."""
    if chosen in LANGUAGES:
        return chosen
    wanted = sorted((_weighed(part) for part in accept_language.split(",")), key=lambda one: -one[1])
    for tag, weight in wanted:
        primary = tag.partition("-")[0].lower()
        if weight > 0 and primary in LANGUAGES:
            return primary
    return SOURCE_LANGUAGE


def _weighed(part: str) -> tuple[str, float]:
    tag, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return tag, float(parameter[2:])
            except ValueError:
                return tag, 0.0
    return tag, 1.0
