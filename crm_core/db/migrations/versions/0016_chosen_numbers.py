"""Which of a person's numbers whoever calls him by hand has chosen; one person's calls in order, and his companies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("campaign_leads", sa.Column("preview_phone_id", number, nullable=True))
    taken = sa.text("agent_id IS NOT NULL")
    op.create_index(
        "ix_calls_agent_started", "calls", ["agent_id", "started_at"], sqlite_where=taken, postgresql_where=taken
    )
    op.drop_index("ix_deals_owner_id", "deals")
    op.create_index("ix_deals_owner_id", "deals", ["owner_id", "stage_id", "id", "contact_id", "company_id"])
    op.drop_index("ix_tasks_responsible_id_due_at", "tasks")
    op.create_index("ix_tasks_responsible_id_due_at", "tasks", ["responsible_id", "done_at", "due_at", "contact_id"])
    at_one = sa.text("company_id IS NOT NULL AND erased_at IS NULL")
    for name, first in (("ix_contacts_companies_of", "owner_id"), ("ix_contacts_at_company", "id")):
        op.create_index(name, "contacts", [first, "company_id"], sqlite_where=at_one, postgresql_where=at_one)
