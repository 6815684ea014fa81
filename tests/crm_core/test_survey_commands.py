"""The command line of surveys: answers counted, and what was said in a call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm_core.db.engine import Database
from crm_core.domain.conversations import Answer, Ending
from crm_core.errors import NotFound
from crm_core.handlers.conversations import DatabaseConversationBook
from tests.crm_core.dialing import after
from tests.crm_core.shell import Shell
from tests.crm_core.test_conversations import leased, spoken


async def test_a_campaign_nobody_was_talked_to_in_says_what_to_do(shell: Shell, database: Database) -> None:
    await leased(database)
    assert "trunkline campaign start autumn" in await shell("survey", "results", "autumn")


async def test_answers_are_counted_with_their_shares_and_where_people_left(shell: Shell, database: Database) -> None:
    _, made = await leased(database, 4)
    book = DatabaseConversationBook(database)
    for attempt, value in zip(made, ("8", "8", "[b]"), strict=False):
        await book.record(spoken(attempt.id, answers=(Answer("rating", value, value, after(7)),)), after(31))
    await book.record(replace(spoken(made[3].id, ending=Ending.HUNG_UP, answers=()), last_node="ask-price"), after(31))
    told = await shell("survey", "results", "autumn")
    assert "4 conversations: 3 talked to the end, 1 hung up before" in told
    assert "67%" in told
    assert "[b]" in told
    assert "ask-price" in told


async def test_a_transcript_shows_who_said_what_and_how_it_was_heard(shell: Shell, database: Database) -> None:
    _, (attempt,) = await leased(database)
    await DatabaseConversationBook(database).record(spoken(attempt.id), after(31))
    told = await shell("survey", "transcript", attempt.id)
    assert "How was your visit?" in told
    assert "whisper 90%" in told
    assert "rating: 8" in told
    with pytest.raises(NotFound):
        await shell("survey", "transcript", "t-nothing")
