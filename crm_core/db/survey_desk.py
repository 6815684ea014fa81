"""Surveys as somebody may see them: which there are, who needs a call, what was said at an open question."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select

from crm_core.db.batches import one_of
from crm_core.db.campaigns import policy_of
from crm_core.db.surveys import meant_by
from crm_core.db.tables import answers, calls, campaigns, contacts, conversations, numbers, recordings, tasks, turns
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_campaigns, visible_contacts, visible_conversations
from crm_core.domain.access import Actor
from crm_core.domain.campaigns import Campaign, CampaignState, DialMode, Record
from crm_core.domain.conversations import Ending
from crm_core.domain.surveys import Chosen, FreeAnswer, Need, NeedsCall, second_of

#: Whoever was not called for so long is not called "now" any more.
_NOW = timedelta(days=14)
_co = conversations.c


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """A campaign of the bot, and the conversations of it that are seen."""

    campaign: Campaign
    conversations: int
    finished: int
    last_at: datetime | None


async def survey_rows(work: UnitOfWork, actor: Actor, before: int | None, limit: int) -> list[SurveyRow]:
    """The bot's campaigns he sees, the newest first; `before`: those with smaller ids."""
    is_bot = campaigns.c.policy["mode"].as_string() == DialMode.BOT.value
    query = select(campaigns).where(visible_campaigns(actor), is_bot)
    if before is not None:
        query = query.where(campaigns.c.id < before)
    rows = await work.all(query.order_by(campaigns.c.id.desc()).limit(limit))
    finished = func.sum(case((_co.ending == Ending.FINISHED.value, 1), else_=0)).label("finished")
    columns = (_co.campaign_id, func.count().label("n"), finished, func.max(_co.began_at).label("last_at"))
    mine = (one_of(_co.campaign_id, [row.id for row in rows]), visible_conversations(actor))
    counted = await work.all(select(*columns).where(*mine).group_by(_co.campaign_id))
    by_id = {row.campaign_id: row for row in counted}
    return [_survey(row, by_id.get(row.id)) for row in rows]


def _survey(row: Row[Any], counted: Row[Any] | None) -> SurveyRow:
    campaign = Campaign(row.id, row.name, CampaignState(row.state), policy_of(row.policy), row.approved_at)
    if counted is None:
        return SurveyRow(campaign, 0, 0, None)
    return SurveyRow(campaign, int(counted.n), int(counted.finished), counted.last_at)


async def users_of_scripts(work: UnitOfWork, actor: Actor) -> dict[str, list[Campaign]]:
    """The campaigns he sees that talk by each script, the finished ones aside."""
    script = campaigns.c.policy["script"].as_string()
    open_ones = campaigns.c.state != CampaignState.FINISHED.value
    query = select(campaigns).where(visible_campaigns(actor), script.is_not(None), open_ones)
    found: dict[str, list[Campaign]] = {}
    for row in await work.all(query.order_by(campaigns.c.name)):
        policy = policy_of(row.policy)
        if policy.script is not None:
            campaign = Campaign(row.id, row.name, CampaignState(row.state), policy, row.approved_at)
            found.setdefault(policy.script, []).append(campaign)
    return found


async def is_script_used(work: UnitOfWork, name: str) -> bool:
    """Whether anybody's campaign that is not finished, or a number of ours, talks by this script."""
    of_campaign = (campaigns.c.policy["script"].as_string() == name, campaigns.c.state != CampaignState.FINISHED.value)
    of_number = or_(numbers.c.day_script == name, numbers.c.night_script == name)
    queries = (select(campaigns.c.id).where(*of_campaign), select(numbers.c.number).where(of_number))
    return any([await work.first(query.limit(1)) is not None for query in queries])


# --- who needs a call ---------------------------------------------------------------------------------------
async def need_calls(
    work: UnitOfWork,
    actor: Actor,
    campaign_id: int,
    chosen: Chosen,
    wanting: Collection[str],
    now: datetime,
    limit: int,
    call_id: str | None = None,
) -> list[NeedsCall]:
    """People of these conversations who need a call and of whom no task tells, the latest first. `wanting`: results
    that ask for one. Whoever has talked with an operator since is not among them."""
    talk = calls.alias("talk")  # whether he sees the contact is asked of calls too
    asked = one_of(talk.c.disposition, wanting)
    need = case(
        (_co.ending == Ending.FAILED.value, Need.BROKE_OFF.value),
        (and_(_co.ending == Ending.TRANSFERRED.value, talk.c.bridged_at.is_(None)), Need.PROMISED.value),
        (and_(asked, talk.c.bridged_at.is_(None)), Need.ASKED.value),
        else_=None,
    ).label("need")
    joined = conversations.join(contacts, contacts.c.id == _co.contact_id)
    joined = joined.outerjoin(talk, talk.c.id == _co.call_id)
    meant = [*meant_by(campaign_id, chosen), _co.began_at >= now - _NOW, visible_contacts(actor)]
    if call_id is not None:
        meant.append(_co.call_id == call_id)
    columns = (_co.call_id, _co.contact_id, _co.began_at, _co.summary, talk.c.number, talk.c.disposition)
    query = select(*columns, contacts.c.name, need).select_from(joined)
    query = query.where(*meant, need.is_not(None), ~_has_task(), ~_has_talked())
    rows = await work.all(query.order_by(_co.began_at.desc(), _co.call_id).limit(limit))
    return [
        NeedsCall(r.call_id, r.contact_id, r.name, r.number, r.began_at, Need(r.need), r.disposition, r.summary)
        for r in rows
    ]


def _has_task() -> ColumnElement[bool]:
    """Of this call, or an open one of this person."""
    mine = select(tasks.c.id).where(
        tasks.c.contact_id == _co.contact_id, or_(tasks.c.call_id == _co.call_id, tasks.c.done_at.is_(None))
    )
    return mine.correlate(conversations).exists()


def _has_talked() -> ColumnElement[bool]:
    later = calls.alias("later")
    met = select(later.c.id).where(
        later.c.contact_id == _co.contact_id, later.c.bridged_at.is_not(None), later.c.bridged_at > _co.ended_at
    )
    return met.correlate(conversations).exists()


# --- open questions -----------------------------------------------------------------------------------------
async def free_answers(
    work: UnitOfWork, campaign: Campaign, chosen: Chosen, question: str, limit: int
) -> list[FreeAnswer]:
    """The latest answers to a question, in the words in which they were heard."""
    joined = answers.join(conversations, _co.call_id == answers.c.call_id)
    joined = joined.outerjoin(calls, calls.c.id == _co.call_id)
    recorded = select(func.min(recordings.c.id)).where(recordings.c.call_id == _co.call_id).scalar_subquery()
    columns = (answers.c.call_id, answers.c.value, answers.c.at, _co.began_at, calls.c.answered_at)
    query = select(*columns, recorded.label("recording")).select_from(joined)
    query = query.where(*meant_by(campaign.id, chosen), answers.c.question == question)
    rows = await work.all(query.order_by(answers.c.at.desc(), answers.c.call_id).limit(limit))
    from_answer = campaign.policy.record is Record.ANSWERED
    return [FreeAnswer(row.call_id, row.value, _second(row, from_answer)) for row in rows]


def _second(row: Row[Any], from_answer: bool) -> float | None:
    if row.recording is None:
        return None
    return second_of(row.at, row.answered_at if from_answer and row.answered_at is not None else row.began_at)


async def node_order(work: UnitOfWork, campaign_id: int, chosen: Chosen, nodes: Sequence[str]) -> list[str]:
    """The nodes as they were come to, the first first: by the place of their first turn, on average."""
    query = select(turns.c.node, func.avg(turns.c.position).label("place"))
    query = query.join(conversations, _co.call_id == turns.c.call_id).where(*meant_by(campaign_id, chosen))
    places = {row.node: float(row.place) for row in await work.all(query.group_by(turns.c.node))}
    return sorted(nodes, key=lambda node: (places.get(node, float("inf")), node))
