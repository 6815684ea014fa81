"""AsteriskTelephony: what the rest of the CRM may ask of the switch, over AMI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from crm_core.domain.recordings import recording_path
from crm_core.errors import Conflict, CrmError
from crm_core.ports import LiveChannel, OriginateOrder, OriginateRefused
from pbx.ami import AmiLink, LinkDown
from pbx.ami_events import UP, ChannelListed, parse_listed
from pbx.originate import AmiAction, hang_up_action, list_channels_action, originate_action, ring_agent_action

#: AMI's answer to Hangup of a channel that is gone.
_GONE = "No such channel"
#: Channel ids remembered, so that none is sent twice: several minutes of calls at any rate a switch can bear.
_REMEMBERED = 20_000


class ActionRefused(CrmError):
    """The switch did not do what it was asked to; mostly the manager user lacks a right in manager.conf."""


class AsteriskTelephony:
    """Fits crm_core.ports.Telephony. `may_record` is asked before a recording is ordered (see recordings.py)."""

    def __init__(
        self, ami: AmiLink, recordings: Path, now: Callable[[], datetime], may_record: Callable[[], bool]
    ) -> None:
        self._ami, self._recordings, self._now, self._may_record = ami, recordings, now, may_record
        self._sent: dict[str, None] = {}
        self.originates: Counter[str] = Counter()  # calls to people by what the switch said, for the metrics

    @property
    def is_up(self) -> bool:
        return self._ami.is_up

    async def originate(self, order: OriginateOrder) -> None:
        """Send one originate, never twice. Raises OriginateRefused, BadInput, Conflict (this channel id was sent
        before), LinkDown (its `sent` says whether the call may have been placed all the same: then it must be looked
        for among the live channels and CDRs)."""
        record_to = None
        if order.record_from_answer and self._may_record():
            record_to = self._recordings / recording_path(order.channel, self._now())
        result = "unknown"
        try:
            await self._place(order.channel, originate_action(order, record_to))
            result = "accepted"
        except OriginateRefused:
            result = "refused"
            raise
        finally:
            self.originates[result] += 1

    async def ring_agent(self, channel: str, phone: str) -> None:
        """Call an agent's phone; his leg is parked when he answers. Raises as originate does."""
        await self._place(channel, ring_agent_action(channel, phone))

    async def _place(self, channel: str, action: AmiAction) -> None:
        self._remember(channel)
        try:
            answer = await self._ami.ask(action)
        except LinkDown as error:
            if not error.sent:
                del self._sent[channel]
            raise
        if answer.get("Response") != "Success":
            raise OriginateRefused(f"channel {channel}: {answer.get('Message', '')}")

    def _remember(self, channel: str) -> None:
        """An id that a live channel bears already not only fails: it blocked Asterisk 22.10.1 (CoreShowChannels and
        the shutdown hung), seen in 2 of 3 runs while the first call rang."""
        if channel in self._sent:
            raise Conflict(f"an originate for channel {channel} was sent before")
        self._sent[channel] = None
        if len(self._sent) > _REMEMBERED:
            del self._sent[next(iter(self._sent))]

    async def hang_up(self, channel: str) -> None:
        """End a channel by its id; one that is gone already is no error."""
        answer = await self._ami.ask(hang_up_action(channel))
        if answer.get("Response") != "Success" and answer.get("Message") != _GONE:
            raise ActionRefused(f"hang up {channel}: {answer.get('Message', '')}")

    async def live_channels(self) -> list[LiveChannel]:
        listed = await listed_channels(self._ami, self._now())
        return [LiveChannel(one.channel, one.name, one.linkedid, one.state == UP) for one in listed]


async def listed_channels(ami: AmiLink, now: datetime) -> list[ChannelListed]:
    """All channels alive. Raises LinkDown, ActionRefused, MalformedAmiEvent."""
    entries = await ami.ask_list(list_channels_action())
    if refused := [entry for entry in entries if entry.get("Response") == "Error"]:
        raise ActionRefused(f"CoreShowChannels: {refused[0].get('Message', '')}. It needs write=reporting")
    return [parse_listed(entry, now) for entry in entries if entry.get("Event") == "CoreShowChannel"]
