"""Pilots that are approved, quotas, and a campaign's conversations in order of time. Revisions only go forward."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_WITHIN_QUOTAS = sa.text("state = 'open' AND open_attempt IS NULL AND callback_at IS NULL AND cell IS NOT NULL")
_UNDER_WAY = sa.text("open_attempt IS NOT NULL AND cell IS NOT NULL")
_COMPLETE = sa.text("complete")


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("campaigns", sa.Column("approved_by", sa.String(length=120), nullable=True))
    op.add_column("campaign_leads", sa.Column("cell", sa.String(length=120), nullable=True))
    op.add_column("campaign_leads", sa.Column("complete", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_campaign_leads_cells",
        "campaign_leads",
        ["campaign_id", "cell", "priority", "next_attempt_at", "lead_id"],
        sqlite_where=_WITHIN_QUOTAS,
        postgresql_where=_WITHIN_QUOTAS,
    )
    for name, where in (("under_way", _UNDER_WAY), ("complete", _COMPLETE)):
        columns = ["campaign_id", "cell"]
        op.create_index(
            f"ix_campaign_leads_{name}", "campaign_leads", columns, sqlite_where=where, postgresql_where=where
        )
    op.drop_index("ix_conversations_campaign_id", table_name="conversations")
    op.create_index("ix_conversations_campaign_id_began_at", "conversations", ["campaign_id", "began_at", "call_id"])
