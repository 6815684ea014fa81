"""The lease: what is checked and committed before an originate is sent."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime

from crm_core.db import attempts, campaigns, lead_moves, leads, site
from crm_core.db.leads import LeadKey
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Attempt
from crm_core.domain.campaigns import Campaign, Trunk
from crm_core.handlers.pilots import end_pilots, within_pilots
from crm_core.handlers.quotas import within_quotas

log = logging.getLogger(__name__)


async def lease(work: UnitOfWork, wanted: Sequence[Attempt], trunk: Trunk, now: datetime) -> list[Attempt]:
    """Commit those of `wanted` that may be dialed; a constant number of statements, however many are wanted.

    Refused: all, while the kill switch is on; those of a campaign that does not run; those whose lead is in progress
    or closed; numbers on a do-not-call list or being dialed already; what exceeds the caps of the day, the quotas and
    the pilot. No two leases are decided at once (`site.may_dial`), so that what is counted here is exact.
    """
    if not wanted or not await site.may_dial(work):
        return []
    running = await campaigns.running_among(work, {a.campaign_id for a in wanted})
    candidates = [a for a in wanted if a.campaign_id in running]
    if not candidates:
        return []
    free = await lead_moves.free(work, {_key(a) for a in candidates})
    candidates = await _with_free_numbers(work, _once_each([a for a in candidates if _key(a) in free]))
    capped = await _within_caps(work, candidates, trunk, running, now)
    leased = await within_pilots(work, await within_quotas(work, capped, running), running)
    if leased:
        await attempts.add(work, leased)
        await lead_moves.claim(work, [a.id for a in leased])
        await campaigns.add_counts(work, _dialed(leased, campaigns.day_of(now)))
        await end_pilots(work, leased, running, now)
    if len(leased) < len(wanted):
        refused = {a.id for a in wanted} - {a.id for a in leased}
        log.info("attempts not leased", extra={"attempt_ids": sorted(refused), "trunk": trunk.name})
    return leased


def _key(attempt: Attempt) -> LeadKey:
    return LeadKey(attempt.campaign_id, attempt.lead_id)


def _once_each(wanted: Sequence[Attempt]) -> list[Attempt]:
    """Each lead and each number once."""
    keys: set[LeadKey] = set()
    numbers: set[str] = set()
    kept = []
    for attempt in wanted:
        if _key(attempt) not in keys and attempt.number not in numbers:
            keys.add(_key(attempt))
            numbers.add(attempt.number)
            kept.append(attempt)
    return kept


async def _with_free_numbers(work: UnitOfWork, wanted: Sequence[Attempt]) -> list[Attempt]:
    if not wanted:
        return []
    numbers = {a.number for a in wanted}
    busy = await attempts.open_numbers(work, numbers)
    blocked = await leads.blocks_of(work, numbers, {a.campaign_id for a in wanted})
    return [
        a
        for a in wanted
        if a.number not in busy and (a.number, 0) not in blocked and (a.number, a.campaign_id) not in blocked
    ]


async def _within_caps(
    work: UnitOfWork,
    wanted: Sequence[Attempt],
    trunk: Trunk,
    running: dict[int, Campaign],
    now: datetime,
) -> list[Attempt]:
    """The first of `wanted` that the caps of the day leave room for. Line time is known only once an attempt has been
    settled: what is being talked now can exceed a cap of minutes by its own length."""
    caps = {campaigns.trunk_scope(trunk.name): (trunk.daily_calls, trunk.daily_minutes)}
    caps |= {campaigns.campaign_scope(i): (c.policy.daily_calls, c.policy.daily_minutes) for i, c in running.items()}
    capped = {scope: cap for scope, cap in caps.items() if cap != (None, None)}
    if not wanted or not capped:
        return list(wanted)
    used = await campaigns.counts_of_day(work, sorted(capped), campaigns.day_of(now))
    room = {scope: _room(cap, used.get(scope, (0, 0))) for scope, cap in capped.items()}
    kept = []
    for attempt in wanted:
        scopes = {campaigns.trunk_scope(trunk.name), campaigns.campaign_scope(attempt.campaign_id)} & set(room)
        if all(room[scope] > 0 for scope in scopes):
            kept.append(attempt)
            for scope in scopes:
                room[scope] -= 1
    return kept


def _room(cap: tuple[int | None, int | None], used: tuple[int, int]) -> float:
    calls, minutes = cap
    dialed, seconds = used
    if minutes is not None and seconds >= minutes * 60:
        return 0
    return float("inf") if calls is None else calls - dialed


def _dialed(leased: Collection[Attempt], day: str) -> dict[tuple[str, str], dict[str, int]]:
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for attempt in leased:
        for scope in (campaigns.trunk_scope(attempt.trunk), campaigns.campaign_scope(attempt.campaign_id)):
            count = counts.setdefault((scope, day), {"dialed": 0})
            count["dialed"] += 1
    return counts
