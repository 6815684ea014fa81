"""Campaigns, the whole path: from a lead file over two real Asterisks to outcome, message and task."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_core.db.migrate import upgrade
from crm_core.db.tables import attempts, calls, campaign_leads, deals, do_not_call, stages, tasks
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import DialMode, RetryPolicy
from tests.asterisk.asterisk import Pair
from tests.asterisk.scene import Scene, now, open_until_today, opened_scene, tomorrow
from tests.servers import PostgresServer

BUSY, RINGS, UNKNOWN, CONGESTED = "+998902000001", "+998903000001", "+998904000001", "+998905000001"
GONE, PERSON, VOICEMAIL = "+998907000001", "+998901000001", "+998906000001"
#: Rings a second longer than the person, and only listens; presses 9 in the message.
LISTENS, OPTS_OUT = "+998909100001", "+998900100001"
#: Two lines for one agent: the second person who answers finds nobody free.
CROWDED: dict[str, Any] = {
    "mode": DialMode.POWER,
    "lines_per_agent": 2,
    "abandon_limit": 1.0,
    "connect_within": timedelta(seconds=0.5),
}


async def test_each_kind_of_callee_has_its_outcome(scene: Scene) -> None:
    expected = {
        BUSY: ("busy", 17, "486", "BUSY"),
        RINGS: ("no_answer", 19, "480", "NO ANSWER"),
        UNKNOWN: ("not_in_service", 1, "404", "NO ANSWER"),
        CONGESTED: ("congestion", 34, "503", "CONGESTION"),
        PERSON: ("answered", 16, None, "ANSWERED"),
    }
    await scene.campaign(*expected, GONE)
    for phone in ("op1", "op2", "op3"):
        await scene.agent(phone, wait=False)
    talk = await scene.bridged(PERSON)
    await scene.hang_up(talk.id)
    for number, (outcome, cause, sip_status, written) in expected.items():
        attempt = await scene.attempt(number)
        assert (attempt.outcome, attempt.cause, attempt.sip_status) == (outcome, cause, sip_status), number
        assert (await scene.cdr(attempt.id)).disposition == written
    gone = await scene.attempt(GONE)  # whether an agent was quicker than he is chance
    assert gone.outcome == ("answered" if gone.bridged_at else "hung_up")
    assert (await scene.cdr(gone.id)).disposition == "ANSWERED"
    assert len(scene.dialed()) == len(expected) + 1
    (dead,) = await scene.rows(campaign_leads, campaign_leads.c.last_outcome == "not_in_service")
    assert (dead.state, dead.close_reason) == ("closed", "no_number")


async def test_a_machine_is_told_from_a_person_and_hung_up(scene: Scene) -> None:
    await scene.campaign(VOICEMAIL, PERSON, detect_machines=True)
    for phone in ("op1", "op2"):
        await scene.agent(phone)
    talk = await scene.bridged(PERSON)
    machine = await scene.attempt(VOICEMAIL)
    assert (machine.outcome, machine.verdict, machine.bridged_at) == ("machine", "machine", None)
    assert machine.verdict_cause
    assert (await scene.cdr(machine.id)).disposition == "ANSWERED"
    (call,) = await scene.rows(calls, calls.c.id == machine.id)
    assert (call.outcome, call.agent_id) == ("machine", None)
    (person,) = await scene.rows(attempts, attempts.c.number == PERSON)
    assert person.verdict in ("human", "unsure")
    await scene.hang_up(talk.id)
    assert (await scene.attempt(PERSON)).outcome == "answered"


async def test_a_machine_is_left_the_message_after_its_greeting(scene: Scene) -> None:
    await scene.campaign(VOICEMAIL, detect_machines=True, machine_message="im-sorry")
    await scene.agent("op1")
    there = await scene.network_channel(VOICEMAIL)
    await scene.hears(there)  # told from greeting and beep on
    assert (await scene.attempt(VOICEMAIL)).outcome == "machine"
    (call,) = await scene.rows(calls)
    assert call.bridged_at is None


async def test_nobody_free_is_an_abandoned_call_with_message_task_and_rest(scene: Scene) -> None:
    await scene.calendar(open_until_today())
    again_at_once = RetryPolicy(max_attempts=3, after={Outcome.ABANDONED: timedelta(0)})
    await scene.campaign(PERSON, LISTENS, retry=again_at_once, **CROWDED)
    agent = await scene.agent("op1")
    talk = await scene.bridged(PERSON)
    there = await scene.network_channel(LISTENS)
    await scene.hears(there)
    attempt = await scene.attempt(LISTENS)
    assert (attempt.outcome, attempt.bridged_at) == ("abandoned", None)
    assert attempt.answered_at is not None
    assert (await scene.cdr(attempt.id)).disposition == "ANSWERED"
    task = await scene.row(tasks, tasks.c.number == LISTENS)
    assert (task.kind, task.done_at, task.call_id) == ("callback", None, attempt.id)
    assert task.due_at == datetime.combine(tomorrow(), time(0), ZoneInfo("UTC"))
    lead = await scene.row(campaign_leads, campaign_leads.c.lead_id == attempt.lead_id)
    assert (lead.state, lead.next_attempt_at) == ("open", attempt.ended_at + timedelta(hours=72))
    await scene.hang_up(talk.id)  # the agent is free again, and yet:
    await scene.dispose(talk.id, "not_interested", agent)
    await scene.agent_in(agent.id, AgentState.AVAILABLE)
    await scene.agent("op2")
    assert len(scene.dialed()) == 2


@pytest.mark.parametrize(("key", "opts_out"), [("9", True), ("5", False)])
async def test_the_opt_out_key_and_no_other_ends_all_calls(scene: Scene, key: str, opts_out: bool) -> None:
    await scene.campaign(PERSON, OPTS_OUT, opt_out_key=key, **CROWDED)
    await scene.agent("op1")
    attempt = await scene.attempt(OPTS_OUT)
    assert attempt.outcome == "abandoned"
    blocked = [(row.value, row.campaign_id) for row in await scene.rows(do_not_call)]
    (lead,) = await scene.rows(campaign_leads, campaign_leads.c.lead_id == attempt.lead_id)
    assert blocked == ([(OPTS_OUT, 0)] if opts_out else [])
    assert (lead.close_reason == "opted_out") is opts_out
    on_the_line = attempt.ended_at - attempt.answered_at  # 0.5 s of waiting, 2 s of message, 3 s for a key
    assert (on_the_line > timedelta(seconds=6.5)) is not opts_out, "another key has the message said again"


async def test_another_key_has_the_message_said_again_and_the_right_one_still_counts(scene: Scene) -> None:
    await scene.campaign(PERSON, LISTENS, opt_out_key="#", **CROWDED)
    await scene.agent("op1")
    there = await scene.network_channel(LISTENS)
    await scene.hears(there)
    await scene.presses(there, "4")
    await scene.presses(there, "#")
    blocked = await scene.row(do_not_call)
    assert blocked.value == LISTENS


async def test_a_result_makes_a_deal_and_a_callback_is_dialed_by_its_agent(
    pair: Pair, postgres_server: PostgresServer, redis_url: str, tmp_path: Path
) -> None:
    """On PostgreSQL, migrated as a site is, with events over Redis."""
    url = postgres_server.create_database("campaign")
    await upgrade(url)
    async with opened_scene(pair, tmp_path, url, redis_url) as scene:
        await scene.campaign(PERSON, retry=RetryPolicy(max_attempts=3, after={}))
        agent = await scene.agent("op1")
        await scene.agent("op2")
        first = await scene.bridged(PERSON)
        assert first.agent_id == agent.id
        await scene.dispose(first.id, "interested", agent)
        await scene.hang_up(first.id)
        assert (await scene.attempt(PERSON)).disposition == "interested"
        deal = await scene.row(deals)
        (stage,) = await scene.rows(stages, stages.c.id == deal.stage_id)
        assert (stage.name, deal.call_id) == ("New", first.id)
        await scene.dispose(first.id, "callback", agent, callback_at=now())
        again = await scene.row(attempts, attempts.c.number == PERSON, attempts.c.guaranteed.is_(True))
        second = await scene.call(lambda row: row.bridged_at, calls.c.id == again.id)
        assert (second.agent_id, again.agent_id) == (agent.id, agent.id)
        assert len(scene.dialed()) == 2
        done = await scene.row(tasks, fact=lambda row: row.done_at)
        assert (done.kind, done.number) == ("callback", PERSON)
