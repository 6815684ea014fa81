"""The settler tells leads what came of their attempts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import CampaignState
from crm_core.domain.leads import LeadState
from dialer.outcomes import BATCH, Settler
from tests.dialer import clock
from tests.dialer.clock import START, now
from tests.dialer.scene import attempt, campaign, lead
from tests.fakes.hopper import FakeHopper


def ended_attempts(outcomes: list[Outcome]) -> FakeHopper:
    hopper = FakeHopper()
    hopper.add(campaign(), [lead(n, attempts=1) for n in range(len(outcomes))])
    for n, outcome in enumerate(outcomes):
        hopper.attempts[f"tl-{n}"] = attempt(f"tl-{n}", lead_id=n, outcome=outcome, ended_at=START)
    return hopper


async def settling(hopper: FakeHopper, seconds: float) -> None:
    running = asyncio.create_task(Settler(hopper, now).run())
    await asyncio.sleep(seconds)
    assert not running.done()
    running.cancel()


def test_each_ended_attempt_is_settled_once_and_its_lead_told() -> None:
    hopper = ended_attempts([Outcome.BUSY, Outcome.ANSWERED])
    clock.run(settling(hopper, 1))
    assert hopper.asked["settle"] == 1
    assert hopper.leads[1, 0].next_attempt_at == START + timedelta(minutes=15)
    assert hopper.leads[1, 1].state is LeadState.CLOSED


def test_attempts_of_a_campaign_that_was_paused_are_settled_too() -> None:
    hopper = ended_attempts([Outcome.BUSY])
    hopper.campaigns[1] = replace(campaign(), state=CampaignState.PAUSED)
    clock.run(settling(hopper, 1))
    assert set(hopper.settled) == {"tl-0"}


def test_more_than_a_batch_is_settled_without_waiting_for_the_next_beat() -> None:
    hopper = ended_attempts([Outcome.NO_ANSWER] * (2 * BATCH + 1))
    clock.run(settling(hopper, 0.25))
    assert len(hopper.settled) == 2 * BATCH + 1


def test_the_settler_goes_on_when_the_database_is_back() -> None:
    hopper = ended_attempts([Outcome.BUSY])
    hopper.down = True

    async def main() -> None:
        asyncio.get_running_loop().call_later(5, setattr, hopper, "down", False)
        await settling(hopper, 8)

    clock.run(main())
    assert set(hopper.settled) == {"tl-0"}


def test_woken_it_settles_at_once() -> None:
    hopper = ended_attempts([])
    hopper.add(campaign(), [lead(0, attempts=1)])

    async def main() -> None:
        settler = Settler(hopper, now)
        running = asyncio.create_task(settler.run())
        await asyncio.sleep(0.11)
        hopper.attempts["tl-0"] = attempt("tl-0", lead_id=0, outcome=Outcome.BUSY, ended_at=now())
        settler.wake()
        await asyncio.sleep(0.01)
        assert set(hopper.settled) == {"tl-0"}
        running.cancel()

    clock.run(main())
