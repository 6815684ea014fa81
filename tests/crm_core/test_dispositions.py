"""What an agent writes down reaches call, attempt, lead, number and roster in one commit."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update

from crm_core.commands import RecordDisposition
from crm_core.db.engine import Database
from crm_core.db.tables import agent_log, agents, attempts, calls, contacts, do_not_call, outbox, phones
from crm_core.domain.agents import Agent, AgentState
from crm_core.domain.campaigns import Campaign
from crm_core.domain.dispositions import DEFAULT_DISPOSITIONS, Disposition, LeadEffect
from crm_core.domain.leads import LeadState
from crm_core.errors import BadInput
from crm_core.handlers.dispositions import lead_change, record_disposition
from tests.crm_core.crm import NOW, STRANGER, add_call, rows
from tests.crm_core.dialing import TRUNK, add_agent, add_campaign, agent_now, lead_ids, lead_row, number_of

LATER = NOW + timedelta(days=1, hours=2)


class Room:
    """One campaign with one lead, one attempt that reached it, and the agent in wrap-up."""

    def __init__(self, database: Database, campaign: Campaign, lead_id: int, agent: Agent) -> None:
        self.database, self.campaign, self.lead_id, self.agent = database, campaign, lead_id, agent

    async def dispose(self, disposition: str, now: datetime = NOW, **values: Any) -> Any:
        told = {"agent_id": self.agent.id} | values
        return await record_disposition(RecordDisposition("a1", disposition, **told), self.database, now)

    async def lead(self) -> Any:
        return await lead_row(self.database, self.campaign, self.lead_id)

    async def published(self, kind: str) -> list[dict[str, Any]]:
        return [row["payload"] for row in await rows(self.database, outbox) if row["type"] == kind]


@pytest.fixture
async def room(database: Database) -> Room:
    campaign = await add_campaign(database)
    (lead_id,) = await lead_ids(database, campaign)
    agent = await add_agent(database, state=AgentState.WRAP_UP, campaign=campaign)
    async with database.work() as work:
        until = NOW + timedelta(seconds=30)
        await work.run(update(agents).values(call_id="a1", wrap_up_until=until))
        row = {"id": "a1", "campaign_id": campaign.id, "lead_id": lead_id, "number": number_of(0), "trunk": TRUNK.name}
        more = {"caller_id": "+998712000000", "created_at": NOW, "leased_until": NOW}
        await work.run(insert(attempts).values(row | more))
    return Room(database, campaign, lead_id, agent)


async def test_a_result_that_ends_the_lead(room: Room) -> None:
    event = await room.dispose("not_interested", note="has one already")
    (call,) = await rows(room.database, calls)
    (attempt,) = await rows(room.database, attempts)
    (contact,) = await rows(room.database, contacts)
    lead = await room.lead()
    assert (call["id"], call["disposition"], call["note"]) == ("a1", "not_interested", "has one already")
    assert (call["attempt_id"], call["lead_id"], call["number"]) == ("a1", room.lead_id, number_of(0))
    assert (call["contact_id"], call["agent_id"], call["known"]) == (contact["id"], room.agent.id, True)
    assert attempt["disposition"] == "not_interested"
    assert (lead.state, lead.close_reason, lead.next_attempt_at) == ("closed", "not_interested", None)
    assert (event.lead_id, event.contact_id, event.number) == (room.lead_id, contact["id"], number_of(0))
    assert len(await room.published("LeadDisposed")) == len(await room.published("LeadClosed")) == 1


async def test_a_retry_is_due_after_its_time(room: Room) -> None:
    await room.dispose("later")
    lead = await room.lead()
    assert (lead.state, lead.next_attempt_at, lead.close_reason) == ("open", NOW + timedelta(days=1), None)


@pytest.mark.parametrize("for_anyone", [False, True])
async def test_a_callback_is_kept_for_the_agent_or_for_anyone(room: Room, for_anyone: bool) -> None:
    event = await room.dispose("callback", callback_at=LATER, callback_for_anyone=for_anyone)
    lead = await room.lead()
    assert (lead.state, lead.callback_at, lead.next_attempt_at) == ("open", LATER, LATER)
    assert lead.callback_agent_id == (None if for_anyone else room.agent.id)
    assert event.callback_at == LATER


async def test_a_wrong_number_is_dead_and_closes_a_lead_that_has_no_other(room: Room) -> None:
    (contact,) = await rows(room.database, contacts)
    async with room.database.work() as work:
        other = {"contact_id": contact["id"], "e164": STRANGER, "raw": STRANGER}
        await work.run(insert(phones).values(other))
    await room.dispose("wrong_number")
    lead = await room.lead()
    assert (lead.state, lead.next_attempt_at) == ("open", NOW)
    assert [(row["e164"], row["dead"]) for row in await rows(room.database, phones)] == [
        (number_of(0), True),
        (STRANGER, False),
    ]
    async with room.database.work() as work:
        await work.run(update(phones).values(dead=True))
    await room.dispose("wrong_number")
    assert ((await room.lead()).state, (await room.lead()).close_reason) == ("closed", "wrong_number")


async def test_do_not_call_puts_the_number_on_the_systems_list_for_good(room: Room) -> None:
    await room.dispose("do_not_call")
    (entry,) = await rows(room.database, do_not_call)
    assert (entry["kind"], entry["value"], entry["campaign_id"]) == ("number", number_of(0), 0)
    await room.dispose("later")
    assert await rows(room.database, do_not_call) == [entry]


async def test_a_second_result_replaces_the_first_and_doubles_nothing(room: Room) -> None:
    await room.dispose("wrong_number", note="first")
    await room.dispose("callback", callback_at=LATER, note="second")
    (call,) = await rows(room.database, calls)
    (phone,) = await rows(room.database, phones)
    lead = await room.lead()
    assert (call["disposition"], call["note"], phone["dead"]) == ("callback", "second", False)
    assert (lead.state, lead.close_reason, lead.callback_at) == ("open", None, LATER)
    await room.dispose("not_interested")
    await room.dispose("not_interested")
    lead = await room.lead()
    assert (lead.state, lead.callback_at, lead.callback_agent_id) == ("closed", None, None)
    assert len(await room.published("LeadDisposed")) == 4
    assert len(await room.published("LeadClosed")) == 2  # after "wrong number" it was opened again
    assert len(await room.published("AgentStateChanged")) == 1


async def test_the_agent_is_available_again_and_the_log_says_so(room: Room) -> None:
    await room.dispose("later")
    agent = await agent_now(room.database, room.agent.id)
    assert (agent.state, agent.since, agent.call_id, agent.wrap_up_until) == (AgentState.AVAILABLE, NOW, None, None)
    assert [(row["state"], row["at"]) for row in await rows(room.database, agent_log)] == [("available", NOW)]
    (changed,) = await room.published("AgentStateChanged")
    assert (changed["agent_id"], changed["state"]) == (room.agent.id, "available")


async def test_a_result_for_an_earlier_call_does_not_end_the_wrap_up_of_a_later_one(room: Room) -> None:
    async with room.database.work() as work:
        await work.run(update(agents).values(call_id="a2"))
    await room.dispose("later")
    assert (await agent_now(room.database, room.agent.id)).state is AgentState.WRAP_UP


async def test_a_result_the_agents_state_does_not_expect_is_kept_all_the_same(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    async with room.database.work() as work:
        await work.run(update(agents).values(state=AgentState.CONNECTING.value, call_id=None))
    with caplog.at_level(logging.INFO):
        await room.dispose("later")
    assert (await rows(room.database, calls))[0]["disposition"] == "later"
    assert (await agent_now(room.database, room.agent.id)).state is AgentState.CONNECTING
    assert any(record.message == "a result does not move the agent" for record in caplog.records)


async def test_a_call_that_is_there_keeps_what_the_switch_said(room: Room) -> None:
    told = {"attempt_id": "a1", "campaign_id": room.campaign.id, "lead_id": room.lead_id, "agent_id": room.agent.id}
    await add_call(room.database, "a1", direction="outgoing", ended_at=NOW, **told)
    await room.dispose("later", agent_id=None)
    (call,) = await rows(room.database, calls)
    assert (call["ended_at"], call["agent_id"], call["disposition"]) == (NOW, room.agent.id, "later")


async def test_a_result_for_an_incoming_call_needs_no_lead(room: Room) -> None:
    await add_call(room.database, "in1", direction="incoming", number=STRANGER)
    event = await record_disposition(RecordDisposition("in1", "do_not_call"), room.database, NOW)
    assert (event.lead_id, event.attempt_id, event.number) == (None, None, STRANGER)
    assert [row["value"] for row in await rows(room.database, do_not_call)] == [STRANGER]
    assert (await room.lead()).state == "open"


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (RecordDisposition("a1", "happy"), "there is no 'happy'.* Choose of interested, callback, not_interested"),
        (RecordDisposition("a1", "callback"), "callback_at: 'Call back' needs a time"),
        (RecordDisposition("a1", "callback", callback_at=datetime(2026, 1, 1)), "no zone"),  # noqa: DTZ001
        (RecordDisposition("", "later"), "is no call id"),
        (RecordDisposition("a1", "later", note="a\x00b"), "zero character"),
    ],
)
async def test_a_result_that_cannot_be_is_refused_and_nothing_is_written(
    room: Room, command: RecordDisposition, fault: str
) -> None:
    with pytest.raises(BadInput, match=fault):
        await record_disposition(command, room.database, NOW)
    assert await rows(room.database, calls) == await room.published("LeadDisposed") == []


@given(st.sampled_from(DEFAULT_DISPOSITIONS), st.booleans(), st.booleans())
def test_a_lead_is_either_closed_for_a_reason_or_due_at_a_time(
    disposition: Disposition, has_number: bool, for_anyone: bool
) -> None:
    command = RecordDisposition("c", disposition.code, 1, LATER, callback_for_anyone=for_anyone)
    change = lead_change(disposition, command, NOW, has_number=has_number)
    is_open = change.state is LeadState.OPEN
    assert is_open is (change.next_attempt_at is not None) is (change.close_reason is None)
    assert (change.callback_at is not None) is (disposition.effect is LeadEffect.CALLBACK)
