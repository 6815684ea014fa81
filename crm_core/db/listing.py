"""Lists read page by page, by key: a page costs the same wherever it lies, and rows that come or go in between neither
show twice nor hide others, as they do with OFFSET.

What comes after a row is read as ranges, one after the other, until the page is full: the rest of those equal in all
sort columns but the last, then of those equal in all but two, and so on; NULLs are a range of their own. Each range is
one walk along an index; one condition with OR in it would not be.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, TypeDecorator, and_, func, literal, or_, select

from crm_core.db.unit_of_work import UnitOfWork
from crm_core.errors import BadInput

#: What a list is counted up to.
COUNTED = 1000
_LONGEST = 2000  # characters of a cursor
_BIGGEST = 2**63  # of an integer in the database
_NOT_STORED = re.compile("[\0\ud800-\udfff]")  # no database takes these in a text


@dataclass(frozen=True, slots=True)
class By:
    """One column a list is sorted by. The last one must be unique and never NULL: the id, mostly.

    `nullable` says whether there may be NULLs; they come last either way.
    """

    name: str
    column: ColumnElement[Any]
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the cursor that asks for those after them; None: there are none."""

    rows: list[Row[Any]]
    after: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; `more`: there are more than that."""

    number: int
    more: bool

    def __str__(self) -> str:
        return f"{self.number}+" if self.more else str(self.number)


async def page_of(
    work: UnitOfWork, query: Select[Any], order: Sequence[By], after: str | None, limit: int, *, at_once: bool = False
) -> Page:
    """The first `limit` rows of `query`, which has no order of its own, or those behind the cursor `after`. With
    `at_once` in one statement: for rows that no index gives in order. No column may be nullable then.

    Raises BadInput for a cursor that is none, or of a list sorted otherwise.
    """
    if limit < 1:
        raise BadInput("limit", "a page holds one row at least", "Ask for 1 or more")
    keyed = query.add_columns(*(by.column.label(f"key_{n}") for n, by in enumerate(order)))
    ranges = _ranges(order, ()) if after is None else _behind(order, decoded(after, order))
    if at_once and after is not None:
        ranges = iter([(or_(*(condition for condition, _ in ranges if condition is not None)), order)])
    rows: list[Row[Any]] = []
    for condition, rest in ranges:
        wanted = limit + 1 - len(rows)
        part = keyed if condition is None else keyed.where(condition)
        rows += await work.all(part.order_by(*_sorting(rest)).limit(wanted))
        if len(rows) > limit:
            last = rows[limit - 1]
            return Page(rows[:limit], encoded([last._mapping[f"key_{n}"] for n in range(len(order))], order))
    return Page(rows, None)


async def count_of(work: UnitOfWork, query: Select[Any], upto: int = COUNTED) -> Count:
    """How many rows `query` has, counted no further than `upto`."""
    counted = query.order_by(None).with_only_columns(literal(1), maintain_column_froms=True).limit(upto + 1).subquery()
    number = int(await work.scalar(select(func.count()).select_from(counted)))
    return Count(min(number, upto), number > upto)


_Range = tuple[ColumnElement[bool] | None, Sequence[By]]  # a condition, and what the rows it holds of are sorted by


def _ranges(order: Sequence[By], given: Sequence[ColumnElement[bool]]) -> Iterator[_Range]:
    """The rows of which all `given` hold. No range has a NULL in the first column of its order: an index gives that
    order as it is, whatever its database thinks of NULLs. Where a later column has some, the database sorts equals."""
    if not order[0].nullable:
        yield and_(*given) if given else None, order
        return
    yield and_(*given, order[0].column.is_not(None)), order
    yield from _ranges(order[1:], [*given, order[0].column.is_(None)])


def _behind(order: Sequence[By], values: Sequence[Any]) -> Iterator[_Range]:
    """What comes after the row with these values: first what equals it in as many columns as can be."""
    for depth in reversed(range(len(order))):
        by, value = order[depth], values[depth]
        if value is None:
            continue  # NULLs are last: nothing of this column comes after them
        pairs = zip(order[:depth], values[:depth], strict=True)
        equal = [b.column.is_(None) if v is None else b.column == v for b, v in pairs]
        yield and_(*equal, by.column < value if by.descending else by.column > value), order[depth:]
        if by.nullable:
            yield from _ranges(order[depth + 1 :], [*equal, by.column.is_(None)])


def _sorting(order: Sequence[By]) -> Iterator[ColumnElement[Any]]:
    for depth, by in enumerate(order):
        sorting = by.column.desc() if by.descending else by.column.asc()
        yield sorting.nulls_last() if by.nullable and depth else sorting


# --- cursors ------------------------------------------------------------------------------------------------
def encoded(values: Sequence[Any], order: Sequence[By]) -> str:
    """The place behind the row with these values, in a list sorted so."""
    plain = [v.isoformat() if isinstance(v, datetime) else str(v) if isinstance(v, Decimal) else v for v in values]
    text = json.dumps([_sort(order), *plain], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decoded(cursor: str, order: Sequence[By]) -> list[Any]:
    """The values again; raises BadInput for rubbish and for a cursor of a list sorted otherwise."""
    if len(cursor) > _LONGEST:
        raise _bad("is too long")
    try:
        sort, *plain = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise _bad("is not one that a list has given") from None
    if sort != _sort(order):
        raise _bad("belongs to a list that is sorted otherwise")
    if len(plain) != len(order):
        raise _bad("is not one that a list has given")
    return [_value(by, value) for by, value in zip(order, plain, strict=True)]


def _sort(order: Sequence[By]) -> str:
    return ",".join(f"{'-' if by.descending else ''}{by.name}" for by in order)


def _value(by: By, plain: Any) -> Any:
    """A value of the column's type: whatever stands in a cursor, the driver must be able to take it."""
    of_column = by.column.type
    kind = (of_column.impl_instance if isinstance(of_column, TypeDecorator) else of_column).python_type
    if plain is None and by.nullable:
        return None
    try:
        value = datetime.fromisoformat(plain) if kind is datetime else Decimal(plain) if kind is Decimal else plain
    except (ValueError, TypeError, InvalidOperation):
        value = None
    if type(value) is not kind:
        raise _bad("is not one that a list has given")
    if isinstance(value, datetime):
        good = value.tzinfo is not None and 1 < value.year < 9999  # in UTC too
    elif isinstance(value, str):
        good = not _NOT_STORED.search(value)
    else:
        good = abs(value) < _BIGGEST if isinstance(value, int) else math.isfinite(float(value or 0))
    if not good:
        raise _bad("is not one that a list has given")
    return value


def _bad(what: str) -> BadInput:
    return BadInput("cursor", f"it {what}", "Begin with the first page")
