"""Surveys: what the infobot's campaigns found out, and the people behind each figure."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.handlers import survey_desk
from crm_core.handlers.surveys import Which
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.api.routing import Asked, Created, Page, Routes
from crm_core.web.api.shown import number_for, text_for
from crm_core.web.api.survey_shapes import (
    AnswerQuery,
    CallTask,
    FileQuery,
    FreeAnswerOut,
    GivenOut,
    GroupOut,
    GroupQuery,
    ListQuery,
    NeedOut,
    QuestionOut,
    StepOut,
    SurveyLine,
    SurveyOut,
    SurveyQuery,
    TalkedOut,
    ValueOut,
)
from crm_core.web.api.tasks import TaskOut, task_out
from crm_core.web.report_file import MEDIA_TYPES
from crm_core.web.script_tools import survey_file

routes = Routes("surveys")


def which_of(query: SurveyQuery) -> Which:
    parted = [text.partition("=") for text in query.where]
    return Which(tuple((name.strip(), value.strip()) for name, _, value in parted), query.since, query.until)


@routes("GET", "/surveys", right=Right.SEE_SURVEYS)
async def list_surveys(asked: Asked, query: ListQuery) -> Page[SurveyLine]:
    """Campaigns of the infobot, the newest first."""
    before = unpacked("surveys", query.cursor, (int,))[0] if query.cursor else None
    assert before is None or isinstance(before, int)
    rows = await survey_desk.list_surveys(asked.actor, before, query.limit + 1, asked.database)
    items = [
        SurveyLine(
            id=row.campaign.id,
            name=row.campaign.name,
            state=row.campaign.state,
            script=row.campaign.policy.script,
            conversations=row.conversations,
            finished=row.finished,
            last_at=row.last_at,
        )
        for row in rows[: query.limit]
    ]
    return Page(items=items, next=packed("surveys", items[-1].id) if len(rows) > query.limit else None)


@routes("GET", "/surveys/{campaign_id}", right=Right.SEE_SURVEYS)
async def one_survey(asked: Asked, campaign_id: int, query: SurveyQuery) -> SurveyOut:
    """What the people of one campaign said."""
    actor = asked.actor
    found = await survey_desk.one_survey(actor, campaign_id, which_of(query), asked.database, asked.now)
    campaign, result = found.campaign, found.result
    return SurveyOut(
        id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        script=campaign.policy.script,
        zone=found.zone,
        conversations=result.conversations,
        complete=result.complete,
        endings=dict(result.endings),
        steps=[StepOut.model_validate(step) for step in found.steps],
        questions=[
            QuestionOut(
                question=one.question,
                answers=one.answers,
                different=one.values,
                average=one.average,
                is_free=one.question in found.free,
                values=[ValueOut(value=text_for(actor, value), answers=n) for value, n in one.counts.items()],
            )
            for one in result.questions
        ],
        needs=[
            NeedOut(
                call_id=one.call_id,
                contact_id=one.contact_id,
                name=text_for(actor, one.name),
                number=number_for(actor, one.number) if one.number else None,
                at=one.at,
                need=one.need,
                disposition=one.disposition,
                summary=text_for(actor, one.summary),
            )
            for one in found.needs
        ],
        fields={name: [text_for(actor, value) for value in values] for name, values in found.fields.items()},
    )


@routes("GET", "/surveys/{campaign_id}/answers", right=Right.SEE_SURVEYS)
async def survey_answers(asked: Asked, campaign_id: int, query: AnswerQuery) -> Page[TalkedOut]:
    """The conversations behind a figure, in order of time."""
    after = None
    if query.cursor is not None:
        at, call_id = unpacked("answers", query.cursor, (datetime, str))
        assert isinstance(at, datetime)
        assert isinstance(call_id, str)
        after = (at, call_id)
    actor = asked.actor
    found = await survey_desk.answers(
        actor,
        campaign_id,
        which_of(query),
        asked.database,
        question=query.question,
        value=query.value,
        left_at=query.left_at,
        after=after,
        limit=query.limit,
    )
    items = [
        TalkedOut(
            call_id=talk.call_id,
            name=text_for(actor, talk.name),
            number=number_for(actor, talk.number) if talk.number else None,
            began_at=talk.began_at,
            ending=talk.ending,
            disposition=talk.disposition,
            language=talk.language,
            last_node=talk.last_node,
            fields={name: text_for(actor, value) for name, value in talk.fields.items()},
            answers={
                question: GivenOut(
                    value=text_for(actor, given.value), raw=text_for(actor, given.raw), second=given.second
                )
                for question, given in talk.answers.items()
            },
        )
        for talk in found.talks
    ]
    return Page(items=items, next=None if found.next is None else packed("answers", *found.next))


@routes("GET", "/surveys/{campaign_id}/groups", right=Right.SEE_SURVEYS)
async def survey_groups(asked: Asked, campaign_id: int, query: GroupQuery) -> list[GroupOut]:
    """The latest answers to an open question (at most 2,000), grouped by the words they share."""
    _, groups = await survey_desk.free_groups(asked.actor, campaign_id, query.question, which_of(query), asked.database)
    return [
        GroupOut(
            word=group.word,
            answers=[
                FreeAnswerOut(call_id=one.call_id, text=text_for(asked.actor, one.text), second=one.second)
                for one in group.answers
            ],
        )
        for group in groups
    ]


@routes("GET", "/surveys/{campaign_id}/file", right=Right.EXPORT, streams=tuple(MEDIA_TYPES.values()))
async def survey_as_file(asked: Asked, campaign_id: int, query: FileQuery) -> web.StreamResponse:
    """All conversations with their answers as .csv or .xlsx. It is noted."""
    return await survey_file(asked.request, asked.actor, campaign_id, which_of(query), query.form)


@routes("POST", "/surveys/{campaign_id}/needs/{call_id}/task", right=Right.CHANGE_TASKS, errors=(409,))
async def create_survey_task(asked: Asked, campaign_id: int, call_id: str, body: CallTask) -> Created[TaskOut]:
    """A task of my own to call somebody who needs it."""
    task = await survey_desk.make_call_task(asked.actor, campaign_id, call_id, body.title, asked.database, asked.now)
    return Created(task_out(asked.actor, task), f"/tasks/{task.id}")
