"""What the bot did not understand, and what a person says it means. Revisions only go forward."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_UNCLEAR = sa.text("unclear")


def upgrade() -> None:
    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unclear", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index(
            "ix_turns_unclear", ["began_at"], unique=False, sqlite_where=_UNCLEAR, postgresql_where=_UNCLEAR
        )
    op.create_table(
        "labels",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("intent", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("call_id", "position", name=op.f("pk_labels")),
    )
