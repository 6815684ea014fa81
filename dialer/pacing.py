"""Pacing: how many lines to open, from a snapshot and a policy."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crm_core.domain.campaigns import CampaignPolicy, DialMode
from crm_core.domain.floor import Floor
from dialer.abandon import abandons_left

#: Recent dials below which the answer rate says too little to bet a person's time on.
MIN_RECENT_DIALS = 20
#: Share of agents in wrap-up counted as free by the time somebody answers: modest, for a wrap-up has no sure end.
SOON_FREE = 0.25


@dataclass(frozen=True, slots=True)
class _Agents:
    """`free` are not spoken for by a person waiting or a guaranteed line; `ringing` lines are open for anybody."""

    free: int
    soon: float
    ringing: int


def lines_to_open(floor: Floor, policy: CampaignPolicy) -> int:
    """Return how many calls to originate now: never negative, never beyond the policy's lines."""
    room = policy.max_lines - floor.open_lines
    if policy.mode is DialMode.BOT:
        return max(0, room)
    if room <= 0 or floor.agents_available + floor.agents_wrapping_up == 0:
        return 0
    return max(0, min(room, _wanted(floor, policy)))


def _wanted(floor: Floor, policy: CampaignPolicy) -> int:
    match policy.mode:
        case DialMode.PREVIEW | DialMode.BOT:
            return 0
        case DialMode.PROGRESSIVE:
            return _one_per_agent(floor)
        case DialMode.POWER:
            return _several_per_agent(floor, policy, policy.lines_per_agent, soon=0)
        case DialMode.PREDICTIVE if floor.recent_dials >= MIN_RECENT_DIALS:
            lines_per_agent = min(1 / _cautious_answer_rate(floor), policy.max_lines_per_agent)
            return _several_per_agent(floor, policy, lines_per_agent, soon=SOON_FREE * floor.agents_wrapping_up)
        case DialMode.PREDICTIVE:
            return _one_per_agent(floor)


def _one_per_agent(floor: Floor) -> int:
    """Lines that cannot abandon anybody as long as no agent goes away."""
    return floor.agents_available - len(floor.ringing_since) - floor.waiting


def _several_per_agent(floor: Floor, policy: CampaignPolicy, lines_per_agent: float, soon: float) -> int:
    """More lines than agents, as far as the abandon limit bears it; else one per agent."""
    sure = _one_per_agent(floor)
    left = abandons_left(floor, policy.abandon_limit)
    if left < 1:
        return sure
    agents = _unspoken_for(floor, soon)
    wanted = math.floor((agents.free + agents.soon) * lines_per_agent) - agents.ringing
    if math.isinf(left):
        return max(sure, wanted)
    # Lines beyond the free agents may all be answered at once: no more of them than the limit can be expected to bear.
    bearable = agents.free + math.floor(left / _cautious_answer_rate(floor)) - agents.ringing
    return max(sure, min(wanted, bearable))


def _unspoken_for(floor: Floor, soon: float) -> _Agents:
    unanswered = len(floor.ringing_since)
    held = min(floor.guaranteed, unanswered)  # a guaranteed line that was answered has its agent already
    return _Agents(max(0, floor.agents_available - floor.waiting - held), soon, unanswered - held)


def _cautious_answer_rate(floor: Floor) -> float:
    """The recent answer rate as if one more person had answered: never 0, and never lower than seen."""
    return (floor.recent_people + 1) / (floor.recent_dials + 1)
