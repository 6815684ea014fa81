"""Predictive dialing on the real switch: lines given up by the law, and people who were lost, on record."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from crm_core.db import campaigns
from crm_core.db.pacing import abandon_record
from crm_core.db.tables import attempts, calls, day_counts
from crm_core.domain.access import Role, actor_of
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import Campaign, DialMode, LawName, RetryPolicy
from crm_core.handlers.call_desk import whole_call
from crm_core.handlers.campaigns import Order, order_campaign
from tests.asterisk.asterisk import until
from tests.asterisk.scene import Scene, now

MANAGER = actor_of(0, "manager", Role.ADMINISTRATOR)
OPERATORS = ("op1", "op2", "op3")
#: Four answer after two seconds, the others ring for ever.
PEOPLE = [f"+9989012{n:05}" for n in range(4)]
RING = [f"+9989030{n:05}" for n in range(8)]
#: 47 CFR 64.1200(a)(6)
RINGS_AT_LEAST = timedelta(seconds=15)
PREDICTIVE: dict[str, Any] = {
    "mode": DialMode.PREDICTIVE,
    "law": LawName.FCC,
    "max_lines_per_agent": 4.0,
    "ring_for": timedelta(seconds=40),
    "retry": RetryPolicy(max_attempts=3, after={Outcome.GIVEN_UP: timedelta(hours=1)}),
}


async def counted(scene: Scene, campaign: Campaign, **counts: int) -> None:
    """So many have answered and been abandoned in the campaign so far today."""
    scope, day = campaigns.campaign_scope(campaign.id), campaigns.day_of(now())
    async with scene.database.work() as work:
        await campaigns.add_counts(work, {(scope, day): {"dialed": 0}})
        await work.run(update(day_counts).where(day_counts.c.scope == scope).values(counts))


async def test_more_lines_than_operators_and_those_that_ring_long_are_given_up(scene: Scene) -> None:
    campaign = await scene.campaign(*PEOPLE, *RING, start=False, **PREDICTIVE)
    await counted(scene, campaign, people=1000, abandoned=0)
    agents = [await scene.agent(phone) for phone in OPERATORS]
    await order_campaign(scene.database, campaign.name, Order.START, now())
    for agent in agents:
        await scene.agent_in(agent.id, AgentState.ON_CALL)
    assert len(scene.dialed()) > len(OPERATORS)

    # The fourth who answers finds nobody free: he is lost, and it is on record why he was dialed.
    lost = await scene.row(attempts, attempts.c.outcome == "abandoned", fact=lambda row: row.settled_at)
    async with scene.database.reading() as work:
        record = await abandon_record(work, lost.id)
    assert record is not None
    assert record.dialed is not None
    assert record.last is not None
    assert (record.dialed.law, record.dialed.available, record.dialed.people) == ("fcc", 3, 1000)
    assert record.dialed.to_open > len(OPERATORS)
    assert lost.created_at <= record.last.at <= record.lost_at
    assert record.last.available == 0
    assert (await whole_call(MANAGER, lost.id, scene.database)).pacing == record

    # A bad hour elsewhere has spent the budget: what rings is given up, as soon as the law lets it and not before.
    await counted(scene, campaign, people=1000, abandoned=40)
    open_still = await scene.rows(attempts, attempts.c.number.in_(RING), attempts.c.outcome.is_(None))
    assert open_still
    for row in open_still:
        given_up = await scene.attempt(row.number)
        assert (given_up.outcome, given_up.answered_at) == ("given_up", None)
        (call,) = await scene.rows(calls, calls.c.id == given_up.id)
        assert (call.outcome, call.bridged_at) == ("given_up", None)
        assert given_up.given_up_at - call.ringing_at >= RINGS_AT_LEAST
        assert given_up.ended_at - given_up.given_up_at < timedelta(seconds=2)
        assert given_up.ended_at - given_up.created_at < PREDICTIVE["ring_for"]
        assert (await scene.cdr(given_up.id)).disposition == "NO ANSWER"
    (counts,) = await scene.rows(day_counts, day_counts.c.scope == campaigns.campaign_scope(campaign.id))
    assert (counts.people, counts.abandoned) == (1000, 40), "a line given up is nobody who answered"

    for agent in agents:
        talk = (await scene.agent_now(agent.id)).call_id
        assert talk is not None
        await scene.hang_up(talk)
    outcomes = sorted(row.outcome for row in [await scene.attempt(number) for number in PEOPLE])
    assert outcomes == ["abandoned", "answered", "answered", "answered"]


async def test_where_nobody_may_be_abandoned_nobody_is(scene: Scene) -> None:
    """The numbers shown are of no country whose rules are known: the strictest hold."""
    people = [f"+9989011{n:05}" for n in range(9)]
    shown = PREDICTIVE | {"law": None, "wrap_up": timedelta(0)}
    campaign = await scene.campaign(*people, start=False, **shown)
    await counted(scene, campaign, people=1000, abandoned=0)
    agents = [await scene.agent(phone) for phone in OPERATORS]
    await order_campaign(scene.database, campaign.name, Order.START, now())

    async def hang_up_talks() -> None:
        while True:
            for agent in agents:
                now_is = await scene.agent_now(agent.id)
                if now_is.state is AgentState.ON_CALL and now_is.call_id is not None:
                    await scene.hang_up(now_is.call_id)
            await asyncio.sleep(0.2)

    talking = asyncio.create_task(hang_up_talks())
    try:
        for number in people:
            await scene.attempt(number)
    finally:
        talking.cancel()
    assert {row.outcome for row in await scene.rows(attempts)} == {"answered"}
    await until(lambda: len(scene.dialed()) == len(people))
