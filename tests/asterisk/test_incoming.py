"""People who call us: over the network, through the switch and the service, to an agent, music or a task."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_core.commands import CreateContact
from crm_core.db.tables import calls, deals, notes, stages, tasks
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.handlers.contacts import create_contact
from tests.asterisk.scene import LINE, OPEN_ALWAYS, SECONDS, Scene, now, open_until_today, tomorrow

KNOWN, STRANGER = "+998901234567", "+998901000009"


@pytest.fixture
async def scene(scene: Scene) -> Scene:
    """Open at all hours, whatever day it is."""
    await scene.calendar(OPEN_ALWAYS)
    return scene


async def _callback(scene: Scene, number: str) -> Any:
    return await scene.row(tasks, tasks.c.number == number, tasks.c.kind == "callback")


async def test_known_and_unknown_callers_get_the_agent_idle_longest(scene: Scene) -> None:
    contact_id = await create_contact(CreateContact("Zarina", (KNOWN,)), scene.database, now())
    first, second = await scene.agent("op1", None), await scene.agent("op2", None)
    there = await scene.call_in(KNOWN, "1")
    known = await scene.bridged(KNOWN)
    assert (known.agent_id, known.contact_id, known.known) == (first.id, contact_id, True)
    assert (known.direction, known.line, known.after_hours) == ("incoming", LINE, False)
    await scene.heard.seen("Newstate", Uniqueid=there, ChannelStateDesc="Ringing")
    await scene.heard.seen("Newstate", Uniqueid=there, ChannelStateDesc="Up")
    stranger_there = await scene.call_in(STRANGER, "1")
    stranger = await scene.bridged(STRANGER)
    assert (stranger.agent_id, stranger.known) == (second.id, False)
    for channel in (there, stranger_there):
        await scene.hang_up_there(channel)
    assert (await scene.ended(KNOWN)).outcome == "answered"
    assert (await scene.ended(STRANGER)).outcome == "answered"
    deal = await scene.row(deals)
    (stage,) = await scene.rows(stages, stages.c.id == deal.stage_id)
    assert (stage.name, deal.call_id, deal.owner_id) == ("Unsorted", stranger.id, second.id)
    assert (await scene.cdr(known.id)).disposition == "ANSWERED"
    await scene.agent_in(first.id, AgentState.WRAP_UP)


async def test_a_phone_that_rings_per_call_takes_a_caller_and_a_busy_one_leaves_him_music(scene: Scene) -> None:
    busy = await scene.agent("op8-busy", None, HandOffMode.RING)
    await scene.call_in(STRANGER)
    call = await scene.call(lambda row: row.number == STRANGER)
    await scene.wire.seen("MusicOnHoldStart", SECONDS, Uniqueid=call.id)
    assert (await scene.agent_now(busy.id)).state is AgentState.LOGGED_OUT
    agent = await scene.agent("op1", None, HandOffMode.RING, wait=False)
    assert (await scene.bridged(STRANGER)).agent_id == agent.id


async def test_who_waits_hears_music_until_an_agent_is_free(scene: Scene) -> None:
    there = await scene.call_in(STRANGER)
    await scene.hears(there)
    (call,) = await scene.rows(calls)
    assert call.bridged_at is None
    await scene.wire.seen("MusicOnHoldStart", Uniqueid=call.id)
    agent = await scene.agent("op1", None, wait=False)
    assert (await scene.bridged(STRANGER)).agent_id == agent.id
    await scene.wire.seen("MusicOnHoldStop", Uniqueid=call.id)
    await scene.hang_up_there(there)
    assert (await scene.ended(STRANGER)).outcome == "answered"
    await scene.agent_in(agent.id, AgentState.WRAP_UP)


async def test_who_gives_up_is_called_back_and_reaching_him_closes_the_task(scene: Scene) -> None:
    there = await scene.call_in(STRANGER)
    await scene.hears(there)
    await scene.hang_up_there(there)
    missed = await scene.ended(STRANGER)
    assert (missed.outcome, missed.bridged_at, missed.after_hours) == ("no_answer", None, False)
    task = await _callback(scene, STRANGER)
    assert (task.due_at, task.done_at, task.call_id) == (missed.ended_at, None, missed.id)
    again = await scene.call_in(STRANGER)  # one task is enough
    await scene.hears(again)
    await scene.hang_up_there(again)
    await scene.row(calls, calls.c.id != missed.id, fact=lambda row: row.ended_at)
    await scene.campaign(STRANGER)
    agent = await scene.agent("op1")
    reached = await scene.row(calls, calls.c.direction == "outgoing", fact=lambda row: row.bridged_at)
    assert reached.agent_id == agent.id
    done = await scene.row(tasks, fact=lambda row: row.done_at)
    assert done.id == task.id
    assert len(await scene.rows(tasks, tasks.c.number == STRANGER)) == 1


async def test_outside_hours_a_caller_hears_the_notice_and_is_called_back_next_morning(scene: Scene) -> None:
    await scene.calendar(open_until_today())
    agent = await scene.agent("op1", None)
    there = await scene.call_in(STRANGER)
    await scene.hears(there)
    call = await scene.ended(STRANGER)
    assert (call.outcome, call.bridged_at, call.after_hours) == ("no_answer", None, True)
    task = await _callback(scene, STRANGER)
    assert task.due_at == datetime.combine(tomorrow(), time(0), ZoneInfo("UTC"))
    assert (await scene.agent_now(agent.id)).since == agent.since, "nobody was rung"


async def test_a_withheld_number_is_served_and_leaves_a_note(scene: Scene) -> None:
    agent = await scene.agent("op1", None)
    there = await scene.call_in("anonymous <anonymous>", "1")
    call = await scene.call(lambda row: row.bridged_at)
    assert (call.number, call.agent_id, call.known) == (None, agent.id, False)
    await scene.hang_up_there(there)
    note = await scene.row(notes)
    assert note.call_id == call.id
    assert await scene.rows(deals) == []
    missed = await scene.call_in("anonymous <anonymous>")
    await scene.agent_in(agent.id, AgentState.WRAP_UP)
    await scene.hears(missed)
    await scene.hang_up_there(missed)
    await scene.row(calls, calls.c.bridged_at.is_(None), fact=lambda row: row.ended_at)
    await scene.row(notes, notes.c.call_id != call.id)
    assert await scene.rows(tasks) == [], "nobody to call back"
