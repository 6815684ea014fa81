"""Search from anywhere: people, companies and deals by any part of their names, people by any part of a number.

Words that begin a word of the name come first, then other parts. Of what many have in common ("ova") those
found first are put in order, not all: nobody looks for one person among three hundred thousand by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, Table, case, func, or_, select, true
from sqlalchemy.sql.elements import True_

from crm_core.db.folded import escaped, holding
from crm_core.db.tables import companies, contacts, deals, phones, stages
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.folding import fold
from crm_core.domain.searching import Matched, Sought, holds

Condition = ColumnElement[bool]
NumberSearch = Literal["any", "exact"]
#: Hits of each kind.
SHOWN = 10
#: So many are put in order; fewer where each has to be looked up to know whether it is seen.
_CANDIDATES, _CANDIDATES_SEEN = 200, 20
_EACH_TIME = select(func.set_config("plan_cache_mode", "force_custom_plan", true()))
_ALONE = _EACH_TIME.add_columns(func.set_config("max_parallel_workers_per_gather", "0", true()))
_BY_INDEX = _EACH_TIME.add_columns(func.set_config("enable_seqscan", "off", true()))


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found. `detail` says more of it: a person's company, a deal's contact and stage. `number` is the number
    that matched, where it may be shown."""

    id: int
    title: str
    detail: str
    matched: Matched
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Hits by kind, best first."""

    contacts: tuple[Hit, ...] = ()
    companies: tuple[Hit, ...] = ()
    deals: tuple[Hit, ...] = ()


async def search(
    work: UnitOfWork,
    wanted: Sought,
    *,
    contacts_if: Condition | None = None,
    companies_if: Condition | None = None,
    deals_if: Condition | None = None,
    number_search: NumberSearch = "any",
) -> Found:
    """What is found among the contacts, companies and deals of which the conditions hold (None: all). With
    `number_search` "exact" a number is found only by the whole of it, and is not repeated in the answer.
    """
    exact = number_search == "exact"
    if exact and wanted.digits:  # a name may be a number, or hold one: no part of it is to be found out
        wanted = Sought(whole=wanted.whole)
    elif exact and any(c.isdigit() for forms in wanted.words for form in forms for c in form):
        return Found()
    if not (wanted.words or wanted.whole):
        return Found()
    await plan_each_time(work, by_index=True)
    seen = true() if contacts_if is None else contacts_if
    people = await _by_number(work, wanted, seen, exact=exact)
    known = {hit.id for hit in people}
    people += [hit for hit in await _people(work, wanted, seen) if hit.id not in known]
    return Found(
        tuple(people[:SHOWN]),
        tuple(await _companies(work, wanted, true() if companies_if is None else companies_if)),
        tuple(await _deals(work, wanted, true() if deals_if is None else deals_if)),
    )


async def plan_each_time(work: UnitOfWork, *, by_index: bool = False, alone: bool = False) -> None:
    """Let PostgreSQL look at the words before it decides how to go: of a plan for any words it knows only that it reads
    the whole table. Holds until the transaction ends.

    `by_index`: always by the index, for whom a few rows are enough. Of how many hold a part of a name PostgreSQL knows
    little, and reading a million to find none takes 300 ms. `alone`: without helpers, who come later than what they are
    called for is done.
    """
    if work.connection.dialect.name == "postgresql":
        await work.run(_BY_INDEX if by_index else _ALONE if alone else _EACH_TIME)


# --- by words -----------------------------------------------------------------------------------------------
async def _ids(work: UnitOfWork, table: Table, wanted: Sought, seen: Condition) -> list[int]:
    """Rows that hold all words, those whose words they begin first; `SHOWN` at most."""
    if not wanted.words:
        return []
    ids: list[int] = []
    candidates = _CANDIDATES if isinstance(seen, True_) else _CANDIDATES_SEEN
    for begins in (True, False):
        meant = [holding(table.c.folded, wanted.words, begins=begins)]
        if work.connection.dialect.name == "sqlite":
            meant.append(table.c.folded >= "")  # SQLite walks the index then, and not the table
        if ids:
            meant.append(table.c.id.not_in(ids))
        found = select(table.c.id, table.c.folded).where(*meant, seen).limit(candidates).subquery()
        first = or_(*(found.c.folded.like(f" {escaped(form)}%", escape="\\") for form in wanted.words[0]))
        query = select(found.c.id).order_by(case((first, 0), else_=1), found.c.id.desc()).limit(SHOWN - len(ids))
        ids += [row.id for row in await work.all(query)]
        if len(ids) == SHOWN:
            break
    return ids


async def _in_order(work: UnitOfWork, query: Select[Any], ids: Sequence[int]) -> list[Any]:
    """The rows of `query`, which has a column `id`, in the order of `ids`."""
    if not ids:
        return []
    rows = {row.id: row for row in await work.all(query)}
    return [rows[one] for one in ids if one in rows]


async def _people(work: UnitOfWork, wanted: Sought, seen: Condition) -> list[Hit]:
    ids = await _ids(work, contacts, wanted, seen)
    hits = []
    for row in await _in_order(work, _people_query().where(contacts.c.id.in_(ids)), ids):
        matched = Matched.NAME if holds(fold(row.name), wanted.words) else Matched.EMAIL
        hits.append(Hit(row.id, row.name, row.company or row.email or "", matched))
    return hits


def _people_query() -> Select[Any]:
    joined = contacts.outerjoin(companies, companies.c.id == contacts.c.company_id)
    return select(contacts.c.id, contacts.c.name, contacts.c.email, companies.c.name.label("company")).select_from(
        joined
    )


async def _companies(work: UnitOfWork, wanted: Sought, seen: Condition) -> list[Hit]:
    ids = await _ids(work, companies, wanted, seen)
    query = select(companies.c.id, companies.c.name).where(companies.c.id.in_(ids))
    return [Hit(row.id, row.name, "", Matched.NAME) for row in await _in_order(work, query, ids)]


async def _deals(work: UnitOfWork, wanted: Sought, seen: Condition) -> list[Hit]:
    ids = await _ids(work, deals, wanted, seen)
    joined = deals.join(stages, stages.c.id == deals.c.stage_id)
    joined = joined.outerjoin(contacts, contacts.c.id == deals.c.contact_id)
    query = select(deals.c.id, deals.c.title, stages.c.name.label("stage"), contacts.c.name.label("contact"))
    rows = await _in_order(work, query.select_from(joined).where(deals.c.id.in_(ids)), ids)
    return [
        Hit(row.id, row.title, ", ".join(part for part in (row.contact, row.stage) if part), Matched.TITLE)
        for row in rows
    ]


# --- by number ----------------------------------------------------------------------------------------------
async def _by_number(work: UnitOfWork, wanted: Sought, seen: Condition, *, exact: bool) -> list[Hit]:
    """Whose number it is, then whose number ends so, then whose holds it."""
    ways: list[Condition] = [phones.c.e164.in_(wanted.whole)] if wanted.whole else []
    if not exact and wanted.digits:
        ways += [or_(*(phones.c.e164.like(f"%{form}{rest}") for form in wanted.digits)) for rest in ("", "%")]
    numbers: dict[int, str] = {}
    joined = phones.join(contacts, contacts.c.id == phones.c.contact_id)
    for way in ways:
        query = select(phones.c.contact_id, phones.c.e164).select_from(joined).where(way, seen)
        if work.connection.dialect.name == "sqlite":
            query = query.where(phones.c.e164 >= "")  # as above
        if numbers:
            query = query.where(phones.c.contact_id.not_in(list(numbers)))
        for row in await work.all(query.limit(SHOWN - len(numbers))):
            numbers.setdefault(row.contact_id, row.e164)
        if len(numbers) >= SHOWN:
            break
    rows = await _in_order(work, _people_query().where(contacts.c.id.in_(list(numbers))), list(numbers))
    return [
        Hit(row.id, row.name, row.company or "", Matched.NUMBER, None if exact else numbers[row.id]) for row in rows
    ]
