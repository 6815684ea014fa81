"""The learning loop's desk: what the bot did not understand is shown, labelled, and noted once it is learned."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from crm_core.db import labels
from crm_core.db.engine import Database
from crm_core.domain.access import Actor
from crm_core.domain.conversations import Label, UnclearTurn
from crm_core.errors import BadInput, NotFound


async def list_unclear(database: Database, limit: int) -> tuple[list[UnclearTurn], int]:
    """The newest that wait for a label, and how many there are in all."""
    async with database.reading() as work:
        return await labels.unclear_turns(work, limit), await labels.unclear_count(work)


async def put_label(
    database: Database,
    call_id: str,
    position: int,
    intent: str,
    known: Collection[str],
    now: datetime,
    text: str | None = None,
    by: Actor | None = None,
) -> Label:
    """Say what an unclear turn means; `text`: what was really said, where the recogniser misheard; `by`: who says so,
    if he is to see the turn.

    Raises NotFound when no such turn waits, BadInput for an intent that is none of `known`.
    """
    if intent not in known:
        raise BadInput("intent", f"no intent is called {intent!r}", f"There are: {', '.join(sorted(known))}")
    async with database.work() as work:
        turn = await labels.unclear_turn(work, call_id, position, by)
        if turn is None:
            raise NotFound("unclear turn", f"{call_id}:{position}", "See `trunkline bot unclear`")
        said = (text or turn.text).strip()
        if not said:
            raise BadInput("text", "there are no words", "Write what was said")
        label = Label(call_id, position, turn.language, said, intent)
        await labels.put_label(work, label, now)
    return label


async def labels_to_learn(database: Database) -> list[Label]:
    """Those that are not in the training data yet."""
    async with database.reading() as work:
        return await labels.to_learn(work)


async def note_learned(database: Database, learned: Sequence[Label], now: datetime) -> None:
    """They are in the training data from now on."""
    if learned:
        async with database.work() as work:
            await labels.note_learned(work, learned, now)
