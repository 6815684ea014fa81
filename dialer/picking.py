"""Picking: which of the due leads are dialed in this pass, which are put off, and for which agent each is held."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_core.domain.agents import Agent, AgentState
from crm_core.domain.campaigns import Campaign, Trunk
from crm_core.domain.leads import Lead, WhyNot
from crm_core.ports import PutOff
from dialer.screening import put_off, screened

#: How long the second of two leads with the same number rests when both are due in one pass.
SAME_NUMBER_REST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pick:
    """A lead to dial now. `agent_id`: the agent held for it (preview, callback), or None for anybody."""

    lead: Lead
    number: str
    agent_id: int | None = None


@dataclass(frozen=True, slots=True)
class Picked:
    picks: tuple[Pick, ...]
    put_offs: tuple[PutOff, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """An agent held for a call under way; over when he has changed state (`since`), or at `until`."""

    since: datetime
    until: datetime


def free_agents(
    agents: Iterable[Agent], campaign: Campaign | None, held: Mapping[int, Hold], now: datetime
) -> frozenset[int]:
    """Ids of the campaign's agents (None: of all) who are available and not held for a call already."""
    return frozenset(
        agent.id
        for agent in agents
        if agent.state is AgentState.AVAILABLE
        and (campaign is None or agent.campaign_id == campaign.id)
        and not ((hold := held.get(agent.id)) and hold.until > now and hold.since == agent.since)
    )


def picked(
    leads: Iterable[tuple[Lead, int | None]],
    campaign: Campaign,
    trunk: Trunk,
    now: datetime,
    agents: Collection[int],
    limit: int,
) -> Picked:
    """Screen `leads` in order until `limit` may be dialed; each comes with the agent who confirmed it, or None.

    An agent is held for one call at most, and a number is dialed once.
    """
    free = set(agents)
    picks: list[Pick] = []
    put_offs: list[PutOff] = []
    numbers: set[str] = set()
    for lead, confirmed_by in leads:
        if len(picks) >= limit:
            break
        agent_id = lead.callback_agent_id if confirmed_by is None else confirmed_by
        if confirmed_by is not None and confirmed_by not in free:
            put_offs.append(_wait_for_agent(lead, now))
            continue
        answer = screened(lead, campaign, trunk, now, free, guaranteed=confirmed_by is not None)
        if answer.number is None:
            refused = put_off(lead, answer, now)
            put_offs.extend([refused] if refused else [])
        elif answer.number.e164 in numbers:
            put_offs.append(PutOff(lead.campaign_id, lead.id, WhyNot.NUMBER_RESTED, now + SAME_NUMBER_REST))
        else:
            picks.append(Pick(lead, answer.number.e164, agent_id))
            numbers.add(answer.number.e164)
            free.discard(agent_id or 0)
    return Picked(tuple(picks), tuple(put_offs))


def _wait_for_agent(lead: Lead, now: datetime) -> PutOff:
    return PutOff(lead.campaign_id, lead.id, WhyNot.CALLBACK_OF_OTHER, now + timedelta(minutes=1))
