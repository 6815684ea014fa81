"""Many values in one bound value: several times quicker than a bound value for each."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from crm_core.db.unit_of_work import UnitOfWork


def packed(values: Sequence[Any]) -> str:
    """Values as one JSON text, as short as can be."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def among(work: UnitOfWork, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`column` is one of `values`, however many they are.

    A join with what PostgreSQL unpacks: its `= ANY(array)` compares each row with each value where it has no index or
    does not use it, as on tables filled a moment ago.
    """
    if work.connection.dialect.name == "sqlite":
        return column.in_(select(func.json_each(packed(list(values))).table_valued("value").c.value))
    return column.in_(select(func.unnest(bindparam(None, list(values), type_=ARRAY(column.type)))))
