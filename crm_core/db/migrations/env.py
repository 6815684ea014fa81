"""Alembic's environment. It runs on the connection that crm_core.db.migrate hands over, in the caller's transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON

from crm_core.db.tables import Instant, metadata


def render_type(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Revisions stand alone: our types are written as what they are in the database."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render_type,
    # Both databases roll back DDL (SQLite because we begin transactions ourselves): all revisions or none.
    transactional_ddl=True,
    render_as_batch=True,  # SQLite alters a table only by copying it
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
