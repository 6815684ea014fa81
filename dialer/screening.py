"""Screening: may this lead be dialed now, on which of its numbers, and if not, why and until when."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState, Trunk
from crm_core.domain.law_names import rest_after
from crm_core.domain.leads import TOLD_WHILE_OPEN, Block, Lead, LeadNumber, LeadState, WhyNot
from crm_core.ports import PutOff
from dialer.abandon import may_dial_again
from dialer.windows import known_zone, may_call, next_open

#: When a lead is looked at again that waits for its own agent.
AGENT_WAIT = timedelta(minutes=1)
#: When a lead is looked at again that only a person can help (a zone, a prefix, an hour to set).
REVISIT = timedelta(hours=1)

#: Nobody waits for these: the lead is not ours to put off.
_LEFT_ALONE = frozenset({WhyNot.CAMPAIGN_NOT_RUNNING, WhyNot.CLOSED, WhyNot.IN_PROGRESS, WhyNot.QUOTA_FULL})
#: A person may set this right, so the lead stays open.
NEEDS_A_PERSON = frozenset({WhyNot.PREFIX_NOT_ALLOWED, WhyNot.ZONE_UNKNOWN, WhyNot.WINDOW_NEVER_OPENS})
#: Why an open lead rests, where that is known.
_RESTS = {why.value: why for why in TOLD_WHILE_OPEN}
_BLOCKED = {
    Block.SYSTEM: WhyNot.DO_NOT_CALL,
    Block.CAMPAIGN: WhyNot.DO_NOT_CALL_CAMPAIGN,
    Block.PREFIX: WhyNot.DO_NOT_CALL_PREFIX,
}
_ORDER: Mapping[WhyNot, int] = {why: place for place, why in enumerate(WhyNot)}
_opens = lru_cache(maxsize=512)(next_open)  # a pass asks for many leads of few zones


@dataclass(frozen=True, slots=True)
class Screened:
    """Either the `number` to dial, or `why` not; `until`: when waiting alone will help, None if it will not."""

    number: LeadNumber | None
    why: WhyNot | None = None
    until: datetime | None = None


def screened(
    lead: Lead,
    campaign: Campaign,
    trunk: Trunk | None,
    now: datetime,
    available_agents: Collection[int] = (),
    *,
    guaranteed: bool = False,
) -> Screened:
    """Screen `lead`. `available_agents` are ids; `guaranteed`: an agent is held for this call (preview, callback).

    What is not known refuses: no trunk, no prefix of it, no zone.
    """
    refused = _lead_refused(lead, campaign, now, available_agents)
    if refused is not None:
        return refused
    live = [number for number in lead.numbers if not number.dead]
    if not live:
        return Screened(None, WhyNot.NO_NUMBER)
    guaranteed = guaranteed or lead.callback_agent_id is not None
    answers = [_number_screened(lead, number, campaign.policy, trunk, now, guaranteed) for number in live]
    allowed = [answer.number for answer in answers if answer.number is not None]
    if allowed:
        return Screened(min(allowed, key=lambda number: number.attempts))
    return min(answers, key=_soonest)


def why_not(
    lead: Lead,
    campaign: Campaign,
    trunk: Trunk | None,
    now: datetime,
    available_agents: Collection[int] = (),
    *,
    guaranteed: bool = False,
) -> WhyNot | None:
    """Why `lead` is not dialed now; None if it may be."""
    return screened(lead, campaign, trunk, now, available_agents, guaranteed=guaranteed).why


def put_off(lead: Lead, answer: Screened, now: datetime) -> PutOff | None:
    """What the hopper is told of a lead that was refused; None where there is nothing to tell."""
    if answer.why is None or answer.why in _LEFT_ALONE:
        return None
    until = now + REVISIT if answer.why in NEEDS_A_PERSON else answer.until
    return PutOff(lead.campaign_id, lead.id, answer.why, until)


def due_at(lead: Lead) -> datetime | None:
    """When the lead is due; None: at once."""
    return max((at for at in (lead.next_attempt_at, lead.callback_at) if at is not None), default=None)


def _soonest(answer: Screened) -> tuple[bool, float, int]:
    until = answer.until
    return until is None, until.timestamp() if until else 0.0, _ORDER[answer.why] if answer.why else 0


def _lead_refused(lead: Lead, campaign: Campaign, now: datetime, available_agents: Collection[int]) -> Screened | None:
    due = due_at(lead)
    if campaign.state is not CampaignState.RUNNING:
        return Screened(None, WhyNot.CAMPAIGN_NOT_RUNNING)
    if lead.state is not LeadState.OPEN:
        return Screened(None, WhyNot.CLOSED)
    if lead.in_progress:
        return Screened(None, WhyNot.IN_PROGRESS)
    if lead.full_quota is not None:
        return Screened(None, WhyNot.QUOTA_FULL)
    if lead.callback_agent_id is not None and lead.callback_agent_id not in available_agents:
        return Screened(None, WhyNot.CALLBACK_OF_OTHER, max(due or now, now + AGENT_WAIT))
    if due is not None and due > now:
        return Screened(None, _RESTS.get(lead.close_reason or "", WhyNot.NOT_DUE), due)
    if lead.attempts >= campaign.policy.retry.max_attempts and lead.callback_at is None:
        # A call the person asked for is no retry; should it fail, the cap closes the lead (retry.py).
        return Screened(None, WhyNot.ATTEMPTS_USED)
    return None


def _number_screened(
    lead: Lead, number: LeadNumber, policy: CampaignPolicy, trunk: Trunk | None, now: datetime, guaranteed: bool
) -> Screened:
    if number.block is not None:
        return Screened(None, _BLOCKED[number.block])
    if trunk is None or not any(prefix and number.e164.startswith(prefix) for prefix in trunk.prefixes):
        return Screened(None, WhyNot.PREFIX_NOT_ALLOWED)
    zone = known_zone(lead.zone or number.zone)
    if zone is None:
        return Screened(None, WhyNot.ZONE_UNKNOWN)
    if not may_call(now, zone, policy.windows):
        opens = _opens(now, zone, policy.windows)
        return Screened(None, WhyNot.OUTSIDE_WINDOW if opens else WhyNot.WINDOW_NEVER_OPENS, opens)
    rested = _rested(number, policy, now)
    if rested is not None:
        return Screened(None, WhyNot.NUMBER_RESTED, rested)
    rest = rest_after(policy, trunk)
    if number.abandoned_at is not None and not may_dial_again(number, rest, now, guaranteed):
        return Screened(None, WhyNot.ABANDONED_REST, number.abandoned_at + rest)
    return Screened(number)


def _rested(number: LeadNumber, policy: CampaignPolicy, now: datetime) -> datetime | None:
    """Until when the number rests: the instant its dials of late are few enough again; None if they are now."""
    recent = sorted(at for at in number.recent_dials if at + policy.number_rest > now)
    allowed = policy.number_rest_calls
    if allowed <= 0:
        return now + policy.number_rest
    return recent[-allowed] + policy.number_rest if len(recent) >= allowed else None
