"""Conversations of the bot: what was said and what was answered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from crm_core.db.batches import one_of
from crm_core.db.tables import (
    answers,
    attempts,
    calls,
    campaign_leads,
    campaigns,
    contacts,
    conversations,
    leads,
    turns,
)
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Outcome
from crm_core.domain.conversations import (
    Answer,
    Conversation,
    Ending,
    HandedOn,
    Party,
    Turn,
)
from crm_core.domain.unfinished import UNFINISHED_ENDINGS


@dataclass(frozen=True, slots=True)
class Dialed:
    """Who was dialed: what the bot's briefing is made of."""

    campaign_id: int
    policy: Any
    number: str | None
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


async def to_be_dialed(work: UnitOfWork, campaign_id: int, lead_id: int) -> Dialed | None:
    """The same of a lead before any attempt, hence without a number."""
    joined = campaign_leads.join(leads, leads.c.id == campaign_leads.c.lead_id)
    joined = joined.join(contacts, contacts.c.id == leads.c.contact_id)
    joined = joined.join(campaigns, campaigns.c.id == campaign_leads.c.campaign_id)
    columns = (campaigns.c.policy, leads.c.zone, leads.c.fields, contacts.c.name, contacts.c.language)
    this = (campaign_leads.c.campaign_id == campaign_id, campaign_leads.c.lead_id == lead_id)
    row = await work.first(select(*columns).select_from(joined).where(*this))
    if row is None:
        return None
    return Dialed(campaign_id, row.policy, None, row.zone, row.name, row.language, row.fields)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom we talk to: `name` is empty and `language` None where his number is nobody's."""

    number: str | None
    name: str = ""
    language: str | None = None


async def take_call(work: UnitOfWork, call_id: str) -> None:
    """Count an incoming call as answered, since the bot talks in it."""
    taken = update(calls).where(calls.c.id == call_id)
    await work.run(taken.values(outcome=func.coalesce(calls.c.outcome, Outcome.ANSWERED.value)))


async def who_is_on(work: UnitOfWork, call_id: str) -> Person:
    """The person on this call, as far as the switch has reported it."""
    columns = (calls.c.number, contacts.c.name, contacts.c.language)
    joined = calls.outerjoin(contacts, contacts.c.id == calls.c.contact_id)
    row = await work.first(select(*columns).select_from(joined).where(calls.c.id == call_id))
    return Person(None) if row is None else Person(row.number, row.name or "", row.language)


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
        "announcement": conversation.announcement,
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
        Turn(Party(r.party), r.text, r.node, r.began_at, r.ended_at, r.engine, r.confidence, r.intent, r.unclear)
        for r in rows
    ]


async def answers_of(work: UnitOfWork, call_id: str) -> list[Answer]:
    """What the questions of this call were answered, in order of time."""
    rows = await work.all(select(answers).where(answers.c.call_id == call_id).order_by(answers.c.at))
    return [Answer(row.question, row.value, row.raw, row.at) for row in rows]


async def handed_on(work: UnitOfWork, call_id: str) -> HandedOn | None:
    """What whoever takes over is told; None if the bot did not hand this person on."""
    handed = (conversations.c.call_id == call_id, conversations.c.ending == Ending.TRANSFERRED.value)
    row = await work.first(select(conversations.c.summary, conversations.c.announcement).where(*handed))
    return None if row is None else HandedOn(row.summary, row.announcement)


async def unfinished(work: UnitOfWork, call_ids: Collection[str]) -> dict[str, int]:
    """Of the conversations of these calls that broke off: how many with the same lead of the same campaign have."""
    earlier = conversations.alias()
    broke_off = [ending.value for ending in UNFINISHED_ENDINGS]
    of_lead = (earlier.c.campaign_id == conversations.c.campaign_id, earlier.c.lead_id == conversations.c.lead_id)
    count = select(func.count()).select_from(earlier).where(*of_lead, earlier.c.ending.in_(broke_off)).scalar_subquery()
    mine = (one_of(conversations.c.call_id, call_ids), conversations.c.ending.in_(broke_off))
    return {
        row.call_id: row.n for row in await work.all(select(conversations.c.call_id, count.label("n")).where(*mine))
    }


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
        "unclear": turn.unclear,
    }


def _answer_row(call_id: str, answer: Answer) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "question": answer.question,
        "value": answer.value,
        "raw": answer.raw,
        "at": answer.at,
    }
