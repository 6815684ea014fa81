"""A pure fold: channel events in, calls with their legs out.

A call is keyed by the Linkedid its first channel had at birth, and keeps that key: a bridge with an older parked leg
changes Asterisk's Linkedid of the person's channel, not ours. The leg of an agent who waits parked lives longer than
any call; while it is bridged with a person it is a leg of that person's call too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import AgentLegChange, CallSnapshot, Direction
from pbx.ami_events import (
    RING,
    RINGING,
    UP,
    ChannelCreated,
    ChannelEnteredBridge,
    ChannelEvent,
    ChannelHungUp,
    ChannelLeftBridge,
    ChannelListed,
    ChannelRenamed,
    ChannelStateChanged,
    OriginateFailed,
)
from pbx.call_board import AGENT_PREFIX, INNER, OUTSIDE, Birth, CallBoard
from pbx.call_state import CallState, endpoint_of
from pbx.resume import resume

#: Where a call from an agent's phone begins: he dials the log-in code, and his leg is parked.
PHONE_CONTEXT = "operator-phone"
#: An originate that fails is told twice, as hangup and as response, in either order; so many hangups are remembered.
_REMEMBERED = 2048


class CallFold:
    """The calls of one switch."""

    def __init__(self, node: str, default_country: str | None = None) -> None:
        self._board = CallBoard(node, default_country)
        self._unanswered: dict[str, None] = {}
        self._apply: Mapping[type, Callable[..., None]] = {
            ChannelCreated: self._created,
            ChannelStateChanged: self._state_changed,
            ChannelRenamed: self._renamed,
            ChannelEnteredBridge: self._entered,
            ChannelLeftBridge: self._left,
            ChannelHungUp: self._hung_up,
            OriginateFailed: self._originate_failed,
        }

    def apply(self, event: ChannelEvent) -> None:
        """Take one event in. Events of channels never heard of are passed over."""
        handler = self._apply.get(type(event))
        if handler is not None:
            handler(event)

    def resume(self, known: Sequence[CallSnapshot], listed: Sequence[ChannelListed], now: datetime) -> None:
        """Go on after a gap in the events: see pbx.resume."""
        resume(self._board, known, listed, now)

    def changed(self) -> list[CallSnapshot]:
        """The calls that changed since last asked, each once, as they are now."""
        snapshots = [call.snapshot() for call in self._board.changed_calls.values()]
        self._board.changed_calls.clear()
        return snapshots

    def leg_changes(self) -> list[AgentLegChange]:
        """Agents' legs that came up or went down since last asked, in order."""
        changes, self._board.leg_changes = self._board.leg_changes, []
        return changes

    @property
    def has_news(self) -> bool:
        return bool(self._board.changed_calls or self._board.leg_changes)

    @property
    def open_calls(self) -> int:
        return len(self._board.calls)

    @property
    def channels(self) -> frozenset[str]:
        """Ids of all live channels."""
        return frozenset(self._board.channels)

    def is_open(self, call_id: str) -> bool:
        return call_id in self._board.calls

    def parked_legs(self, phone: str) -> list[str]:
        """Ids of the legs of `phone` that wait: up, and in no bridge."""
        legs = self._board.channels.values()
        return [leg.id for leg in legs if leg.is_own_leg and leg.is_up and leg.bridge is None and leg.phone == phone]

    def _created(self, event: ChannelCreated) -> None:
        board, incoming = self._board, event.state == RING
        if event.channel in board.channels or event.name.startswith(INNER):
            return
        if event.channel.startswith(OUTSIDE) or event.linkedid.startswith(OUTSIDE):
            return
        if event.channel.startswith(AGENT_PREFIX) or (incoming and event.context == PHONE_CONTEXT):
            board.own_leg_born(event.channel, event.name)
            return
        birth = Birth(event.channel, event.name, incoming, event.caller, event.exten, event.at)
        board.leg_born(birth, None if event.linkedid == event.channel else self._call_linked(event.linkedid))

    def _call_linked(self, linkedid: str) -> CallState | None:
        """The call for which a channel of this Linkedid is dialed."""
        call = self._board.calls.get(linkedid)
        if call is None and (parent := self._board.channels.get(linkedid)) is not None:
            call = parent.call
        return call if call is not None and call.ended_at is None else None

    def _state_changed(self, event: ChannelStateChanged) -> None:
        channel = self._board.channels.get(event.channel)
        if channel is None:
            return
        if event.state == UP:
            self._board.came_up(channel, event.at)
        elif event.state == RINGING:
            self._board.rang(channel, event.at)

    def _renamed(self, event: ChannelRenamed) -> None:
        if (channel := self._board.channels.get(event.channel)) is not None:
            channel.name = event.name

    def _entered(self, event: ChannelEnteredBridge) -> None:
        if (channel := self._board.channels.get(event.channel)) is not None:
            self._board.enter(channel, event.bridge, event.at)

    def _left(self, event: ChannelLeftBridge) -> None:
        channel = self._board.channels.get(event.channel)
        if channel is not None and channel.bridge == event.bridge:
            self._board.leave(channel, event.at)

    def _hung_up(self, event: ChannelHungUp) -> None:
        board = self._board
        channel = board.channels.pop(event.channel, None)
        if channel is None:
            return
        board.leave(channel, event.at)
        if not channel.is_up:
            self._remember(channel.id)
        call = channel.call
        if channel.is_own_leg:
            board.leg_changed(channel.id, channel.name, channel.phone, False, event.at)
        elif call is not None and call.ended_at is None:
            if channel.is_person:
                board.end(call, event.at, event.cause, event.sip_status)
                return
            leg = call.legs[channel.id]
            leg.ended_at, leg.cause, leg.sip_status = event.at, event.cause, event.sip_status
            board.mark(call)

    def _remember(self, channel: str) -> None:
        self._unanswered[channel] = None
        if len(self._unanswered) > _REMEMBERED:
            del self._unanswered[next(iter(self._unanswered))]

    def _originate_failed(self, event: OriginateFailed) -> None:
        if event.channel in self._board.channels or event.channel.startswith(OUTSIDE):
            return  # its hangup is still to come; or an id was used twice, which does not end the first
        if event.channel in self._unanswered:
            del self._unanswered[event.channel]
        elif event.channel.startswith(AGENT_PREFIX):
            self._board.leg_changed(event.channel, event.target, endpoint_of(event.target), False, event.at)
        else:  # no channel was ever made: trunk or phone unknown, or not registered
            call = CallState(event.channel, self._board.node, Direction.OUTGOING, event.at, person=event.channel)
            call.ended_at, call.outcome = event.at, Outcome.FAILED
            self._board.mark(call)
