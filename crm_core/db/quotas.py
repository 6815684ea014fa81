"""Quotas: to which of them each lead of a campaign counts, how they stand, and which leads are due within them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
    update,
)

from crm_core.db.batches import one_of
from crm_core.db.campaigns import policy_of
from crm_core.db.leads import IN_HOPPER, due_of, due_order, priorities
from crm_core.db.tables import calls, campaign_leads, campaigns, conversations, leads
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.campaigns import Campaign, CampaignPolicy, Quota
from crm_core.domain.conversations import Ending
from crm_core.domain.quotas import QuotaState, Room, place_of, quota_fields, states

_cl = campaign_leads.c
#: Written as in its index: SQLite would not know `complete = 1` for the same.
_COMPLETE = text("campaign_leads.complete")
#: SQLite takes no more than 500 parts in one UNION; each cell is two.
_CELLS_AT_ONCE = 100


# --- which lead counts for which ----------------------------------------------------------------------------
async def put_cells(work: UnitOfWork, campaign_id: int, quotas: Sequence[Quota], *, only_new: bool = False) -> None:
    """Write on the campaign's leads, or on those that have none yet, which of the quotas they count for."""
    mine = [_cl.campaign_id == campaign_id]
    if not quotas:
        await work.run(update(campaign_leads).where(*mine, _cl.cell.is_not(None)).values(cell=None))
        return
    parts = [await _part(work, campaign_id, name, quotas) for name in quota_fields(quotas)]
    cell = parts[0]
    for part in parts[1:]:
        cell = cell + literal(",") + part
    if only_new:
        mine.append(_cl.cell.is_(None))
    of_lead = select(cell).where(leads.c.id == _cl.lead_id).scalar_subquery()
    await work.run(update(campaign_leads).where(*mine).values(cell=of_lead))
    if work.connection.dialect.name == "postgresql":
        await work.run(text("ANALYZE campaign_leads"))  # as in campaigns.attach_list


def field_of_lead(name: str) -> ColumnElement[str]:
    """What a column of the list holds for a lead, as text; NULL where the lead has none of the name."""
    return cast(leads.c.fields[name].as_string(), Text)


async def values_of(work: UnitOfWork, campaign_id: int, name: str) -> dict[str, int]:
    """What the field holds for how many leads of the campaign, most frequent first."""
    value = field_of_lead(name).label("value")
    of_campaign = select(value, func.count().label("n")).join(campaign_leads, _cl.lead_id == leads.c.id)
    mine = of_campaign.where(_cl.campaign_id == campaign_id).group_by(value).order_by(func.count().desc(), value)
    return {row.value: row.n for row in await work.all(mine) if row.value is not None}


async def _part(work: UnitOfWork, campaign_id: int, name: str, quotas: Sequence[Quota]) -> ColumnElement[Any]:
    """The part of a cell for one field. People write one value in several ways: each spelling found is named."""
    other = place_of(name, None, quotas)
    spelled: dict[str, list[str]] = {}
    for value in await values_of(work, campaign_id, name):
        place = place_of(name, value, quotas)
        if place != other:
            spelled.setdefault(place, []).append(value)
    if not spelled:
        return literal(other)
    held = field_of_lead(name)
    return case(*((held.in_(values), literal(place)) for place, values in spelled.items()), else_=literal(other))


# --- how they stand -----------------------------------------------------------------------------------------
async def quota_states(work: UnitOfWork, campaign: Campaign) -> tuple[QuotaState, ...]:
    """How the campaign's quotas stand. A call is under way until its conversation is written down; one that never
    talked, until its attempt is settled."""
    quotas = campaign.policy.quotas
    if not quotas:
        return ()
    by_cell = select(_cl.cell, func.count().label("n")).where(_cl.campaign_id == campaign.id).group_by(_cl.cell)
    done = await work.all(by_cell.where(_COMPLETE, _cl.cell.is_not(None)))
    untold = select(literal(1)).where(conversations.c.call_id == _cl.open_attempt).exists()
    busy = await work.all(by_cell.where(_cl.open_attempt.is_not(None), _cl.cell.is_not(None), ~_cl.complete, ~untold))
    return states(quotas, {row.cell: row.n for row in done}, {row.cell: row.n for row in busy})


async def cells_of(work: UnitOfWork, campaign_id: int, lead_ids: Collection[int]) -> dict[int, str]:
    """The cells of leads, by lead."""
    found = select(_cl.lead_id, _cl.cell).where(_cl.campaign_id == campaign_id, one_of(_cl.lead_id, lead_ids))
    return {row.lead_id: row.cell or "" for row in await work.all(found)}


async def policy_with_quotas(work: UnitOfWork, campaign_id: int, lead_id: int) -> CampaignPolicy | None:
    """The campaign's policy if the lead counts for a quota of it."""
    joined = select(campaigns.c.policy).join(campaign_leads, _cl.campaign_id == campaigns.c.id)
    row = await work.first(joined.where(_cl.campaign_id == campaign_id, _cl.lead_id == lead_id, _cl.cell.is_not(None)))
    return None if row is None else policy_of(row.policy)


def is_complete(counting: Collection[str]) -> ColumnElement[bool]:
    """Of a conversation joined with its call: whether its answers count, by one of these results or, without any, since
    it came to its end."""
    result = calls.c.disposition
    came_to_its_end = and_(result.is_(None), conversations.c.ending == Ending.FINISHED.value)
    return or_(one_of(result, counting), came_to_its_end)


async def recount(work: UnitOfWork, campaign_id: int, counting: Collection[str], lead_id: int | None = None) -> None:
    """Note anew whose answers count, of all leads of the campaign or of one."""
    told = conversations.outerjoin(calls, calls.c.id == conversations.c.call_id)
    of_lead = (conversations.c.campaign_id == _cl.campaign_id, conversations.c.lead_id == _cl.lead_id)
    complete = select(literal(1)).select_from(told).where(*of_lead, is_complete(counting))
    complete_now = complete.correlate(campaign_leads).exists()
    which = [_cl.campaign_id == campaign_id]
    if lead_id is not None:
        which.append(_cl.lead_id == lead_id)
    await work.run(update(campaign_leads).where(*which, _cl.complete != complete_now).values(complete=complete_now))


# --- which leads are due within them ------------------------------------------------------------------------
async def due_within(work: UnitOfWork, campaign: Campaign, now: datetime, limit: int) -> list[int]:
    """Leads to dial at `now` as `leads.due_ids` has them, without those whose quotas are full, and of each cell no more
    than it has room for."""
    room = Room(await quota_states(work, campaign))
    found: list[int] = []

    def take(rows: Iterable[Row[Any]]) -> None:
        found.extend(row.lead_id for row in rows if len(found) < limit and room.take(row.cell))

    take(await _callbacks(work, campaign.id, now, room, limit))
    cells = await _cells(work, campaign.id)
    for level in await priorities(work, campaign.id):
        open_cells = [cell for cell in cells if room.left(cell) != 0]
        if len(found) >= limit or not open_cells:
            break
        take(sorted(await _due_in(work, campaign.id, level, now, open_cells, room, limit - len(found)), key=due_order))
    return found


async def _due_in(
    work: UnitOfWork, campaign_id: int, level: int, now: datetime, cells: Sequence[str], room: Room, wanted: int
) -> list[Row[Any]]:
    """Of each cell the first due leads of one priority, as many as it has room for."""
    rows: list[Row[Any]] = []
    for start in range(0, len(cells), _CELLS_AT_ONCE):
        some = [(cell, min(wanted, room.left(cell) or wanted)) for cell in cells[start : start + _CELLS_AT_ONCE]]
        seeks = (part for cell, most in some for part in due_of(campaign_id, level, now, most, cell))
        rows += await work.all(union_all(*seeks))
    return rows


async def _callbacks(work: UnitOfWork, campaign_id: int, now: datetime, room: Room, limit: int) -> Sequence[Row[Any]]:
    ready = or_(_cl.next_attempt_at.is_(None), _cl.next_attempt_at <= now)
    promised = (IN_HOPPER, _cl.campaign_id == campaign_id, _cl.callback_at <= now, ready, _cl.cell.is_not(None))
    cells = [row.cell for row in await work.all(select(_cl.cell).where(*promised).group_by(_cl.cell))]
    open_cells = [cell for cell in cells if room.left(cell) != 0]
    if not open_cells:
        return []
    found = select(_cl.lead_id, _cl.cell).where(*promised, _cl.preview_agent_id.is_(None), one_of(_cl.cell, open_cells))
    return await work.all(found.order_by(_cl.callback_at).limit(limit))


async def _cells(work: UnitOfWork, campaign_id: int) -> list[str]:
    """The cells that leads in the hopper have: one index seek for each."""

    def lowest(*conditions: ColumnElement[bool]) -> Any:
        mine = (IN_HOPPER, _cl.callback_at.is_(None), _cl.campaign_id == campaign_id, _cl.cell.is_not(None))
        return select(func.min(_cl.cell)).where(*mine, *conditions).scalar_subquery()

    cell = select(lowest().label("cell")).cte("cell", recursive=True)
    cell = cell.union_all(select(lowest(_cl.cell > cell.c.cell)).where(cell.c.cell.is_not(None)))
    return [row.cell for row in await work.all(select(cell.c.cell).where(cell.c.cell.is_not(None)))]
