"""Sums of the kanban as a team sees them, read from the index alone: it tells whose a deal is, too."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.drop_index("ix_deals_totals", "deals")
    op.create_index("ix_deals_totals", "deals", ["stage_id", "closed_at", "owner_id", "currency", "amount"])
