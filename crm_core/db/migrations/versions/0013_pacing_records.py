"""Pacing: lines given up, what dialed each line, and a record of every abandoned call. Revisions only go forward."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("attempts", sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attempts", sa.Column("paced", json, nullable=True))
    op.create_table(
        "abandon_records",
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dialed", json, nullable=True),
        sa.Column("last", json, nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_abandon_records_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_abandon_records")),
    )
    op.create_index(
        "ix_abandon_records_campaign_id_lost_at", "abandon_records", ["campaign_id", "lost_at"], unique=False
    )
