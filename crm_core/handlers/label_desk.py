"""The inbox of what the infobot did not understand: somebody listens, says what it means, has the model taught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crm_core.db import audit, labels
from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Right
from crm_core.domain.conversations import Label, UnclearTurn
from crm_core.domain.scripts import Lesson
from crm_core.errors import BadInput, NotFound
from crm_core.handlers.labels import labels_to_learn, put_label
from crm_core.ports import ScriptDesk

COUNTED_TO = 1000
#: Intents with a key of their own, 1 to 9.
_FREQUENT = 9
#: Where a page begins: after the turn that began then, of this call, at this place.
Before = tuple[datetime, str, int]


@dataclass(frozen=True, slots=True)
class Inbox:
    """Some of what waits, the newest first; `waiting` in all (counted up to 1,000, `more` beyond), `labelled` of all
    people's wait to be learned; `frequent`: the intents given most often."""

    turns: tuple[UnclearTurn, ...]
    next: Before | None
    waiting: int
    more: bool
    labelled: int
    frequent: tuple[str, ...]


async def inbox(actor: Actor, before: Before | None, limit: int, database: Database, language: str = "") -> Inbox:
    """What he sees of what was not understood. Raises Forbidden."""
    actor.require(Right.CHANGE_SCRIPTS)
    async with database.reading() as work:
        found = await labels.unclear_turns(work, limit + 1, actor, before, language)
        count = await labels.unclear_count(work, actor, COUNTED_TO + 1)
        labelled = len(await labels.to_learn(work))
        frequent = tuple(await labels.frequent(work, _FREQUENT))
    last = found[limit - 1] if len(found) > limit else None
    following = None if last is None else (last.at, last.call_id, last.position)
    return Inbox(tuple(found[:limit]), following, min(count, COUNTED_TO), count > COUNTED_TO, labelled, frequent)


async def one_unclear(actor: Actor, call_id: str, position: int, database: Database) -> UnclearTurn:
    """One that waits. Raises Forbidden, NotFound."""
    actor.require(Right.CHANGE_SCRIPTS)
    async with database.reading() as work:
        turn = await labels.unclear_turn(work, call_id, position, actor)
    if turn is None:
        raise NotFound("unclear turn", f"{call_id}:{position}")
    return turn


async def label(
    actor: Actor,
    call_id: str,
    position: int,
    intent: str,
    said: str | None,
    desk: ScriptDesk,
    database: Database,
    now: datetime,
) -> Label:
    """Say what an unclear turn means; `said`: what it really was, where it was misheard.

    Raises Forbidden, NotFound for a turn that does not wait or that he does not see, BadInput."""
    actor.require(Right.CHANGE_SCRIPTS)
    return await put_label(database, call_id, position, intent, await desk.intents(), now, said, by=actor)


async def take_back(actor: Actor, call_id: str, position: int, database: Database) -> UnclearTurn:
    """The label was wrong: the turn waits again. Raises Forbidden, and NotFound for one that is learned already."""
    actor.require(Right.CHANGE_SCRIPTS)
    async with database.work() as work:
        taken = await labels.take_back(work, call_id, position)
        turn = await labels.unclear_turn(work, call_id, position, actor) if taken else None
        if turn is None:
            raise NotFound("label", f"{call_id}:{position}", "What is learned already cannot be taken back")
        return turn


async def learn(
    actor: Actor, desk: ScriptDesk, told: Callable[[int, int], None], database: Database, now: Callable[[], datetime]
) -> tuple[Lesson, int]:
    """Teach the model all labels that wait; returns also how many. It is noted.

    Raises Forbidden, and BadInput when there are none or one contradicts what is known."""
    actor.require(Right.CHANGE_SCRIPTS)
    waiting = await labels_to_learn(database)
    if not waiting:
        raise BadInput("labels", "there is nothing new to learn", "Say first what some sentences mean")
    lesson = await desk.learn(waiting, told)
    async with database.work() as work:
        if lesson.taken:
            await labels.note_learned(work, waiting, now())
        details = {"labels": len(waiting), "taken": lesson.taken, "why": lesson.why}
        await audit.record(work, actor, "model.taught", "model", "intents", now(), details=details)
    return lesson, len(waiting)
