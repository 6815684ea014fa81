"""Calls and their legs: one record, whoever reports first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crm_core.domain.attempts import Outcome


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"  # an agent's parked leg; no call of anybody


class LegRole(StrEnum):
    CALLEE = "callee"
    CALLER = "caller"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Leg:
    """A channel seen from inside its call. `phone` is the PJSIP endpoint (the trunk's or the agent's)."""

    channel: str
    role: LegRole
    phone: str
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None
    sip_status: str | None = None


@dataclass(frozen=True, slots=True)
class CallSnapshot:
    """All the switch knows of one call now; later snapshots of the same call replace earlier ones.

    `id` is the Linkedid of the call's first channel at its birth; for an outgoing call of ours that is the attempt's
    id. (A bridge with an older parked leg changes Asterisk's Linkedid; ours does not change.)
    `number` is the other party in E.164, or None for a withheld number. `line` is the number called on us.
    """

    id: str
    node: str
    direction: Direction
    started_at: datetime
    number: str | None = None
    line: str | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    bridged_at: datetime | None = None
    agent_leg: str | None = None  # channel id of the agent's leg
    agent_phone: str | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    cause: int | None = None
    sip_status: str | None = None
    legs: tuple[Leg, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentLegChange:
    """The parked leg to an agent's phone came up or went down."""

    node: str
    phone: str
    channel: str
    channel_name: str
    up: bool
    at: datetime
