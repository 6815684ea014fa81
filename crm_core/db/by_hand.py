"""Calls that somebody makes by hand: leads of a list and a campaign that exist for them alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from crm_core.db import campaigns
from crm_core.db.tables import campaign_leads, contacts, leads, lists, phones, tasks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_contacts, visible_tasks
from crm_core.domain.access import Actor
from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState
from crm_core.domain.leads import LeadState
from crm_core.errors import NotFound

_LIST = "Called by hand"


def campaign_name(trunk: str) -> str:
    return f"By hand: {trunk}"


async def campaign_for(work: UnitOfWork, policy: CampaignPolicy, now: datetime) -> Campaign:
    """The running campaign of calls by hand over this trunk, made if there is none."""
    name = campaign_name(policy.trunk)
    found = await campaigns.campaign_named(work, name)
    if found is None:
        campaign_id = await campaigns.add_campaign(work, name, policy, now)
        await campaigns.set_state(work, campaign_id, CampaignState.RUNNING)
        return Campaign(campaign_id, name, CampaignState.RUNNING, policy)
    return found


async def lead_for(work: UnitOfWork, contact_id: int, now: datetime) -> int:
    """The contact's lead in the list of calls by hand, made if there is none."""
    row = {"name": _LIST, "source": "by hand", "counts": {"rows": 0}, "created_at": now}
    await work.upsert(lists, [row], ["name"], keep=["source", "counts", "created_at"])
    list_id = await work.scalar(select(lists.c.id).where(lists.c.name == _LIST))
    lead = {"list_id": list_id, "contact_id": contact_id, "priority": 0, "fields": {}}
    await work.upsert(leads, [lead], ["list_id", "contact_id"], keep=["priority", "fields"])
    mine = select(leads.c.id).where(leads.c.list_id == list_id, leads.c.contact_id == contact_id)
    return int(await work.scalar(mine))


async def ask_for(
    work: UnitOfWork, campaign_id: int, lead_id: int, agent_id: int, now: datetime, phone_id: int | None = None
) -> bool:
    """Let the dialer dial the lead for the agent, at this number of his alone if one is named; False while it is being
    dialed already."""
    row = {
        "campaign_id": campaign_id,
        "lead_id": lead_id,
        "state": LeadState.OPEN.value,
        "priority": 0,
        "attempts": 0,
        "unanswered": 0,
        "preview_dial": False,
        "complete": False,
    }
    await work.upsert(campaign_leads, [row], ["campaign_id", "lead_id"], keep=[*row][2:])
    cl = campaign_leads.c
    mine = (cl.campaign_id == campaign_id, cl.lead_id == lead_id, cl.open_attempt.is_(None))
    asked: dict[str, Any] = {
        "state": LeadState.OPEN.value,
        "close_reason": None,
        "next_attempt_at": None,
        "callback_at": None,
    }
    asked |= {"callback_agent_id": None, "attempts": 0, "unanswered": 0}
    asked |= {"preview_agent_id": agent_id, "preview_at": now, "preview_dial": True, "preview_phone_id": phone_id}
    return (await work.run(update(campaign_leads).where(*mine).values(**asked))).rowcount == 1


async def check_contact(work: UnitOfWork, actor: Actor, contact_id: int) -> None:
    """Raise NotFound unless the actor sees the contact."""
    known = select(contacts.c.id).where(contacts.c.id == contact_id, visible_contacts(actor))
    if await work.scalar(known) is None:
        raise NotFound("contact", contact_id)


async def numbers_of(work: UnitOfWork, contact_id: int, phone_id: int | None) -> list[str]:
    """The contact's numbers in E.164 that are in service, the first one first; with `phone_id` that one alone. Raises
    NotFound where it is none of his."""
    his = select(phones.c.id, phones.c.e164, phones.c.dead).where(phones.c.contact_id == contact_id)
    rows = [row for row in await work.all(his.order_by(phones.c.id)) if phone_id in (None, row.id)]
    if phone_id is not None and not rows:
        raise NotFound("number", phone_id)
    return [row.e164 for row in rows if not row.dead]


async def contact_of_task(work: UnitOfWork, actor: Actor, task_id: int) -> int | None:
    """Whom a task is about; raises NotFound for a task the actor does not see."""
    row = await work.first(select(tasks.c.contact_id).where(tasks.c.id == task_id, visible_tasks(actor)))
    if row is None:
        raise NotFound("task", task_id)
    return row.contact_id if row.contact_id is None else int(row.contact_id)
