"""Importing: records become contacts with numbers, companies and leads, unpacked by the database itself.

Four statements a chunk, with the chunk as one bound text: no value passes through Python, and on SQLite the writer is
held a third of the time that bound rows take.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, TextClause, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, REGCLASS

from crm_core.db.tables import contacts, leads
from crm_core.db.unit_of_work import UnitOfWork

#: What each statement unpacks of a record, and the statement.
_STATEMENTS = (
    (
        ("company",),
        """INSERT INTO companies (name, created_at) SELECT DISTINCT {company}, :now FROM {records}
        WHERE {company} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM companies AS known WHERE known.name = {company})""",
    ),
    (
        ("name", "email", "company", "language"),
        """INSERT INTO contacts (id, name, email, company_id, language, fields, created_at)
        SELECT {id}, {name}, {email}, (SELECT min(known.id) FROM companies AS known WHERE known.name = {company}),
        {language}, '{{}}', :now FROM {records}""",
    ),
    (
        ("phones",),
        """INSERT INTO phones (contact_id, e164, raw, zone, dead)
        SELECT {id}, {e164}, {raw}, {phone_zone}, FALSE FROM {records}, {each_phone} ORDER BY {order}""",
    ),
    (
        ("zone", "priority", "fields"),
        """INSERT INTO leads (list_id, contact_id, priority, zone, fields)
        SELECT :list_id, {id}, COALESCE({priority}, 0), {zone}, {fields} FROM {records}""",
    ),
)
_COLUMN_TYPES = {"phones": "json", "priority": "integer", "fields": "jsonb"}  # the others are text
_PHONE = ("e164", "raw", "phone_zone")


def _sqlite_words(columns: Sequence[str]) -> dict[str, str]:
    return {
        "records": "json_each(:records) AS r",
        "id": ":first_id + r.key",
        **{name: f"json_extract(r.value, '$.{name}')" for name in columns},
        "each_phone": "json_each(r.value, '$.phones') AS p",
        **{name: f"json_extract(p.value, '$[{place}]')" for place, name in enumerate(_PHONE)},
        "order": "r.key, p.key",
    }


def _postgres_words(columns: Sequence[str]) -> dict[str, str]:
    """json_to_recordset takes each record apart once; the operator ->> would for each value, three times as long."""
    typed = ", ".join(f"{name} {_COLUMN_TYPES.get(name, 'text')}" for name in columns)
    unpacked = f"json_to_recordset(CAST(:records AS json)) AS ({typed})"
    return {
        "records": f"ROWS FROM ({unpacked}) WITH ORDINALITY AS r({', '.join(columns)}, place)",
        "id": "(:ids)[r.place]",
        **{name: f"r.{name}" for name in columns},
        "each_phone": "json_array_elements(r.phones) WITH ORDINALITY AS p(value, place)",
        **{name: f"p.value->>{place}" for place, name in enumerate(_PHONE)},
        "order": "r.place, p.place",
    }


_TYPES: Mapping[str, Any] = {
    "now": contacts.c.created_at.type,
    "list_id": leads.c.list_id.type,
    "first_id": BigInteger(),
    "ids": ARRAY(BigInteger()),
}


async def create_leads(work: UnitOfWork, list_id: int, records: str, now: datetime) -> None:
    """A contact, its numbers, its company if it is new, and its lead for each of `records`, a JSON array of objects."""
    count = len(json.loads(records))
    if count == 0:
        return
    values = {"records": records, "now": now, "list_id": list_id, **await _new_ids(work, count)}
    for statement, names in _statements(work.connection.dialect.name):
        await work.connection.execute(statement, {name: values[name] for name in names})


@cache
def _statements(dialect: str) -> tuple[tuple[TextClause, tuple[str, ...]], ...]:
    """The statements for a database, each with the names of its bound values."""
    words = _sqlite_words if dialect == "sqlite" else _postgres_words
    return tuple(_bound(sql.format_map(words(columns))) for columns, sql in _STATEMENTS)


def _bound(sql: str) -> tuple[TextClause, tuple[str, ...]]:
    names = tuple(name for name in ("records", *_TYPES) if f":{name}" in sql)
    return text(sql).bindparams(*(bindparam(n, type_=_TYPES[n]) for n in names if n in _TYPES)), names


async def _new_ids(work: UnitOfWork, count: int) -> dict[str, Any]:
    """Ids for so many new contacts, taken beforehand: numbers and leads need them."""
    if work.connection.dialect.name == "sqlite":  # the only writer: nobody else takes them
        return {"first_id": 1 + (await work.scalar(select(func.max(contacts.c.id))) or 0)}
    sequence = func.pg_get_serial_sequence(contacts.name, contacts.c.id.name)
    each = func.array_agg(func.nextval(sequence.cast(REGCLASS)))
    return {"ids": await work.scalar(select(each).select_from(func.generate_series(1, count)))}
