"""Numbers of ours that a script answers, and the summary of a transfer as a sound. Revisions only go forward."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("conversations", sa.Column("announcement", sa.String(length=200), nullable=True))
    op.create_table(
        "numbers",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("day_script", sa.String(length=80), nullable=True),
        sa.Column("night_script", sa.String(length=80), nullable=True),
        sa.Column("fields", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("notify", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_numbers")),
    )
