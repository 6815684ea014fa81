"""A column that the database keeps by itself: the folded form (crm_core.domain.folding) of what a row is found by.

The expression is written out rather than put into a function of the database's, so that a dump needs nothing but
itself. Every word has a space before it: a word's beginning is found by one pattern.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import DDL, Column, ColumnElement, Computed, Index, MetaData, Table, Text, and_, event, or_
from sqlalchemy.ext.compiler import compiles

from crm_core.domain.folding import ASCII, DROPPED, LONG, SINGLE

#: What SQLite calls `crm_core.domain.folding.fold`.
SQLITE_FUNCTION = "trunkline_fold"
_PART = 3  # letters: a trigram
_ASCII_DROPPED = "".join(letter for letter in DROPPED if letter.isascii())


class _Folded(ColumnElement[str]):
    inherit_cache = False

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.type = Text()


class _Kept(Computed):
    """Stored on PostgreSQL; on SQLite in its index only, since it can add none but virtual ones to a table."""

    inherit_cache = False


def folded(*names: str) -> Column[Any]:
    """The column `folded`, made of the columns `names` (text, of which NULL is taken for empty)."""
    return Column("folded", Text, _Kept(_Folded(names), persisted=True), info={"personal": True})


def found_by(table: Table) -> Index:
    """The index that finds any part of the table's `folded`: trigrams on PostgreSQL. SQLite reads the whole index,
    12 ms for 100,000 rows, if asked for `folded >= ''`; the table itself would take five times as long."""
    name = f"ix_{table.name}_folded"
    return Index(name, table.c.folded, postgresql_using="gin", postgresql_ops={"folded": "gin_trgm_ops"})


def holding(column: ColumnElement[str], words: Sequence[Sequence[str]], *, begins: bool) -> ColumnElement[bool]:
    """The folded column holds every one of `words` in one of its forms; with `begins`, where a word of it begins.

    Of two letters no index finds any part, but every beginning of a word: shorter ones are looked for there only.
    """
    return and_(
        *(
            or_(*(column.like(f"%{' ' * (begins or len(one) < _PART)}{escaped(one)}%", escape="\\") for one in forms))
            for forms in words
        )
    )


def escaped(form: str) -> str:
    """What LIKE takes for itself."""
    return form.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def make_trigrams(metadata: MetaData) -> None:
    """Let `metadata.create_all` make the extension that the indexes need first."""
    extension = DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # type: ignore[no-untyped-call]
    event.listen(metadata, "before_create", extension.execute_if(dialect="postgresql"))


@compiles(_Kept, "sqlite")
def _virtual(element: _Kept, compiler: Any, **_: Any) -> str:
    return f"GENERATED ALWAYS AS ({compiler.sql_compiler.process(element.sqltext)}) VIRTUAL"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _joined(names: tuple[str, ...], cast: str, empty: str) -> str:
    """The columns in one text, a space before each."""
    first, *others = (f"COALESCE({name}, {empty}){cast}" for name in names)
    joined = f"(' '{cast} || {first})"
    for other in others:
        joined = f"(({joined} || ' '{cast}) || {other})"
    return joined


@compiles(_Folded, "postgresql")
def _on_postgresql(element: _Folded, _compiler: Any, **_: Any) -> str:
    """As PostgreSQL itself prints it, so that alembic finds nothing to change. `translate` compares each letter with
    each of its list, 20 µs for a name: names in plain ASCII, told by their bytes, go a shorter way."""
    text = _joined(element.names, "::text", "''::character varying")
    lower = f"lower({text})"
    short = f"translate({lower}, {_letters(ASCII, _ASCII_DROPPED)})"
    long = f"translate({lower}, {_letters(SINGLE, DROPPED)})"
    for letter, plain in LONG.items():
        long = f"replace({long}, '{letter}'::text, '{plain}'::text)"
    return f"CASE WHEN (octet_length({text}) = length({text})) THEN {short} ELSE {long} END"


def _letters(single: Mapping[str, str], dropped: str) -> str:
    """`translate`'s two lists: what has no counterpart in the second is dropped."""
    return f"{_quoted(''.join(single) + dropped)}::text, {_quoted(''.join(single.values()))}::text"


@compiles(_Folded, "sqlite")
def _on_sqlite(element: _Folded, _compiler: Any, **_: Any) -> str:
    """SQLite has no `translate`, and 30 calls of `replace` in one another are too many for it: so the function of ours
    that crm_core.db.engine gives each connection. Without it, as in the sqlite3 shell, these tables are read-only."""
    text = _joined(element.names, "", "''")
    return f"{SQLITE_FUNCTION}({text})"
