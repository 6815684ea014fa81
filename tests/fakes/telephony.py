"""A switch in memory that fits the Telephony port; tests/pbx/test_telephony_contract.py holds it to the real one."""

from __future__ import annotations

from dataclasses import replace

from crm_core.errors import Conflict, Unavailable
from crm_core.ports import LiveChannel, OriginateOrder, OriginateRefused
from pbx.originate import hang_up_action, originate_action, ring_agent_action


class FakeTelephony:
    """Keeps what it was asked. Callees ring until `answer` is called; agents' phones answer at once.

    `is_up` False makes everything Unavailable, `refuses` an originate refused.
    """

    def __init__(self) -> None:
        self.is_up = True
        self.refuses = False
        self.orders: list[OriginateOrder] = []
        self.agents_rung: list[tuple[str, str]] = []
        self.hung_up: list[str] = []
        self._live: dict[str, LiveChannel] = {}

    async def originate(self, order: OriginateOrder) -> None:
        originate_action(order, None)  # the same words are refused as on the wire
        self._check(order.channel)
        self.orders.append(order)
        name = f"PJSIP/{order.trunk_endpoint}-{self._serial()}"
        self._live[order.channel] = LiveChannel(order.channel, name, order.channel, is_up=False)

    async def ring_agent(self, channel: str, phone: str) -> None:
        ring_agent_action(channel, phone)
        self._check(channel)
        self.agents_rung.append((channel, phone))
        self._live[channel] = LiveChannel(channel, f"PJSIP/{phone}-{self._serial()}", channel, is_up=True)

    async def hang_up(self, channel: str) -> None:
        hang_up_action(channel)
        if not self.is_up:
            raise Unavailable("the fake switch is down")
        self.hung_up.append(channel)
        self._live.pop(channel, None)

    async def live_channels(self) -> list[LiveChannel]:
        if not self.is_up:
            raise Unavailable("the fake switch is down")
        return list(self._live.values())

    def go_down(self) -> None:
        """The link breaks; channels live on."""
        self.is_up = False

    def answer(self, channel: str) -> None:
        """The callee picks up."""
        self._live[channel] = replace(self._live[channel], is_up=True)

    def end(self, channel: str) -> None:
        """The channel ends by itself."""
        self._live.pop(channel, None)

    def _check(self, channel: str) -> None:
        if not self.is_up:
            raise Unavailable("the fake switch is down")
        if channel in {order.channel for order in self.orders} | {rung for rung, _ in self.agents_rung}:
            raise Conflict(f"an originate for channel {channel} was sent before")
        if self.refuses:
            raise OriginateRefused("the fake switch refuses")

    def _serial(self) -> str:
        return f"{len(self.orders) + len(self.agents_rung):08x}"
