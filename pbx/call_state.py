"""What the fold of channels.py keeps of calls and channels while they last. Mutable, private to the fold."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache

from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import CallSnapshot, Direction, Leg, LegRole
from crm_core.domain.phone import parse_phone
from crm_core.errors import BadInput
from pbx.causes import outcome_unanswered

#: E.164 has at most 15 digits; a national prefix or a plus sign may stand before them.
_LONGEST_NUMBER = 20


@dataclass(slots=True)
class LegState:
    """A leg under way; the same fields as Leg."""

    channel: str
    role: LegRole
    phone: str
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None
    sip_status: str | None = None

    def frozen(self) -> Leg:
        return Leg(
            self.channel,
            self.role,
            self.phone,
            self.started_at,
            self.answered_at,
            self.ended_at,
            self.cause,
            self.sip_status,
        )


@dataclass(slots=True)
class CallState:
    """A call under way. `person` is the channel of the other party; the call lasts as long as that."""

    id: str
    node: str
    direction: Direction
    started_at: datetime
    person: str
    number: str | None = None
    line: str | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    bridged_at: datetime | None = None
    agent_leg: str | None = None
    agent_phone: str | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    cause: int | None = None
    sip_status: str | None = None
    legs: dict[str, LegState] = field(default_factory=dict)

    def snapshot(self) -> CallSnapshot:
        return CallSnapshot(
            self.id,
            self.node,
            self.direction,
            self.started_at,
            self.number,
            self.line,
            self.ringing_at,
            self.answered_at,
            self.bridged_at,
            self.agent_leg,
            self.agent_phone,
            self.ended_at,
            self.outcome,
            self.cause,
            self.sip_status,
            tuple(leg.frozen() for leg in self.legs.values()),
        )

    def end(self, at: datetime, cause: int | None, sip_status: str | None) -> None:
        """The other party is gone: the call is over, and with it every leg."""
        for leg in self.legs.values():
            leg.ended_at = leg.ended_at or at
        leg = self.legs[self.person]
        leg.cause, leg.sip_status = cause, sip_status
        self.ended_at, self.cause, self.sip_status = at, cause, sip_status
        self.outcome = self._outcome()

    def _outcome(self) -> Outcome:
        if self.bridged_at is not None:
            return Outcome.ANSWERED
        if self.direction is Direction.INCOMING:
            return Outcome.NO_ANSWER  # nobody of ours spoke with the caller
        if self.answered_at is not None:
            return Outcome.HUNG_UP
        return outcome_unanswered(self.cause, self.sip_status)


def revived(snapshot: CallSnapshot) -> CallState | None:
    """The state behind a stored snapshot; None if it has no leg of the other party."""
    people = [leg for leg in snapshot.legs if leg.role is not LegRole.AGENT]
    if not people:
        return None
    kept = {f.name: getattr(snapshot, f.name) for f in fields(snapshot) if f.name != "legs"}
    legs = {leg.channel: LegState(**{f.name: getattr(leg, f.name) for f in fields(leg)}) for leg in snapshot.legs}
    return CallState(person=people[0].channel, legs=legs, **kept)


@dataclass(slots=True)
class ChannelState:
    """A live channel. `is_own_leg`: the leg of an agent that outlives calls (parked), rather than a leg of one call."""

    id: str
    name: str
    is_own_leg: bool
    is_up: bool = False
    call: CallState | None = None
    bridge: str | None = None

    @property
    def is_person(self) -> bool:
        return self.call is not None and self.call.person == self.id

    @property
    def phone(self) -> str:
        return endpoint_of(self.name)


def endpoint_of(name: str) -> str:
    """The PJSIP endpoint in a channel's name: "op1" in "PJSIP/op1-0000002a" or in the dial string "PJSIP/op1"."""
    rest = name.partition("/")[2]
    endpoint, dash, serial = rest.rpartition("-")
    return endpoint if dash and len(serial) == 8 else rest


@lru_cache(maxsize=4096)  # our own lines come with every call, and a number costs 30 µs
def dialable(raw: str | None, country: str | None) -> str | None:
    """A number as a trunk gives it, in E.164 where it can be made so; None if it is no number (withheld).

    What the numbering plan does not know (a short code) stays as it came: it can be shown, and dialed back by hand.
    """
    if raw is None or not (digits := raw.removeprefix("+")).isdecimal() or len(raw) > _LONGEST_NUMBER:
        return None
    for text, default in ((raw, country), ("+" + digits, None)):
        try:
            return parse_phone(text, default).e164
        except BadInput:
            continue
    return raw
