"""Browser phones: a log-in session keeps the digest of the secret its browser registers with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("phone_digest", sa.String(length=32), nullable=True))
