"""Write what the switch knows of calls: a batch of snapshots in a constant number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from crm_core.db import agents, attempts, calls, campaigns, site
from crm_core.db.attempts import Placed
from crm_core.db.calls import Call
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Attempt
from crm_core.domain.calls import CallSnapshot, Direction
from crm_core.domain.campaigns import CampaignPolicy
from crm_core.domain.work_calendar import DEFAULT_CALENDAR, WorkCalendar
from crm_core.handlers.call_facts import INCOMING_WRAP_UP, Concerned, attempt_after, call_after, events_of, move_agents


@dataclass(slots=True)
class _Known:
    """All that the database knows of a batch before it is written."""

    calls: dict[str, Call]
    placed: dict[str, Placed]
    contacts: dict[str, int]
    agents: Concerned
    policies: dict[int, CampaignPolicy]
    calendar: WorkCalendar

    def wrap_up(self, call: Call) -> timedelta:
        policy = self.policies.get(call.campaign_id) if call.campaign_id is not None else None
        return INCOMING_WRAP_UP if policy is None else policy.wrap_up


async def write_calls(work: UnitOfWork, snapshots: Iterable[CallSnapshot]) -> int:
    """Upsert calls and legs, end attempts, move agents, publish what happened; returns how many calls ended by it.

    Snapshots may come late, twice and out of order; an agent's parked leg is no call.
    """
    told = [s for s in snapshots if s.direction is not Direction.INTERNAL]
    if not told:
        return 0
    known = await _read(work, told)
    changed_calls: dict[str, Call] = {}
    changed_attempts: dict[str, Attempt] = {}
    ended = 0
    for snapshot in told:
        old, placed = known.calls.get(snapshot.id), known.placed.get(snapshot.id)
        contact_id = known.contacts.get(snapshot.number) if snapshot.number is not None else None
        new = call_after(old, snapshot, placed, contact_id, known.agents.on(snapshot))
        if new == old:
            continue
        ended += new.ended_at is not None and (old is None or old.ended_at is None)
        move_agents(known.agents, old, new, known.wrap_up(new))
        for event in events_of(old, new, known.calendar):
            work.publish(event)
        known.calls[new.id] = changed_calls[new.id] = new
        if placed is not None:
            attempt = attempt_after(placed.attempt, new)
            if attempt != placed.attempt:
                known.placed[new.id] = replace(placed, attempt=attempt)
                changed_attempts[attempt.id] = attempt
    await calls.save(work, changed_calls.values())
    await calls.save_legs(work, told)
    await attempts.save(work, changed_attempts.values())
    await agents.save(work, known.agents.steps)
    return ended


async def _read(work: UnitOfWork, told: Sequence[CallSnapshot]) -> _Known:
    ids = {s.id for s in told}
    stored = await calls.locked(work, ids)
    placed = await attempts.locked(work, ids)
    fresh = {s.number for s in told if s.number and s.id not in placed and _is_new(stored.get(s.id))}
    legs = {s.agent_leg for s in told if s.agent_leg is not None}
    phones = {s.agent_phone for s in told if s.agent_phone is not None}
    with_agents = bool(legs or phones) or any(s.ended_at is not None for s in told)
    near = await agents.of_calls(work, ids, legs, phones) if with_agents else []
    campaign_ids = {one.attempt.campaign_id for one in placed.values()} if near else set()
    missed = any(s.direction is Direction.INCOMING and s.ended_at and not s.bridged_at for s in told)
    return _Known(
        calls=stored,
        placed=placed,
        contacts=await calls.contacts_of(work, fresh) if fresh else {},
        agents=Concerned(near),
        policies=await campaigns.policies(work, campaign_ids) if campaign_ids else {},
        calendar=await site.calendar(work) if missed else DEFAULT_CALENDAR,
    )


def _is_new(call: Call | None) -> bool:
    return call is None or call.started_at is None
