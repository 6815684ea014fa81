"""Search by any part of a name or number, lists and columns of the kanban by index. Revisions only go forward.

On PostgreSQL it needs the extension pg_trgm, which comes with the server and which whoever may create things in the
database may install (it is trusted: https://www.postgresql.org/docs/15/pgtrgm.html).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

from crm_core.errors import Unavailable

revision = "0008"
down_revision = "0007"

#: Letter for letter, then what is dropped; then letters of two or three. As crm_core.domain.folding has it.
_FROM = (
    "абвгдеёжзийклмноўпрстуфхҳқғыэіїєґøđłıİŋðħxqàáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćĉċčďēĕėęěĝğġģĥĩīĭįĵķĺļľńņň"
    "ōŏőŕŗřśŝşšţťũūŭůűųŵŷźżžАБВГДЕЁЖЗИЙКЛМНОЎПРСТУФХҲҚҒЫЭІЇЄҐØĐŁIŊÐĦXQÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸĀĂĄĆĈĊČĎ"
    "ĒĔĖĘĚĜĞĠĢĤĨĪĬĮĴĶĹĻĽŃŅŇŌŎŐŔŖŘŚŜŞŠŢŤŨŪŬŮŰŲŴŶŹŻŽШЩЧЦЮЯÆŒÞ"
)
_TO = (
    "abvgdeejziyklmnooprstufhhkgyeiiegodliindhhkaaaaaaceeeeiiiinooooouuuuyyaaaccccdeeeeegggghiiiijklllnnn"
    "ooorrrssssttuuuuuuwyzzzabvgdeejziyklmnooprstufhhkgyeiiegodlindhhkaaaaaaceeeeiiiinooooouuuuyyaaaccccd"
    "eeeeegggghiiiijklllnnnooorrrssssttuuuuuuwyzzzшщчцюяæœþ"
)
_DROPPED = "'`´ʻʼʽ‘’‛ʹ′ъьЪЬ"
_LONG = {"ш": "sh", "щ": "sh", "ч": "ch", "ц": "ts", "ю": "yu", "я": "ya", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
_TABLES = (("companies", ("name",)), ("contacts", ("name", "email")), ("deals", ("title",)))


def upgrade() -> None:
    on_postgres = op.get_bind().dialect.name == "postgresql"
    if on_postgres:
        _make_trigrams()
    for table, names in _TABLES:
        made = f"{_on_postgres(names)} ) STORED" if on_postgres else f"{_on_sqlite(names)} ) VIRTUAL"
        added = f"ALTER TABLE {table} ADD COLUMN folded TEXT GENERATED ALWAYS AS ( {made}"
        op.get_bind().exec_driver_sql(added)
        _trigrams(f"ix_{table}_folded", table, "folded")
    _trigrams("ix_phones_part", "phones", "e164", sqlite_where=sa.text("0"))
    op.create_index("ix_contacts_name", "contacts", ["name", "id"])
    op.create_index("ix_contacts_created_at", "contacts", ["created_at", "id"])
    for name, table, columns in (
        ("ix_deals_stage_id", "deals", ["stage_id", "id"]),
        ("ix_deals_owner_id", "deals", ["owner_id", "stage_id", "id"]),
        ("ix_calls_contact_id", "calls", ["contact_id", "agent_id"]),
        ("ix_calls_agent_id", "calls", ["agent_id", "contact_id"]),
    ):
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns)
    op.create_index("ix_deals_totals", "deals", ["stage_id", "closed_at", "currency", "amount"])


def _make_trigrams() -> None:
    try:
        op.get_bind().exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DBAPIError as error:
        said = str(error.orig).strip().partition("\n")[0]
        raise Unavailable(
            f"the database lacks the extension pg_trgm, and it could not be made ({said}). Let an administrator of the "
            "server run CREATE EXTENSION pg_trgm in this database (package postgresql-contrib), then upgrade again"
        ) from error


def _trigrams(name: str, table: str, column: str, **options: Any) -> None:
    op.create_index(name, table, [column], postgresql_using="gin", postgresql_ops={column: "gin_trgm_ops"}, **options)


def _on_postgres(names: tuple[str, ...]) -> str:
    text = " || ".join(f"' ' || coalesce({name}, '')" for name in names)
    quoted = _DROPPED.replace("'", "''")
    long = f"translate(lower({text}), '{_FROM}{quoted}', '{_TO}')"
    for letter, plain in _LONG.items():
        long = f"replace({long}, '{letter}', '{plain}')"
    short = f"translate(lower({text}), 'xq''`', 'hk')"
    return f"CASE WHEN octet_length({text}) = length({text}) THEN {short} ELSE {long} END"


def _on_sqlite(names: tuple[str, ...]) -> str:
    joined = " || ".join(f"' ' || COALESCE({name}, '')" for name in names)
    return f"trunkline_fold({joined})"
