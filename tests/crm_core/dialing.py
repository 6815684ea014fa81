"""A small room to test dialing in: a trunk, campaigns with leads, agents. All is written the way the core does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from crm_core.db import agents as agent_rows
from crm_core.db import campaigns
from crm_core.db.engine import Database
from crm_core.db.tables import agents, campaign_leads, contacts, leads, lists, outbox, phones, users
from crm_core.domain.agents import Agent, AgentState, HandOffMode
from crm_core.domain.attempts import Attempt
from crm_core.domain.calls import CallSnapshot, Direction, Leg, LegRole
from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState, Trunk

#: A Wednesday, 12:00 in Tashkent.
NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)
TRUNK = Trunk("carrier", "network", ("+998",), caller_ids=("+998712000000",))


def number_of(index: int) -> str:
    return f"+9989012{index:05}"


async def add_campaign(
    database: Database, name: str = "autumn", leads_wanted: int = 1, first: int = 0, **policy: Any
) -> Campaign:
    """A running campaign with a list of leads whose numbers are `number_of(first)` and so on."""
    async with database.work() as work:
        await campaigns.put_trunk(work, TRUNK)
        campaign_id = await campaigns.add_campaign(work, name, CampaignPolicy("carrier", **policy), NOW)
        list_row = {"name": f"{name}-list", "source": "test", "counts": {"rows": 1}, "created_at": NOW}
        list_id = await work.scalar(insert(lists).values(list_row).returning(lists.c.id))
        await _add_leads(work, list_id, leads_wanted, first)
        await campaigns.attach_list(work, campaign_id, list_id)
        await campaigns.set_state(work, campaign_id, CampaignState.RUNNING)
    async with database.reading() as work:
        found = await campaigns.campaign(work, campaign_id)
    assert found is not None
    return found


async def _add_leads(work: Any, list_id: int, wanted: int, first: int) -> None:
    if not wanted:
        return
    people = [{"name": f"person {first + i}", "fields": {}, "created_at": NOW} for i in range(wanted)]
    ids = (await work.run(insert(contacts).returning(contacts.c.id, sort_by_parameter_order=True), people)).scalars()
    ids = list(ids)
    rows = [
        {"contact_id": contact_id, "e164": number_of(first + i), "raw": "", "zone": "Asia/Tashkent"}
        for i, contact_id in enumerate(ids)
    ]
    await work.run(insert(phones), rows)
    await work.run(insert(leads), [{"list_id": list_id, "contact_id": contact_id, "fields": {}} for contact_id in ids])


async def lead_ids(database: Database, campaign: Campaign) -> list[int]:
    async with database.reading() as work:
        query = select(campaign_leads.c.lead_id).where(campaign_leads.c.campaign_id == campaign.id)
        return [row.lead_id for row in await work.all(query.order_by(campaign_leads.c.lead_id))]


async def lead_row(database: Database, campaign: Campaign, lead_id: int) -> Any:
    async with database.reading() as work:
        row = await work.first(
            select(campaign_leads).where(
                campaign_leads.c.campaign_id == campaign.id, campaign_leads.c.lead_id == lead_id
            )
        )
    assert row is not None
    return row


async def change_lead(database: Database, campaign: Campaign, lead_id: int, **values: Any) -> None:
    async with database.work() as work:
        await work.run(
            update(campaign_leads)
            .where(campaign_leads.c.campaign_id == campaign.id, campaign_leads.c.lead_id == lead_id)
            .values(values)
        )


async def add_agent(
    database: Database,
    name: str = "op1",
    state: AgentState = AgentState.AVAILABLE,
    campaign: Campaign | None = None,
    since: datetime = NOW,
    mode: HandOffMode = HandOffMode.PARKED,
) -> Agent:
    """An agent of this state; a parked one holds the leg op-<name>."""
    async with database.work() as work:
        user = {"name": name, "role": "agent", "created_at": NOW}
        agent_id = await work.scalar(insert(users).values(user).returning(users.c.id))
        await agent_rows.add_agent(work, agent_id, name, "", mode, NOW)
        has_leg = mode is HandOffMode.PARKED and state not in (AgentState.LOGGED_OUT, AgentState.CONNECTING)
        leg = {"leg": f"op-{name}", "leg_name": f"PJSIP/{name}-00000001", "node": "pbx"} if has_leg else {}
        values = {"state": state.value, "since": since, "campaign_id": campaign.id if campaign else None} | leg
        await work.run(update(agents).where(agents.c.id == agent_id).values(values))
    return await agent_now(database, agent_id)


async def agent_now(database: Database, agent_id: int) -> Agent:
    async with database.reading() as work:
        return next(agent for agent in await agent_rows.every_agent(work) if agent.id == agent_id)


def attempt_for(campaign: Campaign, lead_id: int, number: str, now: datetime = NOW, name: str | None = None) -> Attempt:
    return Attempt(
        id=name or f"tl-{campaign.id}-{lead_id}-{int(now.timestamp())}",
        campaign_id=campaign.id,
        lead_id=lead_id,
        number=number,
        trunk=TRUNK.name,
        caller_id=TRUNK.caller_ids[0],
        created_at=now,
        leased_until=now + timedelta(seconds=40),
    )


async def attempts_for(
    database: Database, campaign: Campaign, first: int = 0, now: datetime = NOW, count: int | None = None
) -> list[Attempt]:
    """One attempt for each lead of the campaign, none of them leased yet."""
    ids = (await lead_ids(database, campaign))[:count]
    return [attempt_for(campaign, lead_id, number_of(first + i), now) for i, lead_id in enumerate(ids)]


def outgoing(attempt: Attempt, **facts: Any) -> CallSnapshot:
    """A snapshot of the attempt's call; it rings since `created_at`."""
    start = attempt.created_at
    leg = Leg(attempt.id, LegRole.CALLEE, "network", start, facts.get("answered_at"), facts.get("ended_at"))
    call = CallSnapshot(attempt.id, "pbx", Direction.OUTGOING, start, number=attempt.number, legs=(leg,))
    return replace(call, **facts)


def incoming(call_id: str = "1700000000.1", number: str | None = "+998901299999", **facts: Any) -> CallSnapshot:
    call = CallSnapshot(call_id, "pbx", Direction.INCOMING, NOW, number=number, line="+998712000000")
    return replace(call, **facts)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def published(database: Database, *kinds: type) -> list[tuple[str, dict[str, Any]]]:
    """Events in the outbox, in order, as (name, payload); only those of `kinds` if any are given."""
    names = {kind.__name__ for kind in kinds}
    async with database.reading() as work:
        rows: Sequence[Any] = await work.all(select(outbox).order_by(outbox.c.id))
    return [(row.type, row.payload) for row in rows if not names or row.type in names]


async def rows_of(database: Database, table: Any, *conditions: Any) -> list[Any]:
    async with database.reading() as work:
        return list(await work.all(select(table).where(*conditions)))
