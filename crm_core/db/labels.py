"""What the bot did not understand, and the labels people gave it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, select, tuple_, update

from crm_core.db.campaigns import policy_of
from crm_core.db.tables import calls, campaigns, conversations, labels, recordings, turns
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.campaigns import Record
from crm_core.domain.conversations import Label, UnclearTurn

#: A player begins a little before the first word.
_BEFORE = 0.5  # seconds
#: As the index has it: SQLAlchemy would write "unclear = 1" for SQLite, which then reads every turn there is.
_UNCLEAR: ColumnElement[bool] = literal_column("turns.unclear")


async def unclear_turns(work: UnitOfWork, limit: int) -> list[UnclearTurn]:
    """Those without a label, the newest first."""
    rows = await work.all(_unclear().order_by(turns.c.began_at.desc()).limit(limit))
    return [_turn(row) for row in rows]


async def unclear_turn(work: UnitOfWork, call_id: str, position: int) -> UnclearTurn | None:
    """One of them, by its call and its place there."""
    row = await work.first(_unclear().where(turns.c.call_id == call_id, turns.c.position == position))
    return None if row is None else _turn(row)


async def unclear_count(work: UnitOfWork) -> int:
    """How many wait for a label."""
    return int(await work.scalar(select(func.count()).select_from(_unclear().subquery())) or 0)


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


async def to_learn(work: UnitOfWork) -> list[Label]:
    """Labels that are not in the training data yet, in the order they were given."""
    rows = await work.all(select(labels).where(labels.c.learned_at.is_(None)).order_by(labels.c.at))
    return [Label(row.call_id, row.position, row.language, row.text, row.intent) for row in rows]


async def note_learned(work: UnitOfWork, learned: Sequence[Label], now: datetime) -> None:
    keys = [(label.call_id, label.position) for label in learned]
    await work.run(update(labels).where(tuple_(labels.c.call_id, labels.c.position).in_(keys)).values(learned_at=now))


def _unclear() -> Select[Any]:
    of_label = and_(labels.c.call_id == turns.c.call_id, labels.c.position == turns.c.position)
    joined = turns.join(conversations, conversations.c.call_id == turns.c.call_id).outerjoin(labels, of_label)
    joined = joined.outerjoin(calls, calls.c.id == turns.c.call_id)
    joined = joined.outerjoin(campaigns, campaigns.c.id == conversations.c.campaign_id)
    recording = (
        select(func.min(recordings.c.path)).where(recordings.c.call_id == turns.c.call_id).scalar_subquery()
    ).label("recording")
    said = (turns.c.call_id, turns.c.position, turns.c.node, turns.c.text, turns.c.began_at)
    whole = (conversations.c.language, conversations.c.script, conversations.c.began_at.label("call_began_at"))
    began = (calls.c.answered_at, campaigns.c.policy)
    return select(*said, *whole, *began, recording).select_from(joined).where(_UNCLEAR, labels.c.call_id.is_(None))


def _turn(r: Row[Any]) -> UnclearTurn:
    second = None
    if r.recording is not None:
        from_answer = r.policy is not None and policy_of(r.policy).record is Record.ANSWERED
        began = r.answered_at if from_answer and r.answered_at is not None else r.call_began_at
        second = max(0.0, (r.began_at - began).total_seconds() - _BEFORE)
    return UnclearTurn(r.call_id, r.position, r.language, r.script, r.node, r.text, r.began_at, r.recording, second)
