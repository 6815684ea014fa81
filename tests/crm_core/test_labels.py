"""What the bot did not understand: shown with its place in the recording, labelled, learned once."""

from __future__ import annotations

import pytest

from crm_core.db import recordings
from crm_core.db.engine import Database
from crm_core.domain.conversations import Conversation, Ending, Party, Turn
from crm_core.domain.recordings import RecordingFile
from crm_core.errors import BadInput, NotFound
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.handlers.labels import labels_to_learn, list_unclear, note_learned, put_label
from tests.crm_core.dialing import NOW, after
from tests.crm_core.test_conversations import leased

KNOWN = ("price", "out_of_scope")


async def talked(database: Database, recorded: bool = False) -> str:
    """A call in which the first thing a person said was understood and the second was not."""
    _, (attempt,) = await leased(database)
    said = (
        Turn(Party.BOT, "May I ask something?", "may_ask", after(5), after(7)),
        Turn(Party.PERSON, "yes", "may_ask", after(7.5), after(8), "whisper", 0.9, "yes"),
        Turn(Party.PERSON, "how much is the fish", "rating", after(15.5), after(17), "whisper", 0.8, unclear=True),
    )
    whole = Conversation(attempt.id, "survey", "en", after(5), after(30), Ending.FINISHED, "bye", said)
    book = DatabaseConversationBook(database)
    await book.begin(attempt.id)
    await book.record(whole, after(30))
    if recorded:
        file = RecordingFile(attempt.id, f"2026/{attempt.id}.wav", 80_000, 25.0, "0" * 64, 2, -20.0, -20.0)
        async with database.work() as work:
            await recordings.link(work, file, after(31))
    return attempt.id


async def test_what_was_not_understood_is_listed_with_its_place_in_the_recording(database: Database) -> None:
    call_id = await talked(database, recorded=True)
    (turn,), waiting = await list_unclear(database, 10)
    assert waiting == 1
    assert (turn.call_id, turn.position, turn.text, turn.node) == (call_id, 2, "how much is the fish", "rating")
    assert turn.recording == f"2026/{call_id}.wav"
    assert turn.at_second == pytest.approx(10.0)  # half a second before he began to speak


async def test_without_a_recording_there_is_nothing_to_listen_to(database: Database) -> None:
    await talked(database)
    (turn,), _ = await list_unclear(database, 10)
    assert turn.recording is None
    assert turn.at_second is None


async def test_a_label_takes_a_turn_off_the_list_and_is_learned_once(database: Database) -> None:
    call_id = await talked(database)
    await put_label(database, call_id, 2, "price", KNOWN, NOW, "how much is the wish")
    assert await list_unclear(database, 10) == ([], 0)
    (label,) = await labels_to_learn(database)
    assert (label.language, label.text, label.intent) == ("en", "how much is the wish", "price")
    await note_learned(database, [label], NOW)
    assert await labels_to_learn(database) == []


async def test_only_a_turn_that_waits_can_be_labelled(database: Database) -> None:
    call_id = await talked(database)
    with pytest.raises(BadInput, match="no intent is called 'prize'"):
        await put_label(database, call_id, 2, "prize", KNOWN, NOW)
    with pytest.raises(NotFound):
        await put_label(database, call_id, 1, "price", KNOWN, NOW)  # it was understood
    with pytest.raises(BadInput, match="no words"):
        await put_label(database, call_id, 2, "price", KNOWN, NOW, "  ")
    await put_label(database, call_id, 2, "price", KNOWN, NOW)
    with pytest.raises(NotFound):
        await put_label(database, call_id, 2, "price", KNOWN, NOW)
