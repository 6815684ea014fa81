"""Campaigns, trunks, and the counters of each day that caps and the abandoned share are reckoned from."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, literal, select, text, update

from crm_core.db.batches import inserting, one_of
from crm_core.db.codec import from_json, to_json
from crm_core.db.tables import campaign_leads, campaigns, day_counts, leads, lists, trunks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState, Trunk
from crm_core.domain.leads import LeadState

#: What day_counts counts. talk_seconds runs from the answer to the end: what a carrier bills.
COUNTERS = ("dialed", "people", "abandoned", "machines", "talk_seconds")


# --- campaigns ----------------------------------------------------------------------------------------------
async def add_campaign(work: UnitOfWork, name: str, policy: CampaignPolicy, now: datetime) -> int:
    """Insert a draft; returns its id."""
    row = {"name": name, "state": CampaignState.DRAFT.value, "policy": to_json(policy), "created_at": now}
    return int(await work.scalar(insert(campaigns).values(row).returning(campaigns.c.id)))


_BY_ID = select(campaigns).where(campaigns.c.id == bindparam("of"))


async def campaign(work: UnitOfWork, campaign_id: int) -> Campaign | None:
    row = (await work.connection.execute(_BY_ID, {"of": campaign_id})).first()
    return None if row is None else _campaign(row)


async def campaign_named(work: UnitOfWork, name: str) -> Campaign | None:
    row = await work.first(select(campaigns).where(campaigns.c.name == name))
    return None if row is None else _campaign(row)


async def every_campaign(work: UnitOfWork, state: CampaignState | None = None) -> list[Campaign]:
    """All campaigns, or those in one state, oldest first."""
    query = select(campaigns).order_by(campaigns.c.id)
    if state is not None:
        query = query.where(campaigns.c.state == state.value)
    return [_campaign(row) for row in await work.all(query)]


async def policies(work: UnitOfWork, campaign_ids: Collection[int]) -> dict[int, CampaignPolicy]:
    rows = await work.all(select(campaigns.c.id, campaigns.c.policy).where(one_of(campaigns.c.id, campaign_ids)))
    return {row.id: policy_of(row.policy) for row in rows}


async def running_among(work: UnitOfWork, campaign_ids: Collection[int]) -> dict[int, Campaign]:
    """Those of the campaigns that are running; whoever pauses one waits for the commit of this unit of work."""
    running = select(campaigns).where(
        one_of(campaigns.c.id, campaign_ids), campaigns.c.state == CampaignState.RUNNING.value
    )
    return {row.id: _campaign(row) for row in await work.all(running.with_for_update(read=True))}


async def set_state(work: UnitOfWork, campaign_id: int, state: CampaignState) -> None:
    await work.run(update(campaigns).where(campaigns.c.id == campaign_id).values(state=state.value))


async def set_policy(work: UnitOfWork, campaign_id: int, policy: CampaignPolicy) -> None:
    await work.run(update(campaigns).where(campaigns.c.id == campaign_id).values(policy=to_json(policy)))


async def set_approval(work: UnitOfWork, campaign_id: int, at: datetime | None, by: str | None) -> None:
    """Note who lets the campaign go on after its pilot; None: nobody yet."""
    values = {"approved_at": at, "approved_by": by}
    await work.run(update(campaigns).where(campaigns.c.id == campaign_id).values(values))


async def attach_list(work: UnitOfWork, campaign_id: int, list_id: int) -> int:
    """Make every lead of the list one of the campaign; those that are stay as they are. Returns how many are new."""
    fresh = select(
        literal(campaign_id),
        leads.c.id,
        literal(LeadState.OPEN.value),
        leads.c.priority,
        literal(0),
        literal(0),
        literal(False),
        literal(False),
    ).where(
        leads.c.list_id == list_id,
        ~select(literal(1))
        .where(campaign_leads.c.campaign_id == campaign_id, campaign_leads.c.lead_id == leads.c.id)
        .exists(),
    )
    columns = ["campaign_id", "lead_id", "state", "priority", "attempts", "unanswered", "preview_dial", "complete"]
    added = (await work.run(insert(campaign_leads).from_select(columns, fresh))).rowcount
    if work.connection.dialect.name == "postgresql":
        # It plans by statistics, which its own collector brings only minutes after the first lead is dialed.
        await work.run(text("ANALYZE campaign_leads, leads, phones"))
    return added


async def list_named(work: UnitOfWork, name: str) -> tuple[int, bool] | None:
    """The list's id, and whether its import is finished: its counts are written last."""
    found = await work.first(select(lists.c.id, lists.c.counts).where(lists.c.name == name))
    return None if found is None else (int(found.id), bool(found.counts))


async def list_names(work: UnitOfWork) -> list[str]:
    return [row.name for row in await work.all(select(lists.c.name).order_by(lists.c.name))]


async def lead_count(work: UnitOfWork, campaign_id: int) -> int:
    count = select(func.count()).where(campaign_leads.c.campaign_id == campaign_id)
    return int(await work.scalar(count))


# --- trunks -------------------------------------------------------------------------------------------------
async def every_trunk(work: UnitOfWork) -> dict[str, Trunk]:
    return {row.name: _trunk(row) for row in await work.all(select(trunks).order_by(trunks.c.name))}


async def put_trunk(work: UnitOfWork, trunk: Trunk) -> None:
    """Insert the trunk, or replace the one of its name."""
    await work.upsert(trunks, [to_json(trunk)], ["name"])


# --- counters -----------------------------------------------------------------------------------------------
def day_of(at: datetime) -> str:
    """The UTC day that `at` counts for."""
    return at.astimezone(UTC).date().isoformat()


def trunk_scope(name: str) -> str:
    return f"trunk:{name}"


def campaign_scope(campaign_id: int) -> str:
    return f"campaign:{campaign_id}"


async def add_counts(work: UnitOfWork, counts: Mapping[tuple[str, str], Mapping[str, int]]) -> None:
    """Add to the counters of (scope, day). Rows are taken in order, so that two writers never wait for each other."""
    if not counts:
        return
    statement = inserting(work, day_counts)
    statement = statement.on_conflict_do_update(
        index_elements=["scope", "day"],
        set_={name: day_counts.c[name] + statement.excluded[name] for name in COUNTERS},
    )
    rows = [
        {"scope": scope, "day": day} | {name: counts[scope, day].get(name, 0) for name in COUNTERS}
        for scope, day in sorted(counts)
    ]
    await work.run(statement, rows)


async def counts_of_day(work: UnitOfWork, scopes: Sequence[str], day: str) -> dict[str, tuple[int, int]]:
    """Dialed and talk_seconds of each scope on `day`, UTC."""
    rows = await work.all(
        select(day_counts.c.scope, day_counts.c.dialed, day_counts.c.talk_seconds).where(
            one_of(day_counts.c.scope, scopes), day_counts.c.day == day
        )
    )
    return {row.scope: (row.dialed, row.talk_seconds) for row in rows}


_TOTALS = select(*(func.coalesce(func.sum(day_counts.c[name]), 0).label(name) for name in COUNTERS)).where(
    day_counts.c.scope == bindparam("of"), day_counts.c.day >= bindparam("first")
)


async def counts_since(work: UnitOfWork, scope: str, day: str) -> dict[str, int]:
    """All counters of the scope, added up over `day` and the days after it."""
    row = await work.first(_TOTALS, {"of": scope, "first": day})
    return {name: int(getattr(row, name)) for name in COUNTERS}


# --- rows to values -----------------------------------------------------------------------------------------
def policy_of(stored: Any) -> CampaignPolicy:
    """The policy in a row. Reading one takes a fifth of a millisecond and it is asked for with every answered call,
    so the last ones read are kept, by their text."""
    return _policy(json.dumps(stored, sort_keys=True))


@lru_cache(maxsize=256)
def _policy(text: str) -> CampaignPolicy:
    return from_json(json.loads(text), CampaignPolicy, "policy")


def _campaign(row: Row[Any]) -> Campaign:
    return Campaign(row.id, row.name, CampaignState(row.state), policy_of(row.policy), row.approved_at)


def _trunk(row: Row[Any]) -> Trunk:
    return from_json(dict(row._mapping), Trunk, f"trunk {row.name}")
