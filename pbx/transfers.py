"""AsteriskTransfers: a person is handed to somebody else, at once or after a word with him."""

from __future__ import annotations

from crm_core.errors import Conflict
from crm_core.ports import OriginateRefused, Recipient
from pbx.ami import AmiLink
from pbx.originate import AmiAction
from pbx.transfer_actions import (
    arrive_action,
    consult_action,
    give_actions,
    recipient_of_action,
    to_given_action,
    wait_action,
)


class AsteriskTransfers:
    """Fits crm_core.ports.Transfers."""

    def __init__(self, ami: AmiLink) -> None:
        self._ami = ami

    async def transfer(self, channel: str, person: str, to: Recipient) -> None:
        """Blind. Raises Conflict when the person has gone, OriginateRefused, BadInput, LinkDown."""
        arriving = arrive_action(channel, person, to)
        await self._on_call(wait_action(person))
        await self._place(channel, arriving)

    async def to_given(self, person: str) -> None:
        """Raises Conflict when the person has gone, BadInput, LinkDown."""
        await self._on_call(to_given_action(person))

    async def consult(self, channel: str, phone: str, to: Recipient) -> None:
        """Raises OriginateRefused, BadInput, LinkDown."""
        await self._place(channel, consult_action(channel, phone, to))

    async def give(self, channel: str, person: str) -> None:
        """Raises Conflict when either has gone or the recipient has not answered yet, BadInput, LinkDown."""
        answer = await self._ami.ask(recipient_of_action(channel))
        name = answer.get("Value", "")
        if answer.get("Response") != "Success" or not name:
            raise Conflict("nobody is on the consulting line yet, or no longer")
        for action in give_actions(person, name):
            await self._on_call(action)

    async def _place(self, channel: str, action: AmiAction) -> None:
        answer = await self._ami.ask(action)
        if answer.get("Response") != "Success":
            raise OriginateRefused(f"channel {channel}: {answer.get('Message', '')}")

    async def _on_call(self, action: AmiAction) -> None:
        answer = await self._ami.ask(action)
        if answer.get("Response") != "Success":
            raise Conflict(f"the person is not on the line any more ({answer.get('Message', 'no reason given')})")
