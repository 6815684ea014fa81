"""What is live on one switch, and the moves that calls and channels make: born, bridged, parted, ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm_core.domain.calls import AgentLegChange, Direction, LegRole
from pbx.call_state import CallState, ChannelState, LegState, dialable
from pbx.monitor_actions import MONITOR_PREFIX
from pbx.originate import BROWSER_PREFIX
from pbx.transfer_actions import TRANSFER_PREFIX

#: How the ids of agents' legs begin (Telephony.ring_agent).
AGENT_PREFIX = "op-"

#: How ids of ours begin whose channels are no leg of any call: those that open browsers' phones, supervisors',
#: consultations'. What such a channel dials is outside too (its Linkedid is the dialing one's).
OUTSIDE = (BROWSER_PREFIX, MONITOR_PREFIX, TRANSFER_PREFIX)
#: Channels that are no leg of anybody: those Asterisk makes for its own use, the bot's media, and those that open a
#: browser's phone (no call of ours goes through a Local channel).
INNER = (
    *("Message/", "CBAnn/", "CBRec/", "Recorder/", "Announcer/", "Surrogate/", "Snoop/", "Bridge/"),
    *("WebSocket/", "AudioSocket/", "Local/"),
)


@dataclass(frozen=True, slots=True)
class Birth:
    """A channel that has come into being. `caller` and `line` as the trunk gave them."""

    channel: str
    name: str
    incoming: bool
    caller: str | None
    line: str
    at: datetime


class CallBoard:
    """Live channels, calls and bridges. Bounded by what is live and by what has changed since last taken."""

    def __init__(self, node: str, default_country: str | None) -> None:
        self.node, self._country = node, default_country
        self.channels: dict[str, ChannelState] = {}
        self.calls: dict[str, CallState] = {}
        self.bridges: dict[str, dict[str, ChannelState]] = {}
        self.changed_calls: dict[str, CallState] = {}
        self.leg_changes: list[AgentLegChange] = []

    def mark(self, call: CallState) -> None:
        self.changed_calls[call.id] = call

    def leg_changed(self, channel: str, name: str, phone: str, up: bool, at: datetime) -> None:
        self.leg_changes.append(AgentLegChange(self.node, phone, channel, name, up, at))

    def own_leg_born(self, channel: str, name: str) -> ChannelState:
        """An agent's leg that will wait parked: no call of anybody."""
        born = self.channels[channel] = ChannelState(channel, name, is_own_leg=True)
        return born

    def leg_born(self, birth: Birth, call: CallState | None) -> ChannelState:
        """A leg of `call`, as Dial() makes it; without one, the other party's channel of a new call."""
        born = self.channels[birth.channel] = ChannelState(birth.channel, birth.name, is_own_leg=False)
        role = LegRole.AGENT
        if call is None:
            call = self._call_born(birth)
            role = LegRole.CALLER if birth.incoming else LegRole.CALLEE
        born.call = call
        call.legs[born.id] = LegState(born.id, role, born.phone, birth.at)
        self.mark(call)
        return born

    def _call_born(self, birth: Birth) -> CallState:
        call = self.calls[birth.channel] = CallState(
            birth.channel,
            self.node,
            Direction.INCOMING if birth.incoming else Direction.OUTGOING,
            birth.at,
            person=birth.channel,
            number=dialable(birth.caller, self._country) if birth.incoming else None,
            line=dialable(birth.line, self._country) if birth.incoming else None,
        )
        return call

    def rang(self, channel: ChannelState, at: datetime) -> None:
        """The callee's phone rings; for a caller, the agent's."""
        call = channel.call
        if call is not None and call.ended_at is None and call.ringing_at is None:
            call.ringing_at = at
            self.mark(call)

    def came_up(self, channel: ChannelState, at: datetime) -> None:
        if channel.is_up:
            return
        channel.is_up = True
        call = channel.call
        if channel.is_own_leg:
            self.leg_changed(channel.id, channel.name, channel.phone, True, at)
        elif call is not None and call.ended_at is None:
            leg = call.legs[channel.id]
            leg.answered_at = leg.answered_at or at
            if channel.is_person:
                call.answered_at = call.answered_at or at
            self.mark(call)

    def enter(self, channel: ChannelState, bridge: str, at: datetime) -> None:
        """The second of a person and an agent to enter a bridge makes them hear each other."""
        if channel.bridge == bridge:
            return
        self.unbridge(channel)
        channel.bridge = bridge
        members = self.bridges.setdefault(bridge, {})
        for other in members.values():
            if channel.is_person != other.is_person:
                self._bridged(*((channel, other) if channel.is_person else (other, channel)), at)
        members[channel.id] = channel

    def _bridged(self, person: ChannelState, agent: ChannelState, at: datetime) -> None:
        call = person.call
        if call is None or not (agent.is_own_leg or agent.call is call):
            return
        call.bridged_at, call.answered_at = call.bridged_at or at, call.answered_at or at
        call.agent_leg, call.agent_phone = agent.id, agent.phone
        leg = call.legs.get(agent.id)
        if leg is None:
            leg = call.legs[agent.id] = LegState(agent.id, LegRole.AGENT, agent.phone, at)
        leg.answered_at, leg.ended_at = leg.answered_at or at, None
        agent.call = call
        self.mark(call)

    def leave(self, channel: ChannelState, at: datetime) -> None:
        """An agent's own leg is in its call no longer when either of the two leaves."""
        others = self.unbridge(channel)
        for agent in (channel, *others) if channel.is_person else (channel,):
            self.part(agent, at)

    def unbridge(self, channel: ChannelState) -> list[ChannelState]:
        """Take the channel out of its bridge; who is left in it."""
        if channel.bridge is None:
            return []
        members = self.bridges[channel.bridge]
        members.pop(channel.id, None)
        if not members:
            del self.bridges[channel.bridge]
        channel.bridge = None
        return list(members.values())

    def part(self, agent: ChannelState, at: datetime) -> None:
        """Close the leg that an agent's own leg has in its call; the call itself may go on."""
        if not agent.is_own_leg or agent.call is None:
            return
        call, agent.call = agent.call, None
        leg = call.legs[agent.id]
        if call.ended_at is None and leg.ended_at is None:
            leg.ended_at = at
            self.mark(call)

    def end(self, call: CallState, at: datetime, cause: int | None, sip_status: str | None) -> None:
        """The other party is gone."""
        call.end(at, cause, sip_status)
        del self.calls[call.id]
        for id in call.legs:
            leg = self.channels.get(id)
            if leg is not None and leg.is_own_leg and leg.call is call:
                leg.call = None
        self.mark(call)

    def forget(self, channel: ChannelState) -> None:
        """Drop a channel, and the call if it was the other party's, without saying how it ended."""
        self.unbridge(channel)
        del self.channels[channel.id]
        if channel.is_person and channel.call is not None:
            self.calls.pop(channel.call.id, None)
