"""What becomes of a lead after an outcome. One cap over all outcomes."""

from __future__ import annotations

from datetime import datetime, timedelta

from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import CampaignPolicy
from crm_core.domain.leads import LeadState
from crm_core.domain.unfinished import UNFINISHED, again_at
from crm_core.ports import EndedAttempt, Settled

#: Why a lead was closed here; an outcome that the policy does not retry closes with the outcome's own name.
TALKED = "talked"
ATTEMPTS_USED = "attempts_used"
NO_NUMBER = "no_number"

#: A person did not answer. Faults of the network or of ours (congestion, failed, given up, lost) count neither way.
_UNANSWERED = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.MACHINE})
_REACHED = frozenset({Outcome.ANSWERED, Outcome.ABANDONED, Outcome.HUNG_UP})


def settled(ended: EndedAttempt, policy: CampaignPolicy, now: datetime) -> Settled:
    """What becomes of the lead now that its attempt has ended."""
    lead, attempt = ended.lead, ended.attempt
    if lead.state is LeadState.CLOSED or attempt.disposition is not None:
        # Somebody has decided already (a disposition, an opt-out): the outcome changes nothing of it.
        return _kept(ended)
    if attempt.outcome is Outcome.ANSWERED:
        return _talked(ended, policy, now)
    dead = attempt.outcome is Outcome.NOT_IN_SERVICE
    if dead and not any(n.e164 != attempt.number and not n.dead for n in lead.numbers):
        return _closed(ended, NO_NUMBER, dead_number=True)
    if lead.attempts >= policy.retry.max_attempts:
        return _closed(ended, ATTEMPTS_USED, dead_number=dead)
    rest = timedelta(0) if dead else _rest(attempt.outcome, policy)
    if rest is None:
        return _closed(ended, (attempt.outcome or Outcome.FAILED).value)
    due = (attempt.ended_at or now) + rest
    return Settled(attempt.id, LeadState.OPEN, due, None, unanswered_after(ended), dead_number=dead)


def _talked(ended: EndedAttempt, policy: CampaignPolicy, now: datetime) -> Settled:
    """A talk closes the lead, unless it broke off and the campaign says to call such people again."""
    if not ended.unfinished:
        return _closed(ended, TALKED)
    due = again_at(policy.retry, ended.unfinished, ended.lead.attempts, ended.attempt.ended_at or now)
    if due is None:
        return _closed(ended, UNFINISHED)
    return Settled(ended.attempt.id, LeadState.OPEN, due, None, unanswered_after(ended))


def unanswered_after(ended: EndedAttempt) -> int:
    """Attempts in a row that no person answered, this one included."""
    if ended.attempt.outcome in _REACHED:
        return 0
    return ended.unanswered + (ended.attempt.outcome in _UNANSWERED)


def _rest(outcome: Outcome | None, policy: CampaignPolicy) -> timedelta | None:
    rest = policy.retry.after.get(outcome or Outcome.FAILED)
    if rest is not None and outcome is Outcome.ABANDONED:
        return max(rest, policy.abandoned_rest)
    return rest


def _kept(ended: EndedAttempt) -> Settled:
    lead = ended.lead
    dead = ended.attempt.outcome is Outcome.NOT_IN_SERVICE
    return Settled(
        ended.attempt.id, lead.state, lead.next_attempt_at, lead.close_reason, unanswered_after(ended), dead_number=dead
    )


def _closed(ended: EndedAttempt, reason: str, *, dead_number: bool = False) -> Settled:
    return Settled(ended.attempt.id, LeadState.CLOSED, None, reason, unanswered_after(ended), dead_number=dead_number)
