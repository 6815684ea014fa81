"""What the dialer's tests start from: a campaign, a trunk, leads, agents and a switch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from crm_core.domain.attempts import Attempt
from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState, DialMode, Trunk, Window
from crm_core.domain.leads import Lead, LeadNumber, LeadState
from crm_core.errors import Unavailable
from crm_core.ports import LiveChannel, OriginateOrder
from tests.dialer.clock import START, now

ALWAYS = (Window(frozenset(range(7)), time(0), time(0)),)
TRUNK = Trunk("carrier", "carrier-endpoint", ("+998",), 50.0, 100, caller_ids=("+998781130000", "+998781130001"))


def policy(**changes: Any) -> CampaignPolicy:
    values: dict[str, Any] = {"trunk": "carrier", "mode": DialMode.PROGRESSIVE, "windows": ALWAYS}
    return CampaignPolicy(**(values | changes))


def campaign(campaign_id: int = 1, **changes: Any) -> Campaign:
    return Campaign(campaign_id, f"Spring {campaign_id}", CampaignState.RUNNING, policy(**changes))


def number(place: int, **changes: Any) -> LeadNumber:
    values: dict[str, Any] = {"phone_id": place, "e164": f"+99890{place:07}", "zone": "Asia/Tashkent"}
    return LeadNumber(**(values | changes))


def lead(lead_id: int, **changes: Any) -> Lead:
    values: dict[str, Any] = {
        "id": lead_id,
        "campaign_id": 1,
        "contact_id": lead_id,
        "state": LeadState.OPEN,
        "priority": 0,
        "attempts": 0,
        "next_attempt_at": None,
        "numbers": (number(lead_id),),
    }
    return Lead(**(values | changes))


def attempt(attempt_id: str = "tl-1", **changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "id": attempt_id,
        "campaign_id": 1,
        "lead_id": 1,
        "number": number(1).e164,
        "trunk": "carrier",
        "caller_id": TRUNK.caller_ids[0],
        "created_at": START,
        "leased_until": START + timedelta(minutes=1),
    }
    return Attempt(**(values | changes))


@dataclass
class Switch:
    """A small switch. `answer` may raise what an originate raises; `sent` and `rung` are what it was told, and when."""

    answer: Callable[[OriginateOrder], None] = lambda order: None
    up: bool = True
    latency: float = 0.0
    sent: list[tuple[datetime, OriginateOrder]] = field(default_factory=list)
    rung: list[tuple[str, str]] = field(default_factory=list)
    live: set[str] = field(default_factory=set)

    @property
    def is_up(self) -> bool:
        return self.up

    async def originate(self, order: OriginateOrder) -> None:
        self.sent.append((now(), order))
        await asyncio.sleep(self.latency)
        self.answer(order)
        self.live.add(order.channel)

    async def ring_agent(self, channel: str, phone: str) -> None:
        self.rung.append((channel, phone))

    async def hang_up(self, channel: str) -> None:
        self.live.discard(channel)

    async def live_channels(self) -> list[LiveChannel]:
        if not self.up:
            raise Unavailable("the link is down")
        return [LiveChannel(one, f"PJSIP/{one}", one, True) for one in sorted(self.live)]
