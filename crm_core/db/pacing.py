"""What the pacing writes and reads beside the floor: lines given up, records of abandoned calls, the recent past."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Row, bindparam, func, insert, select, update

from crm_core.db.attempts import PEOPLE
from crm_core.db.batches import one_of
from crm_core.db.codec import from_json, to_json
from crm_core.db.tables import abandon_records, agent_log, agents, attempts
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome
from crm_core.domain.floor_watch import Past, PastLine
from crm_core.domain.pacing_records import AbandonRecord, PacingRecord


# --- lines given up -----------------------------------------------------------------------------------------
async def give_up(
    work: UnitOfWork, wanted: Sequence[str], most: int, per_day: int, now: datetime, since: datetime
) -> list[str]:
    """Note the first `most` of the attempts, in the order given, as given up; which they are.

    Left out: those that a person has answered, that have ended or an outcome already, that hold an agent, and whose
    number was given up `per_day` times since `since` (the day's beginning).
    """
    still = (attempts.c.ended_at.is_(None), attempts.c.answered_at.is_(None), attempts.c.outcome.is_(None))
    mine = select(attempts.c.id, attempts.c.number).where(
        one_of(attempts.c.id, wanted), *still, attempts.c.guaranteed.is_(False)
    )
    numbers = {row.id: row.number for row in await work.all(mine.with_for_update())}
    if not numbers:
        return []
    before = await _given_up_since(work, set(numbers.values()), since)
    chosen: list[str] = []
    for one in wanted:
        if one in numbers and before.get(numbers[one], 0) < per_day and len(chosen) < most:
            chosen.append(one)
    if chosen:
        noted = update(attempts).where(one_of(attempts.c.id, chosen), *still)
        await work.run(noted.values(outcome=Outcome.GIVEN_UP.value, given_up_at=now))
    return chosen


async def _given_up_since(work: UnitOfWork, numbers: Collection[str], since: datetime) -> dict[str, int]:
    # A line may have been dialed a little before the day began: looked for by the index of number and dialing.
    counted = select(attempts.c.number, func.count().label("n")).where(
        one_of(attempts.c.number, numbers),
        attempts.c.created_at >= since - timedelta(hours=1),
        attempts.c.given_up_at >= since,
    )
    return {row.number: row.n for row in await work.all(counted.group_by(attempts.c.number))}


# --- records of abandoned calls -----------------------------------------------------------------------------
async def keep_abandons(work: UnitOfWork, lost: Sequence[AbandonRecord]) -> None:
    """Keep records; what dialed each call is taken from its attempt. One kept already stays as it is."""
    ids = [one.attempt_id for one in lost]
    known = select(attempts.c.id, attempts.c.paced).where(one_of(attempts.c.id, ids))
    dialed = {row.id: row.paced for row in await work.all(known)}
    rows = [
        {
            "attempt_id": one.attempt_id,
            "campaign_id": one.campaign_id,
            "lost_at": one.lost_at,
            "dialed": dialed[one.attempt_id],
            "last": None if one.last is None else to_json(one.last),
        }
        for one in lost
        if one.attempt_id in dialed
    ]
    await work.upsert(abandon_records, rows, ["attempt_id"], keep=["campaign_id", "lost_at", "dialed", "last"])


async def recover_abandons(work: UnitOfWork, campaign_id: int, since: datetime) -> None:
    """Keep what is known of calls that were abandoned while no pacing ran that could tell what it had seen last."""
    kept = select(abandon_records.c.attempt_id).where(abandon_records.c.attempt_id == attempts.c.id).exists()
    missed = select(attempts.c.id, attempts.c.campaign_id, attempts.c.ended_at, attempts.c.paced).where(
        attempts.c.campaign_id == campaign_id,
        attempts.c.created_at >= since,
        attempts.c.ended_at.is_not(None),
        attempts.c.outcome == Outcome.ABANDONED.value,
        ~kept,
    )
    names = ["attempt_id", "campaign_id", "lost_at", "dialed"]
    await work.run(insert(abandon_records).from_select(names, missed))


async def abandon_record(work: UnitOfWork, attempt_id: str) -> AbandonRecord | None:
    row = await work.first(select(abandon_records).where(abandon_records.c.attempt_id == attempt_id))
    return None if row is None else _record(row)


async def abandon_records_of(work: UnitOfWork, campaign_id: int, limit: int) -> list[tuple[AbandonRecord, str]]:
    """The campaign's last abandoned calls with the numbers called, latest first."""
    joined = select(abandon_records, attempts.c.number).join(attempts, attempts.c.id == abandon_records.c.attempt_id)
    of_campaign = joined.where(abandon_records.c.campaign_id == campaign_id)
    rows = await work.all(of_campaign.order_by(abandon_records.c.lost_at.desc()).limit(limit))
    return [(_record(row), row.number) for row in rows]


def _record(row: Row[Any]) -> AbandonRecord:
    def one(stored: Any) -> PacingRecord | None:
        return None if stored is None else from_json(stored, PacingRecord, f"record of {row.attempt_id}")

    return AbandonRecord(row.attempt_id, row.campaign_id, row.lost_at, one(row.dialed), one(row.last))


# --- the recent past ----------------------------------------------------------------------------------------
_MOST_LINES, _MOST_CHANGES = 3000, 3000
_LAST_LINES = (
    select(
        attempts.c.created_at,
        attempts.c.answered_at,
        attempts.c.bridged_at,
        attempts.c.ended_at,
        attempts.c.outcome,
        attempts.c.given_up_at,
    )
    .where(
        attempts.c.campaign_id == bindparam("campaign"),
        attempts.c.created_at >= bindparam("since"),
        attempts.c.settled_at.is_not(None),
    )
    .order_by(attempts.c.created_at.desc())
    .limit(bindparam("most", type_=Integer))
)
#: By the index of agents: a log has no index by campaign.
_CHANGES = (
    select(agent_log.c.agent_id, agent_log.c.state, agent_log.c.at, agent_log.c.campaign_id)
    .where(
        agent_log.c.agent_id.in_(select(agents.c.id).where(agents.c.campaign_id == bindparam("campaign"))),
        agent_log.c.at >= bindparam("since"),
    )
    .order_by(agent_log.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)
#: After a wrap-up these say that it was over by itself; a pause or a log-out does not.
_ON = {AgentState.AVAILABLE.value, AgentState.RINGING.value, AgentState.ON_CALL.value}


async def past(work: UnitOfWork, campaign_id: int, since: datetime) -> Past:
    """The campaign's last few thousand lines and its agents' last changes of state, since `since` at most."""
    values = {"campaign": campaign_id, "since": since}
    rows = list(await work.all(_LAST_LINES, values | {"most": _MOST_LINES}))
    rows.reverse()
    lines = [line for row in rows if (line := _past_line(row)) is not None]
    talks = [_seconds(row.bridged_at, row.ended_at) for row in rows if row.bridged_at is not None]
    changes = list(await work.all(_CHANGES, values | {"most": _MOST_CHANGES}))
    changes.reverse()
    return Past(tuple(lines), tuple(talks), tuple(_wrap_ups(changes, campaign_id)))


def _past_line(row: Row[Any]) -> PastLine | None:
    if row.given_up_at is not None and row.outcome == Outcome.GIVEN_UP.value:
        return PastLine(_seconds(row.created_at, row.given_up_at), person=False, given_up=True)
    until = row.answered_at or row.ended_at
    if until is None or row.outcome in (Outcome.GIVEN_UP.value, Outcome.LOST.value):
        return None  # not sent, or nobody knows how it ended
    return PastLine(_seconds(row.created_at, until), person=row.outcome in {one.value for one in PEOPLE})


def _wrap_ups(changes: Sequence[Row[Any]], campaign_id: int) -> list[float]:
    found: list[float] = []
    before: dict[int, Row[Any]] = {}
    for row in changes:
        last = before.get(row.agent_id)
        is_wrap_up = last is not None and last.state == AgentState.WRAP_UP.value and last.campaign_id == campaign_id
        if last is not None and is_wrap_up and row.state in _ON:
            found.append(_seconds(last.at, row.at))
        before[row.agent_id] = row
    return found


def _seconds(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds())
