"""The bot's conversations. Revisions only go forward: the way back is a backup."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


#: Code, label, effect, retry after so many seconds: as shipped when this was written.
_RESULTS = (
    ("surveyed", "Answered the survey", "end", None),
    ("accepted", "Accepted", "end", None),
    ("declined", "Declined", "end", None),
    ("confirmed", "Confirmed the appointment", "end", None),
    ("moved", "Wants another time", "end", None),
    ("cancelled", "Cancelled the appointment", "end", None),
    ("promised", "Promised to pay", "end", None),
    ("says_paid", "Says it is paid", "end", None),
    ("disputed", "Disputes the debt", "end", None),
    ("passed_on", "Passed on to a colleague", "end", None),
    ("unfinished", "Did not talk to the end", "retry", 86400),
)


def upgrade() -> None:
    _add_tables()
    _add_results()


def _add_results() -> None:
    """A site that has dispositions of its own gets those the shipped scripts name; a new one is given all later."""
    connection = op.get_bind()
    dispositions = sa.table(
        "dispositions",
        *(sa.column(name) for name in ("code", "label", "effect", "key", "retry_after_seconds", "position")),
        sa.column("do_not_call", sa.Boolean),
        sa.column("makes_deal", sa.Boolean),
    )
    known = {row.code for row in connection.execute(sa.select(dispositions.c.code))}
    if not known:
        return
    for place, (code, label, effect, retry) in enumerate(_RESULTS):
        if code not in known:
            row = {"code": code, "label": label, "effect": effect, "key": "", "retry_after_seconds": retry}
            row |= {"position": 100 + place, "do_not_call": False, "makes_deal": False}
            connection.execute(sa.insert(dispositions).values(row))


def _add_tables() -> None:
    op.create_table(
        "conversations",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("script", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ending", sa.String(length=12), nullable=False),
        sa.Column("last_node", sa.String(length=80), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_conversations_contact_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_conversations")),
    )
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conversations_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversations_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversations_lead_id"), ["lead_id"], unique=False)

    op.create_table(
        "answers",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("question", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["conversations.call_id"], name=op.f("fk_answers_call_id")),
        sa.PrimaryKeyConstraint("call_id", "question", name=op.f("pk_answers")),
    )
    op.create_table(
        "turns",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("party", sa.String(length=6), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("node", sa.String(length=80), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("intent", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["conversations.call_id"], name=op.f("fk_turns_call_id")),
        sa.PrimaryKeyConstraint("call_id", "position", name=op.f("pk_turns")),
    )
