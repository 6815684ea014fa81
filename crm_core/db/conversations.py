"""Conversations of the bot: what was said, what was answered, and the counts of a campaign's answers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from crm_core.db.tables import answers, attempts, calls, campaigns, contacts, conversations, leads, turns
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import Direction
from crm_core.domain.conversations import Answer, Conversation, Ending, Party, QuestionResult, SurveyResult, Turn


@dataclass(frozen=True, slots=True)
class Dialed:
    """Who was dialed: what the bot's briefing is made of."""

    campaign_id: int
    policy: Any
    number: str
    zone: str | None
    name: str
    language: str | None
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose conversation it is."""

    campaign_id: int | None
    lead_id: int | None
    contact_id: int | None


async def dialed(work: UnitOfWork, attempt_id: str) -> Dialed | None:
    """The lead of an attempt, with its campaign's policy as stored."""
    joined = attempts.join(leads, leads.c.id == attempts.c.lead_id).join(contacts, contacts.c.id == leads.c.contact_id)
    joined = joined.join(campaigns, campaigns.c.id == attempts.c.campaign_id)
    columns = (attempts.c.campaign_id, attempts.c.number, campaigns.c.policy, leads.c.zone, leads.c.fields)
    people = (contacts.c.name, contacts.c.language)
    row = await work.first(select(*columns, *people).select_from(joined).where(attempts.c.id == attempt_id))
    if row is None:
        return None
    return Dialed(row.campaign_id, row.policy, row.number, row.zone, row.name, row.language, row.fields)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls us: `name` is empty and `language` None where his number is nobody's."""

    number: str | None
    name: str = ""
    language: str | None = None


async def take_after_hours(work: UnitOfWork, call_id: str) -> Caller | None:
    """Count an incoming call outside hours as answered; who calls, or None if there is no such call."""
    incoming = (calls.c.id == call_id, calls.c.direction == Direction.INCOMING.value, calls.c.after_hours)
    taken = update(calls).where(*incoming).values(outcome=func.coalesce(calls.c.outcome, Outcome.ANSWERED.value))
    row = (await work.run(taken.returning(calls.c.number, calls.c.contact_id))).first()
    if row is None:
        return None
    who = await work.first(select(contacts.c.name, contacts.c.language).where(contacts.c.id == row.contact_id))
    return Caller(row.number) if who is None else Caller(row.number, who.name, who.language)


async def save(work: UnitOfWork, conversation: Conversation, whose: Whose) -> bool:
    """Write it; what stood for this call is replaced. True if nothing stood there before."""
    call_id = conversation.call_id
    is_new = await work.scalar(select(conversations.c.call_id).where(conversations.c.call_id == call_id)) is None
    row = {
        "call_id": call_id,
        "campaign_id": whose.campaign_id,
        "lead_id": whose.lead_id,
        "contact_id": whose.contact_id,
        "script": conversation.script,
        "language": conversation.language,
        "began_at": conversation.began_at,
        "ended_at": conversation.ended_at,
        "ending": conversation.ending.value,
        "last_node": conversation.last_node,
        "summary": conversation.summary,
    }
    await work.upsert(conversations, [row], ["call_id"])
    for table in (turns, answers):
        await work.run(delete(table).where(table.c.call_id == call_id))
    if conversation.turns:
        await work.run(insert(turns), [_turn_row(call_id, n, turn) for n, turn in enumerate(conversation.turns)])
    if conversation.answers:
        given = {answer.question: answer for answer in conversation.answers}  # the last answer to a question counts
        await work.run(insert(answers), [_answer_row(call_id, answer) for answer in given.values()])
    return is_new


async def transcript(work: UnitOfWork, call_id: str) -> list[Turn]:
    """What was said in this call, in order; empty if the bot did not talk in it."""
    rows = await work.all(select(turns).where(turns.c.call_id == call_id).order_by(turns.c.position))
    return [
        Turn(Party(r.party), r.text, r.node, r.began_at, r.ended_at, r.engine, r.confidence, r.intent) for r in rows
    ]


async def answers_of(work: UnitOfWork, call_id: str) -> list[Answer]:
    """What the questions of this call were answered, in order of time."""
    rows = await work.all(select(answers).where(answers.c.call_id == call_id).order_by(answers.c.at))
    return [Answer(row.question, row.value, row.raw, row.at) for row in rows]


async def transferred(work: UnitOfWork, call_id: str) -> str | None:
    """The summary for whoever takes over; None if the bot did not hand this person on."""
    handed = (conversations.c.call_id == call_id, conversations.c.ending == Ending.TRANSFERRED.value)
    row = await work.first(select(conversations.c.summary).where(*handed))
    return None if row is None else str(row.summary)


async def survey(work: UnitOfWork, campaign_id: int) -> SurveyResult:
    """Counts over all conversations of the campaign."""
    mine = conversations.c.campaign_id == campaign_id
    endings: dict[Ending, int] = {}
    left_at: dict[str, int] = defaultdict(int)
    by = (conversations.c.ending, conversations.c.last_node)
    for row in await work.all(select(*by, func.count().label("n")).where(mine).group_by(*by)):
        ending = Ending(row.ending)
        endings[ending] = endings.get(ending, 0) + row.n
        if ending is not Ending.FINISHED:
            left_at[row.last_node] += row.n
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    asked = (answers.c.question, answers.c.value)
    joined = answers.join(conversations, conversations.c.call_id == answers.c.call_id)
    rows = await work.all(
        select(*asked, func.count().label("n")).select_from(joined).where(mine).group_by(*asked).order_by(*asked)
    )
    for row in rows:
        counted[row.question][row.value] = row.n
    questions = tuple(QuestionResult(question, counts) for question, counts in counted.items())
    return SurveyResult(sum(endings.values()), endings, dict(left_at), questions)


def _turn_row(call_id: str, position: int, turn: Turn) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "position": position,
        "party": turn.party.value,
        "text": turn.text,
        "node": turn.node,
        "began_at": turn.began_at,
        "ended_at": turn.ended_at,
        "engine": turn.engine,
        "confidence": turn.confidence,
        "intent": turn.intent,
    }


def _answer_row(call_id: str, answer: Answer) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "question": answer.question,
        "value": answer.value,
        "raw": answer.raw,
        "at": answer.at,
    }
