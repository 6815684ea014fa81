"""Agents at work on real phones: ringing per call, preview, log-in by phone, legs that drop."""

from __future__ import annotations

from datetime import timedelta

from crm_core.db.tables import attempts, calls, campaign_leads, legs
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.domain.campaigns import DialMode
from crm_core.handlers.agents import add_agent
from crm_core.handlers.previews import dial_preview, next_preview, skip_preview
from tests.asterisk.scene import OPEN_ALWAYS, Scene, now

PERSON, SECOND = "+998901000001", "+998901010002"


async def _legs(scene: Scene, call_id: str) -> list[str]:
    return [row.phone for row in await scene.rows(legs, legs.c.call_id == call_id, legs.c.role == "agent")]


async def test_a_phone_that_rings_per_call_is_bridged_and_rings_again_for_the_next(scene: Scene) -> None:
    await scene.campaign(PERSON, SECOND)
    agent = await scene.agent("op1", mode=HandOffMode.RING)
    assert agent.leg is None
    for _ in range(2):
        talk = await scene.call(lambda row: row.bridged_at and not row.ended_at)
        assert talk.agent_id == agent.id
        await scene.agent_in(agent.id, AgentState.ON_CALL)
        await scene.hang_up(talk.id)
        await scene.dispose(talk.id, "not_interested", agent)
        assert (await scene.attempt(talk.number)).outcome == "answered"
        assert await _legs(scene, talk.id) == ["op1"]
    rung = [event for event in scene.heard.events if event.get("Exten") == "op1" and event["Event"] == "Newchannel"]
    assert len(rung) == 2


async def test_a_phone_that_does_not_answer_gives_the_person_to_another_agent(scene: Scene) -> None:
    await scene.campaign(PERSON)
    absent = await scene.agent("op7-noanswer", mode=HandOffMode.RING)
    talk_to = await scene.agent("op2", campaign=None)
    await scene.row(attempts, fact=lambda row: row.answered_at)
    await scene.agent_in(absent.id, AgentState.RINGING)
    assert await scene.agent_in(talk_to.id, AgentState.AVAILABLE)
    present = await scene.agent("op1", mode=HandOffMode.RING)
    talk = await scene.row(calls, fact=lambda row: row.bridged_at, wait=30)
    assert talk.agent_id == present.id
    assert (await scene.agent_now(absent.id)).state is AgentState.LOGGED_OUT
    assert await _legs(scene, talk.id) == ["op7-noanswer", "op1"]


async def test_a_busy_phone_and_nobody_else_is_an_abandoned_call(scene: Scene) -> None:
    await scene.campaign(PERSON, connect_within=timedelta(seconds=0.5))
    agent = await scene.agent("op8-busy", mode=HandOffMode.RING)
    attempt = await scene.attempt(PERSON)
    assert (attempt.outcome, attempt.bridged_at) == ("abandoned", None)
    assert (await scene.agent_now(agent.id)).state is AgentState.LOGGED_OUT


async def test_preview_dials_for_exactly_the_agent_who_saw_the_card(scene: Scene) -> None:
    await scene.campaign(PERSON, SECOND, mode=DialMode.PREVIEW)
    await scene.agent("op1")  # idle longer, and not asked
    agent = await scene.agent("op2")
    card = await next_preview(scene.database, agent.id, now())
    assert card is not None
    skipped = card.lead.numbers[0].e164
    await skip_preview(scene.database, agent.id, now())
    (rests,) = await scene.rows(campaign_leads, campaign_leads.c.lead_id == card.lead.id)
    assert (rests.preview_agent_id, rests.next_attempt_at > now() + timedelta(minutes=50)) == (None, True)
    card = await next_preview(scene.database, agent.id, now())
    assert card is not None
    (wanted,) = {PERSON, SECOND} - {skipped}
    assert card.lead.numbers[0].e164 == wanted
    assert scene.dialed() == []
    await dial_preview(scene.database, agent.id, now())
    talk = await scene.bridged(wanted)
    assert talk.agent_id == agent.id
    assert (await scene.agent_in(agent.id, AgentState.ON_CALL)).call_id == talk.id
    (attempt,) = await scene.rows(attempts)
    assert (attempt.agent_id, attempt.guaranteed) == (agent.id, True)
    assert len(scene.dialed()) == 1


async def test_an_agent_whose_leg_drops_is_not_available(scene: Scene) -> None:
    await scene.campaign(PERSON, start=False)
    agent = await scene.agent("op9-drops")  # after ten seconds
    assert agent.leg is not None
    dropped = await scene.agent_in(agent.id, AgentState.LOGGED_OUT)
    assert (dropped.leg, dropped.leg_name) == (None, None)
    await scene.wire.seen("Hangup", Uniqueid=agent.leg)


async def test_a_leg_that_drops_in_a_talk_ends_the_talk_and_the_result_still_counts(scene: Scene) -> None:
    await scene.campaign(PERSON, SECOND)
    agent = await scene.agent("op1")
    talk = await scene.call(lambda row: row.bridged_at)
    there = next(e["Uniqueid"] for e in scene.heard.events if e.get("Exten") == "op1" and e["Event"] == "Newchannel")
    await scene.hang_up_there(there)
    attempt = await scene.attempt(talk.number)
    assert attempt.outcome == "answered"
    await scene.agent_in(agent.id, AgentState.LOGGED_OUT)
    await scene.dispose(talk.id, "sale", agent)
    (disposed,) = await scene.rows(attempts, attempts.c.id == talk.id)
    assert disposed.disposition == "sale"
    assert (await scene.agent_now(agent.id)).state is AgentState.LOGGED_OUT
    assert len(scene.dialed()) == 1, "dialing stops when nobody is logged in"


async def test_an_agent_logs_in_by_dialing_the_code_and_a_stranger_does_not(scene: Scene) -> None:
    agent = await add_agent(scene.database, "Nigora", "op4", now())
    stranger = await scene.call_in("op5", "operator", "PJSIP/*70@op5")
    assert (await scene.heard.seen("Hangup", Uniqueid=stranger))["Cause"] == "21"
    await scene.call_in("op4", "operator", "PJSIP/*70@op4")
    ready = await scene.agent_in(agent.id, AgentState.AVAILABLE)
    assert ready.leg_name is not None
    assert ready.leg_name.startswith("PJSIP/op4-")
    await scene.calendar(OPEN_ALWAYS)
    await scene.call_in("+998901000009", "1")
    assert (await scene.bridged("+998901000009")).agent_id == agent.id
