"""Records of a file become rows of leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from crm_core.domain.lead_files import LeadPhone, LeadRow
from crm_core.domain.own_fields import OwnField, checked_value
from crm_core.errors import BadInput
from crm_core.imports import values
from crm_core.imports.titles import Column, Field, SitesFields

T = TypeVar("T")


#: Fields of one cell: how it is read, and whether what is not understood makes the whole row invalid.
_SINGLE: Mapping[Field, tuple[Callable[[str], Any], bool]] = {
    Field.COMPANY: (lambda text: values.short_text(text, "company"), True),
    Field.EMAIL: (values.email_of, False),
    Field.LANGUAGE: (values.language_of, False),
    Field.ZONE: (values.zone_named, True),
    Field.PRIORITY: (values.priority_of, True),
}


class RowReader:
    """Knows which cell holds what. One for a file, for it sees each of a million rows."""

    def __init__(self, columns: Sequence[Column], country: str | None, sites: SitesFields | None = None) -> None:
        self._country = country
        self._width = len(columns)
        places = list(enumerate(columns))
        self._names = [i for i, column in places if column.field is Field.NAME]
        self._phones = [i for i, column in places if column.field is Field.PHONE]
        self._extras = [(i, column.title) for i, column in places if column.field is Field.EXTRA]
        self._own = _own_places(columns, sites or SitesFields())
        self._single = [
            (i, column.field.value, *_SINGLE[column.field]) for i, column in places if column.field in _SINGLE
        ]

    def row(self, number: int, record: Sequence[str]) -> LeadRow:
        """Row `number` of the file.

        A row with a good number is good: bad further numbers, e-mail and language are left out of it with a warning.
        A zone or priority that is not understood is a fault, for it decides when we call.
        """
        cells = [cell.replace("\x00", "").strip() for cell in record]  # PostgreSQL keeps no zero
        if not any(cells):
            return LeadRow(number)
        faults: list[str] = []
        warnings: list[str] = []
        if len(cells) != self._width:
            cells = self._fitted(cells, faults)
        phones = self._read_phones(cells, faults, warnings)
        single = {}
        for i, name, reader, is_needed in self._single:
            if cells[i]:
                single[name] = _read(reader, cells[i], faults if is_needed else warnings)
        own: dict[Field, dict[str, Any]] = {kind: {} for kind in (Field.LEAD_OWN, Field.COMPANY_OWN)}
        for i, kind, field in self._own:
            _read_own(cells[i], field, own[kind], faults if field.required else warnings)
        lead = {key: _said(value) for key, value in own[Field.LEAD_OWN].items()}
        return LeadRow(
            number=number,
            cells=tuple(record),
            phones=phones,
            name=self._name(cells, faults),
            fields={title: cells[i] for i, title in self._extras if cells[i]} | lead,
            company_fields=own[Field.COMPANY_OWN],
            faults=tuple(faults),
            warnings=tuple([f"left out: {what}" for what in warnings]),
            **single,
        )

    def _fitted(self, cells: list[str], faults: list[str]) -> list[str]:
        """As many cells as the header has; filled ones beyond are a fault: most likely all stand in wrong columns."""
        if any(cells[self._width :]):
            faults.append(
                f"the row has {len(cells)} cells, the header {self._width}: "
                "put a cell that holds the delimiter in quotes"
            )
        return cells[: self._width] + [""] * (self._width - len(cells))

    def _name(self, cells: Sequence[str], faults: list[str]) -> str:
        written = " ".join(cells[i] for i in self._names if cells[i])
        return _read(_name_of, written, faults) or ""

    def _read_phones(self, cells: Sequence[str], faults: list[str], warnings: list[str]) -> tuple[LeadPhone, ...]:
        """The row's numbers, each once; without any, what is wrong with them is the row's fault."""
        phones: dict[str, LeadPhone] = {}
        wrong: list[str] = []
        for index in self._phones:
            if cells[index]:
                found, refused = values.phones_in(cells[index], self._country)
                for phone in found:
                    phones.setdefault(phone.e164, phone)
                wrong += refused
        if phones:
            warnings += wrong
        else:
            faults += wrong or ["no phone number"]
        return tuple(phones.values())


def _own_places(columns: Sequence[Column], sites: SitesFields) -> list[tuple[int, Field, OwnField]]:
    """Which cells hold values of the site's own fields. A fault names the column as the file does."""
    found = []
    for place, column in enumerate(columns):
        for field in sites.of(column.field):
            if field.key == column.own:
                found.append((place, column.field, replace(field, label=column.title)))
    return found


def _read_own(cell: str, field: OwnField, values: dict[str, Any], wrong: list[str]) -> None:
    """Put the cell's value where it belongs; what is wrong with it (column, value, what is expected) goes into
    `wrong`. An empty cell says nothing, unless the field must not be empty."""
    if not cell and not field.required:
        return
    try:
        values[field.key] = checked_value(field, cell)
    except BadInput as error:
        expected = f" ({error.do})" if error.do else ""
        wrong.append(f"column {field.label!r}: {error.what}{expected}")


def _said(value: Any) -> str:
    """A lead's value as a text, as all fields of leads are: scripts say them."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _name_of(text: str) -> str:
    return values.short_text(text, "name")


def _read(reader: Callable[[str], T], cell: str, wrong: list[str]) -> T | None:
    """The cell's value; what is wrong with it goes into `wrong`."""
    try:
        return reader(cell)
    except BadInput as error:
        wrong.append(error.what + (f" ({error.do})" if error.do else ""))
        return None
