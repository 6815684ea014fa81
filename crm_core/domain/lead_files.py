"""Rows of a lead file, and what becomes of each: created, updated, duplicate, invalid or skipped. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Duplicates(StrEnum):
    """What to do with a row whose number is known already, from an earlier row or from the base.

    SKIP leaves the row out. ADD gives the person the row's new numbers and changes nothing else. UPDATE does that and
    lets the row's filled cells replace what stands. ADD and UPDATE also put a person of the base into the new list.
    """

    SKIP = "skip"
    UPDATE = "update"
    ADD = "add"


class RowFate(StrEnum):
    """Every row has exactly one."""

    CREATED = "created"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    SKIPPED = "skipped"  # a blank row


@dataclass(frozen=True, slots=True)
class LeadPhone:
    """A number of a row; `raw` as it was written."""

    e164: str
    raw: str
    zone: str | None


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One row as read. `number` is what the user sees beside it in his file; a blank row has no cells.

    `faults` make the row invalid; `warnings` name what was left out of a row that is good otherwise.
    """

    number: int
    cells: tuple[str, ...] = ()
    phones: tuple[LeadPhone, ...] = ()
    name: str = ""
    company: str | None = None
    email: str | None = None
    language: str | None = None
    zone: str | None = None
    priority: int | None = None
    fields: dict[str, str] = field(default_factory=dict)
    company_fields: dict[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


#: Whose lead it is: the id of a contact in the base, or a number by which to find a contact this import has made.
Owner = int | str


@dataclass(frozen=True, slots=True)
class LeadChange:
    """What is to be written for one row. `owner` None: a new contact. `overwrite`: its filled cells replace."""

    owner: Owner | None
    overwrite: bool
    phones: tuple[LeadPhone, ...]
    name: str
    company: str | None
    email: str | None
    language: str | None
    zone: str | None
    priority: int | None
    fields: dict[str, str]
    company_fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """A row's fate; `reason` why it was not imported, or what of it was not."""

    fate: RowFate
    reason: str = ""
    change: LeadChange | None = None


class Decider:
    """Decides row after row, remembering the numbers of the rows before. Knows no database: the base comes as a map."""

    def __init__(self, duplicates: Duplicates) -> None:
        self._duplicates = duplicates
        self._seen: dict[str, tuple[int, Owner]] = {}  # number → row it came with, whose it is
        self._joined: dict[int, int] = {}  # contact of the base → row that put it into the list

    def decide(self, row: LeadRow, base: Mapping[str, int]) -> Decision:
        """What becomes of `row`; `base` says to which contact the numbers known already belong."""
        if not row.cells:
            return Decision(RowFate.SKIPPED)
        if row.faults or not row.phones:
            return Decision(RowFate.INVALID, "; ".join(row.faults) or "no phone number")
        known = next((p.e164 for p in row.phones if p.e164 in self._seen or p.e164 in base), None)
        if known is None:
            return self._create(row)
        owner, earlier = self._owner(known, base)
        if self._duplicates is Duplicates.SKIP:
            return Decision(RowFate.DUPLICATE, _known_since(known, owner, earlier))
        return self._join(row, base, known, owner, earlier)

    def _create(self, row: LeadRow) -> Decision:
        for phone in row.phones:
            self._seen[phone.e164] = (row.number, row.phones[0].e164)
        return Decision(RowFate.CREATED, "; ".join(row.warnings), _change(row, None, False, row.phones))

    def _owner(self, number: str, base: Mapping[str, int]) -> tuple[Owner, int | None]:
        """Whose number it is, and the earlier row of the file that brought him."""
        if number in self._seen:
            earlier, owner = self._seen[number]
            return owner, earlier
        return base[number], self._joined.get(base[number])

    def _join(self, row: LeadRow, base: Mapping[str, int], known: str, owner: Owner, earlier: int | None) -> Decision:
        new = tuple(p for p in row.phones if p.e164 not in self._seen and p.e164 not in base)
        overwrite = self._duplicates is Duplicates.UPDATE
        if not (new or overwrite or earlier is None):
            return Decision(RowFate.DUPLICATE, _known_since(known, owner, earlier))
        others = [p.e164 for p in row.phones if p not in new and self._owner(p.e164, base)[0] != owner]
        warnings = [*row.warnings, *(f"{number} was not added: it is somebody else's" for number in others)]
        for phone in new:
            self._seen[phone.e164] = (row.number, owner)
        if isinstance(owner, int):
            self._joined.setdefault(owner, row.number)
        return Decision(RowFate.UPDATED, "; ".join(warnings), _change(row, owner, overwrite, new))


def _known_since(number: str, owner: Owner, earlier: int | None) -> str:
    if earlier is not None:
        return f"duplicate: {number} came with row {earlier} already"
    return f"duplicate: {number} is known already, contact {owner}"


def _change(row: LeadRow, owner: Owner | None, overwrite: bool, phones: tuple[LeadPhone, ...]) -> LeadChange:
    return LeadChange(
        owner=owner,
        overwrite=overwrite,
        phones=phones,
        name=row.name,
        company=row.company,
        email=row.email,
        language=row.language,
        zone=row.zone,
        priority=row.priority,
        fields=row.fields,
        company_fields=row.company_fields if row.company else {},
    )
