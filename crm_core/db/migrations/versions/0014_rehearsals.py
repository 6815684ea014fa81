"""Rehearsals: what was expected of a campaign, and the comparison with what came of it. Revisions only go forward."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "rehearsals",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("campaign_id", number, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("forecast", json, nullable=False),
        sa.Column("compared", json, nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_rehearsals_campaign_id_campaigns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rehearsals")),
    )
    op.create_index("ix_rehearsals_campaign_id_id", "rehearsals", ["campaign_id", "id"], unique=False)
