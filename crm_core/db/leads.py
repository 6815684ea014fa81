"""Leads within campaigns: which are due, what screening asks about them, and what becomes of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from crm_core.db.batches import one_of
from crm_core.db.personal_data import ERASURE_KEY, erased_among, erasure_key_row
from crm_core.db.tables import attempts, campaign_leads, do_not_call, leads, phones
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Outcome
from crm_core.domain.leads import Block, Lead, LeadNumber, LeadState

#: Leads of one campaign may carry this many different priorities; those below wait until the others are dialed.
_MAX_LEVELS = 32
_cl = campaign_leads.c
#: Written out, not bound: a database uses a partial index only for a condition it can read.
IN_HOPPER = and_(_cl.state == literal_column("'open'"), _cl.open_attempt.is_(None))


class LeadKey(NamedTuple):
    """A lead stands in several campaigns; this is where it stands in one."""

    campaign_id: int
    lead_id: int


# --- which are due ------------------------------------------------------------------------------------------
async def due_ids(work: UnitOfWork, campaign_id: int, now: datetime, limit: int) -> list[int]:
    """Leads to dial at `now`, callbacks first, then by priority, then those never tried, then longest due.

    A callback is promised for its time; when that dial failed, the retry's time counts too.
    """
    ready = or_(_cl.next_attempt_at.is_(None), _cl.next_attempt_at <= now)
    promised = select(_cl.lead_id).where(
        IN_HOPPER, _cl.campaign_id == campaign_id, _cl.callback_at <= now, ready, _cl.preview_agent_id.is_(None)
    )
    callbacks = [row.lead_id for row in await work.all(promised.order_by(_cl.callback_at).limit(limit))]
    rest = limit - len(callbacks)
    levels = await priorities(work, campaign_id) if rest > 0 else []
    if not levels:
        return callbacks
    rows = await work.all(union_all(*(part for level in levels for part in due_of(campaign_id, level, now, rest))))
    return callbacks + [row.lead_id for row in sorted(rows, key=due_order)[:rest]]


def due_order(row: Row[Any]) -> tuple[int, float, int]:
    """The order in which due leads are dialed; those never tried go before those that were."""
    return -row.priority, row.due.timestamp() if row.due else -math.inf, row.lead_id


def due_of(campaign_id: int, priority: int, now: datetime, limit: int, cell: str | None = None) -> Iterable[Any]:
    """Two seeks in ix_campaign_leads_hopper: those of one priority never tried, and those whose time has come. With
    `cell` the same in ix_campaign_leads_cells."""
    within = () if cell is None else (_cl.cell == cell,)
    due_at = _cl.next_attempt_at.label("due")
    for ready in (_cl.next_attempt_at.is_(None), _cl.next_attempt_at <= now):
        found = (
            select(_cl.lead_id, _cl.priority, due_at, _cl.cell)
            .where(
                IN_HOPPER,
                _cl.callback_at.is_(None),
                _cl.campaign_id == campaign_id,
                _cl.priority == priority,
                ready,
                _cl.preview_agent_id.is_(None),
                *within,
            )
            .order_by(_cl.next_attempt_at, _cl.lead_id)
            .limit(limit)
            .subquery()
        )
        yield select(found)


async def priorities(work: UnitOfWork, campaign_id: int) -> list[int]:
    """The priorities that open leads of the campaign have, highest first: one index seek for each."""

    def highest(*conditions: ColumnElement[bool]) -> Any:
        where = (IN_HOPPER, _cl.callback_at.is_(None), _cl.campaign_id == campaign_id, *conditions)
        return select(func.max(_cl.priority)).where(*where).scalar_subquery()

    level = select(highest().label("priority")).cte("level", recursive=True)
    lower = select(highest(_cl.priority < level.c.priority)).where(level.c.priority.is_not(None))
    level = level.union_all(lower)
    found = await work.all(select(level.c.priority).where(level.c.priority.is_not(None)).limit(_MAX_LEVELS))
    return [row.priority for row in found]


async def lead_ids_after(work: UnitOfWork, campaign_id: int, lead_id: int, limit: int) -> list[int]:
    """The campaign's leads by id, those after `lead_id`."""
    found = select(_cl.lead_id).where(_cl.campaign_id == campaign_id, _cl.lead_id > lead_id)
    return [row.lead_id for row in await work.all(found.order_by(_cl.lead_id).limit(limit))]


# --- all that screening asks --------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Since:
    """How far back to look for dials of a number, over all campaigns, and for a person abandoned on it."""

    dials: datetime
    abandoned: datetime


async def leads_of(work: UnitOfWork, keys: Sequence[LeadKey], since: Since | None = None) -> list[Lead]:
    """The leads, in the order of `keys`, with their numbers and the lists these stand on; with `since` also when each
    number was dialed and abandoned."""
    if not keys:
        return []
    rows = await _lead_rows(work, keys)
    numbers = await _numbers_of(work, rows, {key.campaign_id for key in keys}, since)
    return [_lead(rows[key], numbers(rows[key])) for key in keys if key in rows]


async def _lead_rows(work: UnitOfWork, keys: Sequence[LeadKey]) -> dict[LeadKey, Row[Any]]:
    query = select(campaign_leads, leads.c.contact_id, leads.c.zone, leads.c.fields).join(
        leads, leads.c.id == _cl.lead_id
    )
    campaigns, ids = {key.campaign_id for key in keys}, {key.lead_id for key in keys}
    rows = await work.all(query.where(one_of(_cl.campaign_id, campaigns), one_of(_cl.lead_id, ids)))
    return {LeadKey(row.campaign_id, row.lead_id): row for row in rows}


async def _numbers_of(
    work: UnitOfWork, rows: Mapping[LeadKey, Row[Any]], campaign_ids: Collection[int], since: Since | None
) -> Any:
    contacts = {row.contact_id for row in rows.values()}
    phone_rows = await work.all(select(phones).where(one_of(phones.c.contact_id, contacts)).order_by(phones.c.id))
    by_contact: dict[int, list[Row[Any]]] = defaultdict(list)
    for phone in phone_rows:
        by_contact[phone.contact_id].append(phone)
    blocks = await blocks_of(work, {phone.e164 for phone in phone_rows}, campaign_ids)
    dials = {} if since is None else await _dials(work, {phone.e164 for phone in phone_rows}, since)
    tried = await _tried(work, [key for key, row in rows.items() if row.attempts])

    def numbers(row: Row[Any]) -> tuple[LeadNumber, ...]:
        return tuple(
            LeadNumber(
                phone_id=phone.id,
                e164=phone.e164,
                zone=phone.zone,
                attempts=tried.get((row.campaign_id, row.lead_id, phone.e164), 0),
                dead=phone.dead,
                block=blocks.get((phone.e164, 0)) or blocks.get((phone.e164, row.campaign_id)),
                recent_dials=dials[phone.e164].at if phone.e164 in dials else (),
                abandoned_at=dials[phone.e164].abandoned_at if phone.e164 in dials else None,
            )
            for phone in by_contact[row.contact_id]
            # Who calls by hand may have chosen one: screening is asked about no other.
            if row.preview_phone_id is None or phone.id == row.preview_phone_id
        )

    return numbers


async def blocks_of(
    work: UnitOfWork, numbers: Collection[str], campaign_ids: Collection[int]
) -> dict[tuple[str, int], Block]:
    """Which of the numbers may not be dialed: by (number, campaign), campaign 0 for the whole system. A list
    that names the number goes before one that names its beginning."""
    # Prefixes are written by hand and few; asking for every beginning of every number would cost more.
    listed = or_(
        and_(do_not_call.c.kind == "number", one_of(do_not_call.c.value, numbers)), do_not_call.c.kind == "prefix"
    )
    entries = select(do_not_call.c.kind, do_not_call.c.value, do_not_call.c.campaign_id)
    entries = entries.where(listed, one_of(do_not_call.c.campaign_id, {0, *campaign_ids}))
    rows = await work.all(union_all(entries, erasure_key_row()))
    key = next((row.value for row in rows if row.kind == ERASURE_KEY), None)
    exact = {(row.value, row.campaign_id) for row in rows if row.kind == "number"}
    starts = {(row.value, row.campaign_id) for row in rows if row.kind == "prefix"}
    found: dict[tuple[str, int], Block] = {}
    for number in numbers if rows else ():
        for campaign_id in {0, *campaign_ids}:
            if (number, campaign_id) in exact:
                found[number, campaign_id] = Block.CAMPAIGN if campaign_id else Block.SYSTEM
            elif any((number[:length], campaign_id) in starts for length in range(1, len(number) + 1)):
                found[number, campaign_id] = Block.PREFIX
    return found | {(number, 0): Block.SYSTEM for number in await erased_among(work, numbers, key)}


@dataclass(slots=True)
class _Dials:
    at: tuple[datetime, ...] = ()
    abandoned_at: datetime | None = None


async def _dials(work: UnitOfWork, numbers: Collection[str], since: Since) -> dict[str, _Dials]:
    query = select(attempts.c.number, attempts.c.created_at, attempts.c.ended_at, attempts.c.outcome)
    recent = query.where(one_of(attempts.c.number, numbers), attempts.c.created_at >= min(since.dials, since.abandoned))
    found: dict[str, _Dials] = defaultdict(_Dials)
    for row in await work.all(recent.order_by(attempts.c.created_at)):
        dials = found[row.number]
        if row.created_at >= since.dials:
            dials.at += (row.created_at,)
        if row.outcome == Outcome.ABANDONED.value:
            dials.abandoned_at = row.ended_at or row.created_at
    return found


async def _tried(work: UnitOfWork, keys: Collection[LeadKey]) -> dict[tuple[int, int, str], int]:
    """How often each number was dialed for each lead."""
    if not keys:
        return {}
    by = (attempts.c.campaign_id, attempts.c.lead_id, attempts.c.number)
    counted = select(*by, func.count().label("n")).where(one_of(attempts.c.lead_id, {key.lead_id for key in keys}))
    return {(row.campaign_id, row.lead_id, row.number): row.n for row in await work.all(counted.group_by(*by))}


def _lead(row: Row[Any], numbers: tuple[LeadNumber, ...]) -> Lead:
    return Lead(
        id=row.lead_id,
        campaign_id=row.campaign_id,
        contact_id=row.contact_id,
        state=LeadState(row.state),
        priority=row.priority,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        callback_at=row.callback_at,
        callback_agent_id=row.callback_agent_id,
        zone=row.zone,
        in_progress=row.open_attempt is not None,
        last_outcome=None if row.last_outcome is None else Outcome(row.last_outcome),
        close_reason=row.close_reason,
        numbers=numbers,
        fields=row.fields,
    )
