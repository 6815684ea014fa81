"""Deals in a list's orders, and how long they have stood in their stages."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

#: Index and its columns, in order.
_INDEXES = {
    "ix_deals_amount": ["amount", "id"],
    "ix_deals_moved_at": ["moved_at", "id"],
    "ix_deals_standing": ["stage_id", "owner_id", "moved_at", "created_at"],
}


def upgrade() -> None:
    for name, columns in _INDEXES.items():
        op.create_index(name, "deals", columns)
