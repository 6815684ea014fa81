"""A pilot on real Asterisks: so many calls reach the network, and no more until somebody says go on."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from crm_core.db.tables import attempts, campaigns
from crm_core.domain.campaigns import DialMode
from crm_core.handlers.campaigns import approve_campaign
from tests.asterisk.scene import Scene, now

#: All of them are busy.
NUMBERS = [f"+99890200000{n}" for n in range(6)]


async def _dialed(scene: Scene) -> list[str]:
    async with scene.database.reading() as work:
        return [row.number for row in await work.all(select(attempts.c.number).order_by(attempts.c.number))]


async def _over(scene: Scene, *numbers: str) -> None:
    """Wait until the dialer has done with these calls."""
    for number in numbers:
        await scene.row(attempts, attempts.c.number == number, fact=lambda row: row.settled_at, wait=30)


async def test_a_pilot_stops_at_its_last_call_and_goes_on_when_approved(scene: Scene) -> None:
    await scene.campaign(*NUMBERS, mode=DialMode.BOT, script="satisfaction_survey", pilot=2, calls_per_second=200 / 60)
    paused = await scene.row(campaigns, fact=lambda row: row.state == "paused", wait=30)
    assert paused.approved_at is None
    first = await _dialed(scene)
    assert len(first) == 2  # those whose words were ready first
    await _over(scene, *first)
    await asyncio.sleep(1.5)  # the dialer looks five times a second
    assert await _dialed(scene) == first
    await approve_campaign(scene.database, "autumn", "Ada", now())
    await _over(scene, *NUMBERS)
    assert await _dialed(scene) == NUMBERS
