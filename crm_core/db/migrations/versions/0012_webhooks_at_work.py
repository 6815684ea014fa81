"""Webhooks at work: since when one fails, why it was switched off, its log by pages. Revisions only go forward."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("webhooks", sa.Column("off_because", sa.String(length=300), nullable=True))
    op.create_index("ix_webhook_deliveries_log", "webhook_deliveries", ["webhook_id", "id"], unique=False)
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"], unique=False)
