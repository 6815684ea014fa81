"""What a report can be narrowed to."""

from __future__ import annotations

from crm_core.db.engine import Database
from crm_core.db.reports.choices import Choice, Choices, choices
from crm_core.domain.access import Actor, Right

__all__ = ["Choice", "Choices", "report_choices"]

#: More than anybody picks from by eye.
_MOST = 500


async def report_choices(actor: Actor, database: Database) -> Choices:
    """Teams, users, campaigns and pipelines that he sees. Raises Forbidden."""
    actor.require(Right.SEE_REPORTS)
    async with database.reading() as work:
        return await choices(work, actor, _MOST)
