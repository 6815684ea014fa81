"""Settling: an ended attempt's lead is told what came of it, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from crm_core.db import attempts, campaigns, lead_moves
from crm_core.db.attempts import PEOPLE, Placed
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Outcome
from crm_core.domain.leads import LeadState
from crm_core.events import AttemptEnded, LeadClosed
from crm_core.ports import Settled


async def settle(work: UnitOfWork, settled: Sequence[Settled], now: datetime) -> None:
    """Write what becomes of the leads, count, and publish. What is settled already, or still open, is left alone.

    Where a disposition or a closing came first, that has decided the lead: only its counters are written.
    """
    held = await attempts.locked(work, {s.attempt_id for s in settled})
    fresh = {s.attempt_id: s for s in settled if _to_settle(held.get(s.attempt_id))}
    if not fresh:
        return
    pairs = [(held[attempt_id], told) for attempt_id, told in fresh.items()]
    await attempts.mark_settled(work, fresh, now)
    decided = [pair for pair in pairs if _is_decided(pair[0])]
    open_still = [pair for pair in pairs if not _is_decided(pair[0])]
    await lead_moves.settle(work, [_counters(*pair) for pair in decided], counts_only=True)
    await lead_moves.settle(work, [_counters(*pair) | _lead(*pair) for pair in open_still], counts_only=False)
    await lead_moves.mark_dead(work, {(p.contact_id, p.attempt.number) for p, told in pairs if told.dead_number})
    await campaigns.add_counts(work, _day_counts([placed for placed, _ in pairs]))
    for placed, told in pairs:
        work.publish(_ended(placed, told))
    for placed, told in open_still:
        if told.state is LeadState.CLOSED:
            of = placed.attempt
            work.publish(LeadClosed(of.lead_id, of.campaign_id, told.close_reason or "", _end_of(placed)))


def _to_settle(placed: Placed | None) -> bool:
    return placed is not None and placed.settled_at is None and placed.attempt.ended_at is not None


def _is_decided(placed: Placed) -> bool:
    return placed.attempt.disposition is not None or placed.lead_state == LeadState.CLOSED.value


def _outcome_of(placed: Placed) -> Outcome:
    return placed.attempt.outcome or Outcome.FAILED


def _end_of(placed: Placed) -> datetime:
    return placed.attempt.ended_at or placed.attempt.created_at


def _counters(placed: Placed, told: Settled) -> dict[str, object]:
    return {
        "attempt": placed.attempt.id,
        "of_campaign": placed.attempt.campaign_id,
        "of_lead": placed.attempt.lead_id,
        "outcome": _outcome_of(placed).value,
        "new_unanswered": told.unanswered,
    }


def _lead(placed: Placed, told: Settled) -> dict[str, object]:
    return {
        "new_state": told.state.value,
        "until": told.next_attempt_at,
        "reason": told.close_reason,
        "reached": _outcome_of(placed) in (Outcome.ANSWERED, Outcome.HUNG_UP) or told.state is LeadState.CLOSED,
    }


def _day_counts(settled: Sequence[Placed]) -> dict[tuple[str, str], dict[str, int]]:
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for placed in settled:
        attempt, outcome = placed.attempt, _outcome_of(placed)
        day = campaigns.day_of(_end_of(placed))
        for scope in (campaigns.trunk_scope(attempt.trunk), campaigns.campaign_scope(attempt.campaign_id)):
            count = counts[scope, day]
            count["people"] += outcome in PEOPLE
            count["abandoned"] += outcome is Outcome.ABANDONED
            count["machines"] += outcome is Outcome.MACHINE
            count["talk_seconds"] += attempts.line_seconds(attempt)
    return counts


def _ended(placed: Placed, told: Settled) -> AttemptEnded:
    attempt = placed.attempt
    return AttemptEnded(
        attempt_id=attempt.id,
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        contact_id=placed.contact_id,
        number=attempt.number,
        outcome=_outcome_of(placed),
        unanswered=told.unanswered,
        at=_end_of(placed),
    )
