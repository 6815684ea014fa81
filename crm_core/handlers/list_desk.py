"""Lists of leads as somebody may see them."""

from __future__ import annotations

from crm_core.db import lead_lists
from crm_core.db.engine import Database
from crm_core.db.lead_lists import LeadList, ListedLead
from crm_core.domain.access import Actor, Right


async def list_lists(
    actor: Actor, database: Database, *, name: str = "", before: int | None = None, limit: int = 50
) -> list[LeadList]:
    """Lists he sees, the newest first. Raises Forbidden."""
    actor.require(Right.SEE_CAMPAIGNS)
    async with database.reading() as work:
        return await lead_lists.list_rows(work, actor, name=name, before=before, limit=limit)


async def one_list(actor: Actor, list_id: int, database: Database) -> LeadList:
    """One of them. Raises Forbidden, NotFound."""
    actor.require(Right.SEE_CAMPAIGNS)
    async with database.reading() as work:
        return await lead_lists.list_row(work, actor, list_id)


async def leads_of_list(
    actor: Actor, list_id: int, database: Database, *, name: str = "", after: int = 0, limit: int = 50
) -> list[ListedLead]:
    """The leads of a list whose contacts he sees. Raises Forbidden, NotFound."""
    actor.require(Right.SEE_CAMPAIGNS)
    async with database.reading() as work:
        await lead_lists.list_row(work, actor, list_id)
        return await lead_lists.leads_of_list(work, actor, list_id, name=name, after=after, limit=limit)
