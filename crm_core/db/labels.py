"""What the bot did not understand, and the labels people gave it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, literal, literal_column, select, tuple_, update

from crm_core.db.campaigns import policy_of
from crm_core.db.tables import calls, campaigns, conversations, labels, recordings, turns
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_conversations, visible_recordings
from crm_core.domain.access import Actor
from crm_core.domain.campaigns import Record
from crm_core.domain.conversations import Label, Party, UnclearTurn

#: A player begins a little before the first word.
_BEFORE = 0.5  # seconds
#: As the index has it: SQLAlchemy would write "unclear = 1" for SQLite, which then reads every turn there is.
_UNCLEAR: ColumnElement[bool] = literal_column("turns.unclear")


async def unclear_turns(
    work: UnitOfWork,
    limit: int,
    by: Actor | None = None,
    before: tuple[datetime, str, int] | None = None,
    language: str = "",
) -> list[UnclearTurn]:
    """Those without a label that `by` sees (None: all), the newest first; `before`: those after this one in the list,
    by when it began, its call and its place there."""
    key = (turns.c.began_at, turns.c.call_id, turns.c.position)
    query = _unclear(by).order_by(*(column.desc() for column in key)).limit(limit)
    if before is not None:
        last = [literal(value, column.type) for value, column in zip(before, key, strict=True)]
        query = query.where(tuple_(*key) < tuple_(*last))
    if language:
        query = query.where(conversations.c.language == language)
    return [_turn(row) for row in await work.all(query)]


async def unclear_turn(work: UnitOfWork, call_id: str, position: int, by: Actor | None = None) -> UnclearTurn | None:
    """One of them, by its call and its place there."""
    row = await work.first(_unclear(by).where(turns.c.call_id == call_id, turns.c.position == position))
    return None if row is None else _turn(row)


async def unclear_count(work: UnitOfWork, by: Actor | None = None, most: int | None = None) -> int:
    """How many wait for a label, counted up to `most`."""
    waiting = _unclear(by).with_only_columns(turns.c.position).limit(most)
    return int(await work.scalar(select(func.count()).select_from(waiting.subquery())) or 0)


async def put_label(work: UnitOfWork, label: Label, now: datetime) -> None:
    row = {
        "call_id": label.call_id,
        "position": label.position,
        "language": label.language,
        "text": label.text,
        "intent": label.intent,
        "at": now,
        "learned_at": None,
    }
    await work.upsert(labels, [row], ["call_id", "position"])


async def frequent(work: UnitOfWork, limit: int) -> list[str]:
    """The intents that were given most often."""
    counted = select(labels.c.intent).group_by(labels.c.intent).order_by(func.count().desc(), labels.c.intent)
    return [row.intent for row in await work.all(counted.limit(limit))]


async def take_back(work: UnitOfWork, call_id: str, position: int) -> bool:
    """Remove a label that is not learned yet; False if there is none."""
    mine = (labels.c.call_id == call_id, labels.c.position == position, labels.c.learned_at.is_(None))
    return bool((await work.run(delete(labels).where(*mine))).rowcount)


async def to_learn(work: UnitOfWork) -> list[Label]:
    """Labels that are not in the training data yet, in the order they were given."""
    rows = await work.all(select(labels).where(labels.c.learned_at.is_(None)).order_by(labels.c.at))
    return [Label(row.call_id, row.position, row.language, row.text, row.intent) for row in rows]


async def note_learned(work: UnitOfWork, learned: Sequence[Label], now: datetime) -> None:
    keys = [(label.call_id, label.position) for label in learned]
    await work.run(update(labels).where(tuple_(labels.c.call_id, labels.c.position).in_(keys)).values(learned_at=now))


def _unclear(by: Actor | None) -> Select[Any]:
    of_label = and_(labels.c.call_id == turns.c.call_id, labels.c.position == turns.c.position)
    joined = turns.join(conversations, conversations.c.call_id == turns.c.call_id).outerjoin(labels, of_label)
    joined = joined.outerjoin(calls, calls.c.id == turns.c.call_id)
    joined = joined.outerjoin(campaigns, campaigns.c.id == conversations.c.campaign_id)
    recording = (
        select(func.min(recordings.c.path)).where(recordings.c.call_id == turns.c.call_id).scalar_subquery()
    ).label("recording")
    heard = select(func.min(recordings.c.id)).where(recordings.c.call_id == turns.c.call_id)
    if by is not None:
        heard = heard.where(recordings.c.deleted_at.is_(None), visible_recordings(by))
    before = turns.alias("before")
    asked = select(before.c.text).where(before.c.call_id == turns.c.call_id, before.c.position < turns.c.position)
    asked = asked.where(before.c.party == Party.BOT.value).order_by(before.c.position.desc()).limit(1)
    more = (heard.scalar_subquery().label("recording_id"), asked.scalar_subquery().label("asked"))
    said = (turns.c.call_id, turns.c.position, turns.c.node, turns.c.text, turns.c.began_at)
    whole = (conversations.c.language, conversations.c.script, conversations.c.began_at.label("call_began_at"))
    began = (calls.c.answered_at, campaigns.c.policy)
    query = select(*said, *whole, *began, recording, *more).select_from(joined)
    query = query.where(_UNCLEAR, labels.c.call_id.is_(None))
    return query if by is None else query.where(visible_conversations(by))


def _turn(r: Row[Any]) -> UnclearTurn:
    second = None
    if r.recording is not None:
        from_answer = r.policy is not None and policy_of(r.policy).record is Record.ANSWERED
        began = r.answered_at if from_answer and r.answered_at is not None else r.call_began_at
        second = max(0.0, (r.began_at - began).total_seconds() - _BEFORE)
    said = (r.call_id, r.position, r.language, r.script, r.node, r.text, r.began_at)
    return UnclearTurn(*said, r.recording, second, r.asked or "", r.recording_id)
