"""A campaign's conversations: counted by the database, and read one after the other, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Row,
    Select,
    and_,
    case,
    cast,
    distinct,
    func,
    literal,
    select,
    tuple_,
)

from crm_core.db.batches import one_of
from crm_core.db.quotas import field_of_lead, is_complete
from crm_core.db.tables import answers, calls, contacts, conversations, leads, recordings, turns
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_conversations
from crm_core.domain.campaigns import Campaign, Record
from crm_core.domain.conversations import Ending
from crm_core.domain.surveys import Chosen, Given, QuestionResult, SurveyResult, Talk, second_of

#: So many different values of one question are counted by name.
_NAMED = 20
_BATCH = 1000
_co = conversations.c


def meant_by(campaign_id: int, chosen: Chosen) -> list[ColumnElement[bool]]:
    """What holds of the conversations that are meant."""
    meant = [_co.campaign_id == campaign_id]
    if chosen.since is not None:
        meant.append(_co.began_at >= chosen.since)
    if chosen.until is not None:
        meant.append(_co.began_at < chosen.until)
    if chosen.by is not None:
        meant.append(visible_conversations(chosen.by))
    if chosen.where:
        held = (field_of_lead(name).in_(sorted(values)) for name, values in chosen.where.items())
        of_lead = select(literal(1)).where(leads.c.id == _co.lead_id, *held)
        meant.append(of_lead.correlate(conversations).exists())
    return meant


# --- counted ------------------------------------------------------------------------------------------------
async def results(work: UnitOfWork, campaign_id: int, chosen: Chosen, counting: Collection[str]) -> SurveyResult:
    """Counts over the conversations; `counting`: the results of calls that make one complete."""
    meant = meant_by(campaign_id, chosen)
    endings: dict[Ending, int] = defaultdict(int)
    left_at: dict[str, int] = defaultdict(int)
    by = (_co.ending, _co.last_node)
    for row in await work.all(select(*by, func.count().label("n")).where(*meant).group_by(*by)):
        ending = Ending(row.ending)
        endings[ending] += row.n
        if ending is not Ending.FINISHED:
            left_at[row.last_node] += row.n
    if not endings:
        return SurveyResult(0, 0, {}, {}, {}, ())
    reached = select(turns.c.node, func.count(distinct(turns.c.call_id)).label("n"))
    reached = reached.join(conversations, _co.call_id == turns.c.call_id).where(*meant).group_by(turns.c.node)
    return SurveyResult(
        conversations=sum(endings.values()),
        complete=await _complete(work, meant, counting),
        endings=dict(endings),
        reached={row.node: row.n for row in await work.all(reached)},
        left_at=dict(left_at),
        questions=await _questions(work, meant),
    )


async def _complete(work: UnitOfWork, meant: Sequence[ColumnElement[bool]], counting: Collection[str]) -> int:
    told = conversations.outerjoin(calls, calls.c.id == _co.call_id)
    return int(await work.scalar(select(func.count()).select_from(told).where(*meant, is_complete(counting))))


async def _questions(work: UnitOfWork, meant: Sequence[ColumnElement[bool]]) -> tuple[QuestionResult, ...]:
    """Each question with its most frequent values, in the order in which they were first asked."""
    by = (answers.c.question, answers.c.value)
    joined = answers.join(conversations, _co.call_id == answers.c.call_id)
    first = func.min(answers.c.at).label("first")
    counted = select(*by, func.count().label("n"), first).select_from(joined).where(*meant).group_by(*by).subquery()
    of, number = counted.c.question, _number(work, counted.c.value)
    ranked = select(
        counted.c.question,
        counted.c.value,
        counted.c.n,
        func.row_number().over(partition_by=of, order_by=(counted.c.n.desc(), counted.c.value)).label("place"),
        func.sum(counted.c.n).over(partition_by=of).label("answers"),
        func.count().over(partition_by=of).label("values"),
        func.min(counted.c.first).over(partition_by=of).label("first"),
        func.count(number).over(partition_by=of).label("numbers"),
        func.sum(number * counted.c.n).over(partition_by=of).label("sum"),
    ).subquery()
    found = select(ranked).where(ranked.c.place <= _NAMED).order_by(ranked.c.first, ranked.c.question, ranked.c.place)
    rows: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await work.all(found):
        rows[row.question].append(row)
    return tuple(_question(name, some) for name, some in rows.items())


def _question(name: str, rows: Sequence[Row[Any]]) -> QuestionResult:
    whole = rows[0]
    average = float(whole.sum) / int(whole.answers) if whole.numbers == whole.values else None
    return QuestionResult(name, {row.value: row.n for row in rows}, int(whole.answers), int(whole.values), average)


def _number(work: UnitOfWork, value: ColumnElement[str]) -> ColumnElement[Any]:
    """The value as a number, NULL where it is none. A date or a time is none, nor is what is too long to be counted."""
    if work.connection.dialect.name == "sqlite":
        is_number = and_(value.op("GLOB")("[0-9]*"), value.op("NOT GLOB")("*[^0-9.]*"), value.op("NOT GLOB")("*.*.*"))
    else:
        is_number = value.regexp_match(r"^[0-9]+(\.[0-9]*)?$")
    return case((and_(is_number, func.length(value) <= 12), cast(value, Float)))


# --- read one after the other -------------------------------------------------------------------------------
async def field_names(work: UnitOfWork, campaign_id: int, chosen: Chosen) -> list[str]:
    """The names of all columns of the lists that the people of these conversations came with."""
    if work.connection.dialect.name == "sqlite":
        keys = func.json_each(leads.c.fields).table_valued("key", name="held")
    else:
        keys = func.jsonb_object_keys(leads.c.fields).table_valued("key", name="held").render_derived()
    joined = conversations.join(leads, leads.c.id == _co.lead_id).join(keys, literal(1) == literal(1))
    found = select(keys.c.key).select_from(joined).where(*meant_by(campaign_id, chosen)).distinct()
    return sorted(row.key for row in await work.all(found))


async def question_names(work: UnitOfWork, campaign_id: int, chosen: Chosen) -> list[str]:
    """The questions answered in these conversations, in the order in which they were first asked."""
    joined = answers.join(conversations, _co.call_id == answers.c.call_id)
    found = select(answers.c.question).select_from(joined).where(*meant_by(campaign_id, chosen))
    rows = await work.all(found.group_by(answers.c.question).order_by(func.min(answers.c.at), answers.c.question))
    return [row.question for row in rows]


async def talks_after(
    work: UnitOfWork,
    campaign: Campaign,
    chosen: Chosen,
    last: tuple[datetime, str] | None,
    question: str | None = None,
    value: str | None = None,
    left_at: str | None = None,
    limit: int | None = None,
) -> list[Talk]:
    """The next conversations in order of time, those after the one that began at `last` and has its id; with `question`
    those in which it was answered (by `value`), with `left_at` those that broke off at that node. At most `limit`, or a
    thousand.
    """
    meant = meant_by(campaign.id, chosen)
    if question is not None:
        asked = [answers.c.call_id == _co.call_id, answers.c.question == question]
        if value is not None:
            asked.append(answers.c.value == value)
        meant.append(select(literal(1)).where(*asked).exists())
    if left_at is not None:
        meant += [_co.last_node == left_at, _co.ending != Ending.FINISHED.value]
    if last is not None:
        began, call_id = literal(last[0], _co.began_at.type), literal(last[1])
        meant.append(tuple_(_co.began_at, _co.call_id) > tuple_(began, call_id))
    rows = await work.all(_talks().where(*meant).order_by(_co.began_at, _co.call_id).limit(limit or _BATCH))
    given = await _answers(work, [row.call_id for row in rows])
    return [_talk(row, given[row.call_id], campaign.policy.record) for row in rows]


def _talks() -> Select[Any]:
    joined = conversations.outerjoin(calls, calls.c.id == _co.call_id).outerjoin(leads, leads.c.id == _co.lead_id)
    joined = joined.outerjoin(contacts, contacts.c.id == _co.contact_id)
    recording = select(func.min(recordings.c.path)).where(recordings.c.call_id == _co.call_id).scalar_subquery()
    columns = (_co.call_id, _co.began_at, _co.ended_at, _co.ending, _co.language, _co.last_node)
    of_call = (calls.c.number, calls.c.disposition, calls.c.answered_at)
    return select(*columns, *of_call, contacts.c.name, leads.c.fields, recording.label("recording")).select_from(joined)


async def _answers(work: UnitOfWork, call_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    given: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await work.all(select(answers).where(one_of(answers.c.call_id, call_ids))):
        given[row.call_id].append(row)
    return given


def _talk(row: Row[Any], given: Sequence[Row[Any]], record: Record) -> Talk:
    # A recording begins when the person answers, or a moment before the bot's connection is up (asterisk_conf/pbx).
    began = row.answered_at if record is Record.ANSWERED and row.answered_at is not None else row.began_at
    seconds = {one.question: second_of(one.at, began) if row.recording else None for one in given}
    return Talk(
        call_id=row.call_id,
        number=row.number,
        name=row.name or "",
        fields={name: str(value) for name, value in (row.fields or {}).items() if value is not None},
        began_at=row.began_at,
        ended_at=row.ended_at,
        ending=Ending(row.ending),
        disposition=row.disposition,
        language=row.language,
        last_node=row.last_node,
        recording=row.recording,
        answers={one.question: Given(one.value, one.raw, seconds[one.question]) for one in given},
    )
