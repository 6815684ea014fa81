"""Reports: days whose calls and agents' states stand added up, and indexes for those who read much at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rolled_days",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_rolled_days")),
    )
    op.create_table(
        "call_hours",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("agent_id", _ID, nullable=True),
        sa.Column("campaign_id", _ID, nullable=True),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_hours")),
    )
    op.create_table(
        "call_days",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("agent_id", _ID, nullable=True),
        sa.Column("campaign_id", _ID, nullable=True),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("disposition", sa.String(length=40), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("talks", sa.Integer(), nullable=False),
        sa.Column("talk_seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_days")),
    )
    op.create_table(
        "agent_days",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("agent_id", _ID, nullable=False),
        sa.Column("campaign_id", _ID, nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_days")),
    )
    for table in ("call_hours", "call_days", "agent_days"):
        op.create_index(op.f(f"ix_{table}_day"), table, ["day"], unique=False)
    op.create_index(
        "ix_calls_talks",
        "calls",
        ["started_at", "contact_id", "agent_id", "campaign_id"],
        unique=False,
        sqlite_where=sa.text("bridged_at IS NOT NULL"),
        postgresql_where=sa.text("bridged_at IS NOT NULL"),
    )
    op.create_index("ix_deal_stages_way", "deal_stages", ["deal_id", "id", "stage_id", "at"], unique=False)
    op.drop_index("ix_deal_stages_deal_id", table_name="deal_stages")
