"""What an agent is shown of the person he has on the line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm_core.db.engine import Database
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.domain.conversations import Answer, Ending
from crm_core.errors import NotFound
from crm_core.handlers.agent_call import agent_call
from crm_core.handlers.agents import add_agent, log_in
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.handlers.roster import DatabaseRoster
from tests.crm_core.dialing import NOW, after, incoming
from tests.crm_core.shell import Shell
from tests.crm_core.test_numbers import spoken

CALL = "1.1"


async def _given(database: Database, call: str = CALL) -> None:
    """An agent whose phone rings, given the person on the call."""
    await add_agent(database, "Olim", "op1", NOW, hand_off=HandOffMode.RING)
    await log_in(database, "Olim", None, NOW)
    await DatabaseCallBook(database, lambda: NOW).record_calls([incoming(call, answered_at=NOW)])
    assert await DatabaseRoster(database).assign(call, None, None, after(40)) is not None


async def test_an_agent_sees_summary_answers_and_transcript_before_he_is_connected(database: Database) -> None:
    told = replace(spoken(CALL), ending=Ending.TRANSFERRED, summary="Ali asks for a person.")
    await DatabaseConversationBook(database).record(told, after(31))
    await _given(database)
    for name in ("Olim", "op1"):
        shown = await agent_call(name, database)
        assert (shown.state, shown.call_id, shown.summary) == (AgentState.RINGING, CALL, "Ali asks for a person.")
        assert shown.who.number == "+998901299999"
        assert (list(shown.answers), list(shown.turns)) == (list(told.answers), list(told.turns))


async def test_of_a_call_the_bot_did_not_hand_on_there_is_no_more_than_the_person(database: Database) -> None:
    await DatabaseConversationBook(database).record(spoken(CALL), after(31))
    await _given(database)
    assert (await agent_call("op1", database)).summary is None


async def test_who_has_no_call_is_said_to_have_none(database: Database) -> None:
    with pytest.raises(NotFound, match="agent list"):
        await agent_call("op1", database)
    await add_agent(database, "Olim", "op1", NOW)
    with pytest.raises(NotFound, match="He is logged out"):
        await agent_call("op1", database)


async def test_the_command_line_shows_it(shell: Shell, database: Database) -> None:
    answers = (Answer("topic", "fault", "It [b]broke", after(3)),)
    told = replace(spoken(CALL), ending=Ending.TRANSFERRED, summary="Ali asks for a person.", answers=answers)
    await DatabaseConversationBook(database).record(told, after(31))
    await _given(database)
    shown = await shell("agent", "call", "op1")
    for words in ("Olim is ringing", "+998901299999", "Ali asks for a person.", "topic: fault (It [b]broke)"):
        assert words in shown
    assert "What is it about?" in shown
    assert "whisper 90%" in shown


async def test_the_command_line_says_where_the_bot_did_not_talk(shell: Shell, database: Database) -> None:
    await _given(database)
    assert "did not talk in this call" in await shell("agent", "call", "Olim")
