"""Which column holds what: guessed from its title in English, Russian or Uzbek, or said with --map."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crm_core.domain.own_fields import OwnField
from crm_core.errors import BadInput


class Field(StrEnum):
    """What a column becomes. Several columns may be names (joined in their order), phones and extra fields."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    COMPANY = "company"
    ZONE = "zone"
    PRIORITY = "priority"
    LANGUAGE = "language"
    EXTRA = "field"
    LEAD_OWN = "lead"  # a field of the site's own; which one, Column.own says
    COMPANY_OWN = "company field"
    IGNORED = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file; `title` is unique among them. `own`: the key of the field of the site's own it fills."""

    title: str
    field: Field
    own: str = ""

    @property
    def chosen(self) -> str:
        """What it is called where one chooses: `phone`, `lead.arrival`."""
        return f"{_PREFIXES[self.field]}{self.own}" if self.field in _PREFIXES else self.field.value


#: Before the key of a field of one's own, in what is said of a column.
_PREFIXES = {Field.LEAD_OWN: "lead.", Field.COMPANY_OWN: "company."}


#: What may be said of a column besides those.
FIELDS = tuple(field.value for field in Field if field not in _PREFIXES)


@dataclass(frozen=True, slots=True)
class SitesFields:
    """The fields of the site's own that a file can fill."""

    lead: tuple[OwnField, ...] = ()
    company: tuple[OwnField, ...] = ()

    def of(self, kind: Field) -> tuple[OwnField, ...]:
        return {Field.LEAD_OWN: self.lead, Field.COMPANY_OWN: self.company}.get(kind, ())

    def choices(self) -> dict[str, OwnField]:
        """All of them, by what is said of a column: `lead.arrival`, `company.beds`."""
        return {f"{prefix}{field.key}": field for kind, prefix in _PREFIXES.items() for field in self.of(kind)}

    def titled(self, title: str) -> tuple[Field, str] | None:
        """The field whose name or key a column's title is; a lead's before a company's."""
        text = title.strip().casefold()
        for kind in _PREFIXES:
            for field in self.of(kind):
                if text in (field.key, field.label.casefold()):
                    return kind, field.key
        return None


class NoPhoneColumn(BadInput):
    """No column of the file holds telephone numbers, as far as titles tell; `columns` are those it has."""

    def __init__(self, where: str, columns: Sequence[Column], how: str = "say --map COLUMN=phone") -> None:
        self.columns = tuple(columns)
        titles = ", ".join(column.title for column in columns)
        super().__init__(
            where,
            f"no column seems to hold phone numbers; the columns are: {titles}",
            f"The first row must name the columns; {how}",
        )


#: The columns our own file of failed rows puts in front; read again they are left out.
ROW_TITLE, REASON_TITLE = "import row", "import reason"
_MANY = {Field.NAME, Field.PHONE, Field.EXTRA, Field.IGNORED}

_WORDS: Mapping[Field, str] = {
    Field.NAME: (
        "name, full name, first name, last name, surname, middle name, given name, family name, contact, "
        "contact name, contact person, customer, customer name, client, client name, lead, lead name, person, "
        "имя, фио, ф и о, фамилия, отчество, имя фамилия, фамилия имя, фамилия имя отчество, полное имя, "
        "имя клиента, фио клиента, клиент, контакт, контактное лицо, покупатель, абонент, "
        "ism, ismi, familiya, familiyasi, ism familiya, ismi familiyasi, to'liq ism, to'liq ismi, f i sh, "
        "fish, sharifi, otasining ismi, mijoz, mijoz ismi, исм, исми, фамилияси, шарифи, мижоз"
    ),
    Field.PHONE: "number, cell, номер, номера, контактный номер, номер клиента, raqam, raqami, aloqa raqami, рақам",
    Field.EMAIL: (
        "email, e mail, mail, email address, e mail address, почта, эл почта, электронная почта, емейл, имейл, "
        "адрес электронной почты, pochta, elektron pochta, el pochta, электрон почта"
    ),
    Field.COMPANY: (
        "company, company name, organization, organisation, firm, employer, account, business, "
        "компания, название компании, организация, наименование организации, фирма, предприятие, место работы, "
        "kompaniya, kompaniya nomi, tashkilot, tashkilot nomi, firma, korxona, korxona nomi, ish joyi, "
        "ташкилот, корхона"
    ),
    Field.ZONE: (
        "zone, time zone, timezone, tz, часовой пояс, таймзона, временная зона, зона, "
        "vaqt mintaqasi, vaqt zonasi, soat mintaqasi, вақт минтақаси"
    ),
    Field.PRIORITY: "priority, приоритет, важность, ustuvorlik, muhimlik, muhimligi",
    Field.LANGUAGE: "language, lang, язык, язык общения, til, tili, muloqot tili, тил",
    Field.IGNORED: f"{ROW_TITLE}, {REASON_TITLE}",
}
_TITLES = {kind: frozenset(words.split(", ")) for kind, words in _WORDS.items()}
#: A title with one of these words is a phone, whatever stands beside it ("Рабочий телефон", "Mobile no.").
_PHONE_WORD = re.compile(
    r"\b(?:phones?|telephones?|tel|mobile|mob|cellphone|msisdn|whatsapp|"
    r"телефон\w*|тел|моб|мобильн\w+|сотов\w+|telefon\w*|mobil|тел рақам\w*)\b"
)
_APOSTROPHES = str.maketrans("ʻʼ’‘`´", "''''''")


def plain(title: str) -> str:
    """A title as it is compared: lower case, one kind of apostrophe, no punctuation, no number at its end."""
    text = unicodedata.normalize("NFKC", title).casefold().translate(_APOSTROPHES).replace("ё", "е")
    text = re.sub(r"[^\w']+|_+", " ", text).strip()
    return re.sub(r"\s*\d+$", "", text)


def guess(title: str) -> Field:
    """What a column of this title most likely holds."""
    text = plain(title)
    for kind, titles in _TITLES.items():
        if text in titles:
            return kind
    return Field.PHONE if _PHONE_WORD.search(text) else Field.EXTRA


def unique_titles(header: Sequence[str], width: int) -> list[str]:
    """A title for each column: its own, "column 3" where there is none, with a number added where it stands twice."""
    titles: list[str] = []
    taken: set[str] = set()
    for index in range(width):
        title = (header[index].replace("\x00", "").strip() if index < len(header) else "") or f"column {index + 1}"
        name, again = title, 2
        while name.casefold() in taken:
            name, again = f"{title} ({again})", again + 1
        taken.add(name.casefold())
        titles.append(name)
    return titles


def columns_of(titles: Sequence[str], said: Mapping[str, str], sites: SitesFields | None = None) -> tuple[Column, ...]:
    """Each column with its field: what was said, else the guess; of two guesses for a single field the first counts.
    A title that is the name or the key of a field of the site's own is guessed to be that, unless we know it better.

    Raises BadInput for a column in `said` that the file has not, and for a field that does not exist.
    """
    sites = sites or SitesFields()
    chosen = _chosen(titles, said, sites)
    taken = {(column.field, column.own) for column in chosen.values()}
    columns: list[Column] = []
    for title in titles:
        column = chosen.get(title)
        if column is None:
            column = _guessed(title, sites)
            if column.field not in _MANY and (column.field, column.own) in taken:
                column = Column(title, Field.EXTRA)
            taken.add((column.field, column.own))
        columns.append(column)
    return tuple(columns)


def _guessed(title: str, sites: SitesFields) -> Column:
    kind = guess(title)
    if kind is Field.EXTRA and (own := sites.titled(title)) is not None:
        return Column(title, *own)
    return Column(title, kind)


def _chosen(titles: Sequence[str], said: Mapping[str, str], sites: SitesFields) -> dict[str, Column]:
    chosen: dict[str, Column] = {}
    for name, field_name in said.items():
        title = _title_named(titles, name)
        column = _column_named(title, name, field_name, sites)
        same = [(one.field, one.own) for one in chosen.values()]
        if column.field not in _MANY and (column.field, column.own) in same:
            raise BadInput("--map", f"two columns are mapped to {column.chosen}", "Map one of them to field or to -")
        chosen[title] = column
    return chosen


def _title_named(titles: Sequence[str], name: str) -> str:
    wanted = name.strip().casefold()
    for title in titles:
        if title.casefold() == wanted:
            return title
    raise BadInput("--map", f"the file has no column {name!r}", f"Its columns are: {', '.join(titles)}")


def _column_named(title: str, column: str, name: str, sites: SitesFields) -> Column:
    wanted = name.strip().casefold()
    for kind, prefix in _PREFIXES.items():
        if wanted.startswith(prefix) and any(wanted == prefix + field.key for field in sites.of(kind)):
            return Column(title, kind, wanted.removeprefix(prefix))
    try:
        kind = Field(re.sub(r"\d+$", "", wanted))
        if kind in _PREFIXES:
            raise ValueError
    except ValueError:
        fields = ", ".join([*(name for name in FIELDS if name != Field.IGNORED), *sites.choices()])
        raise BadInput(
            "--map", f"{column!r} is mapped to {name!r}, which is no field", f"Choose of {fields}, or - to leave it out"
        ) from None
    return Column(title, kind)


def has_all(titles: Sequence[str], said: Mapping[str, str]) -> bool:
    """Whether every column named in `said` is among `titles`."""
    own = {title.casefold() for title in titles}
    return all(name.strip().casefold() in own for name in said)
