"""What the dialplan is told to do with a person. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from crm_core.domain.agents import Agent, HandOffMode
from crm_core.domain.campaigns import CampaignPolicy, Record
from crm_core.domain.recordings import recording_path
from crm_core.ports import HandOff

HANG_UP = HandOff("hangup")
#: A caller hears music until somebody is free.
WAIT = HandOff("wait")


def to_agent(
    agent: Agent, ring_for: timedelta, notice: str | None, record: str | None, announcement: str | None = None
) -> HandOff:
    """Bridge with the agent's parked leg, or ring his phone for `ring_for` at most; he hears `announcement` first."""
    if agent.hand_off is HandOffMode.RING:
        seconds = round(ring_for.total_seconds())
        return HandOff(
            "ring",
            agent_phone=agent.phone,
            ring_seconds=seconds,
            notice=notice,
            record=record,
            announcement=announcement,
        )
    return HandOff("bridge", agent_leg=agent.leg_name, notice=notice, record=record, announcement=announcement)


def to_bot(notice: str | None, record: str | None) -> HandOff:
    """The infobot talks with the person."""
    return HandOff("bot", notice=notice, record=record)


def can_take(agent: Agent) -> bool:
    """Whether there is anything to bridge with or to ring."""
    return agent.hand_off is HandOffMode.RING or agent.leg_name is not None


def record_to(call_id: str, began_at: datetime, policy: CampaignPolicy) -> str | None:
    """Where a campaign's call is recorded to, relative to the recordings folder; None: not at all."""
    return None if policy.record is Record.NEVER else str(recording_path(call_id, began_at))


def abandoned(policy: CampaignPolicy) -> HandOff:
    """The campaign's message, and the key that stops further calls."""
    return HandOff("abandon", message=policy.abandon_message, opt_out_key=policy.opt_out_key)


def machine(policy: CampaignPolicy) -> HandOff:
    """A message after the beep, where the campaign has one; else nothing."""
    return HandOff("message", message=policy.machine_message) if policy.machine_message else HandOff("machine")


def closed(message: str | None) -> HandOff:
    """Nobody can take an incoming call."""
    return HandOff("closed", message=message)
