"""After a gap in the events (link down, restart): bring the board in step with the channels alive now. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from crm_core.domain.calls import CallSnapshot
from pbx.ami_events import RINGING, UP, ChannelListed
from pbx.call_board import AGENT_PREFIX, INNER, OUTSIDE, Birth, CallBoard
from pbx.call_state import CallState, ChannelState, revived

#: Where an agent's own leg waits (asterisk_conf/pbx/extensions.conf).
PARK_CONTEXT = "operator-park"
#: Asterisk's own unique ids: epoch second, dot, serial; with systemname before them where one is set.
_ASTERISKS_ID = re.compile(r"(?:.+-)?\d{9,}\.\d+")


def resume(board: CallBoard, known: Sequence[CallSnapshot], listed: Sequence[ChannelListed], now: datetime) -> None:
    """Go on after a gap: `known` are stored calls not ended, `listed` the channels alive now.

    What ended in the gap is forgotten without a word (its end stands in the CDRs); what is new is taken in as far as a
    list can tell it, with `now` for the times nobody saw.
    """
    listed = [one for one in listed if not (one.name.startswith(INNER) or one.channel.startswith(OUTSIDE))]
    for snapshot in known:
        _revive(board, snapshot)
    live = {channel.channel for channel in listed}
    for gone in [channel for id, channel in board.channels.items() if id not in live]:
        board.forget(gone)
    for channel in sorted(listed, key=lambda c: (not _is_own_leg(c), c.linkedid != c.channel, c.started_at)):
        _adopt(board, channel, now)
    for channel in listed:
        _rebridge(board, channel, now)
    for call in board.calls.values():
        _close_legs_left(board, call, now)


def _is_own_leg(listed: ChannelListed) -> bool:
    return listed.channel.startswith(AGENT_PREFIX) or listed.context == PARK_CONTEXT


def _revive(board: CallBoard, snapshot: CallSnapshot) -> None:
    if snapshot.id in board.calls or snapshot.ended_at is not None or (call := revived(snapshot)) is None:
        return
    board.calls[call.id] = call
    for leg in call.legs.values():
        if leg.ended_at is None and leg.channel not in board.channels and not leg.channel.startswith(AGENT_PREFIX):
            # Asterisk's name of it comes with the list.
            board.channels[leg.channel] = ChannelState(leg.channel, f"PJSIP/{leg.phone}", is_own_leg=False, call=call)


def _adopt(board: CallBoard, listed: ChannelListed, now: datetime) -> None:
    channel = board.channels.get(listed.channel)
    if channel is None:
        channel = _newcomer(board, listed)
    elif _is_own_leg(listed) and not channel.is_own_leg:
        channel.is_own_leg, channel.call = True, None  # revived from a call it was bridged with
    channel.name = listed.name
    if listed.state == UP:
        board.came_up(channel, now)
    elif listed.state == RINGING:
        board.rang(channel, now)


def _newcomer(board: CallBoard, listed: ChannelListed) -> ChannelState:
    if _is_own_leg(listed):
        return board.own_leg_born(listed.channel, listed.name)
    # A Linkedid that is an agent's leg came from a bridge, not from birth.
    call = board.calls.get(listed.linkedid) if listed.linkedid != listed.channel else None
    incoming = bool(_ASTERISKS_ID.fullmatch(listed.channel))
    birth = Birth(listed.channel, listed.name, incoming, listed.caller, listed.exten, listed.started_at)
    return board.leg_born(birth, call)


def _rebridge(board: CallBoard, listed: ChannelListed, now: datetime) -> None:
    channel = board.channels[listed.channel]
    if channel.bridge == listed.bridge:
        return
    board.leave(channel, now)
    if listed.bridge is not None:
        board.enter(channel, listed.bridge, now)


def _close_legs_left(board: CallBoard, call: CallState, now: datetime) -> None:
    """Legs that were open before the gap and are no longer in this call."""
    for leg in call.legs.values():
        channel = board.channels.get(leg.channel)
        if leg.ended_at is None and (channel is None or channel.call is not call):
            leg.ended_at = now
            board.mark(call)
