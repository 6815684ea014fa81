"""What the infobot did not understand: listened to, labelled, learned."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from crm_core.domain.access import Actor, Right
from crm_core.domain.conversations import UnclearTurn
from crm_core.handlers import label_desk
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.api.routing import Asked, Counted, Model, Page, Routes
from crm_core.web.api.shown import text_for
from crm_core.web.script_tools import Learning, begin_learning, desk_of, last_learning, stop_learning

routes = Routes("unclear")


class UnclearOut(Model):
    """Something a person said (`text`) after the bot had `asked`; `second` of its call's recording, whose id is null
    for whoever may not listen to it."""

    call_id: str
    position: int
    language: str
    script: str
    node: str
    asked: str
    text: str
    at: datetime
    recording_id: int | None
    second: float | None


class UnclearQuery(Model):
    language: Annotated[str, Field(pattern=r"^[a-z]{0,8}$")] = ""
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class LabelIn(Model):
    """What it means (one of /intents), and what was really said where it was misheard."""

    intent: Annotated[str, Field(min_length=1, max_length=40)]
    said: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")] | None = None


class LabelOut(Model):
    call_id: str
    position: int
    language: str
    text: str
    intent: str


class IntentsOut(Model):
    intents: list[str]


class ScoreOut(Model):
    """Of sentences nobody trained on."""

    language: str
    sentences: int
    right: int
    outside: int
    accepted: int


class LearningOut(Model):
    """The model's last lesson. `state`: none, running, taken, refused (the model in use stays; `why`), failed."""

    state: str
    done: int
    whole: int
    labels: int
    why: str
    before: list[ScoreOut]
    after: list[ScoreOut]


def unclear_out(actor: Actor, turn: UnclearTurn) -> UnclearOut:
    return UnclearOut(
        call_id=turn.call_id,
        position=turn.position,
        language=turn.language,
        script=turn.script,
        node=turn.node,
        asked=text_for(actor, turn.asked),
        text=text_for(actor, turn.text),
        at=turn.at,
        recording_id=turn.recording_id,
        second=turn.at_second,
    )


def _learning(found: Learning | None) -> LearningOut:
    if found is None:
        return LearningOut(state="none", done=0, whole=0, labels=0, why="", before=[], after=[])
    lesson = found.lesson
    state = "running" if not found.over else "failed" if lesson is None else "taken" if lesson.taken else "refused"
    return LearningOut(
        state=state,
        done=found.done,
        whole=found.whole,
        labels=found.labels,
        why=found.error if lesson is None else lesson.why,
        before=[] if lesson is None else [ScoreOut.model_validate(one) for one in lesson.before],
        after=[] if lesson is None else [ScoreOut.model_validate(one) for one in lesson.after],
    )


@routes("GET", "/unclear", right=Right.CHANGE_SCRIPTS)
async def list_unclear(asked: Asked, query: UnclearQuery) -> Page[UnclearOut]:
    """What was not understood and waits for a label, the newest first."""
    before = None
    if query.cursor is not None:
        at, call_id, position = unpacked("unclear", query.cursor, (datetime, str, int))
        assert isinstance(at, datetime)
        assert isinstance(call_id, str)
        assert isinstance(position, int)
        before = (at, call_id, position)
    found = await label_desk.inbox(asked.actor, before, query.limit, asked.database, query.language)
    return Page(
        items=[unclear_out(asked.actor, turn) for turn in found.turns],
        next=None if found.next is None else packed("unclear", *found.next),
        total=Counted(count=found.waiting, more=found.more),
    )


@routes("GET", "/intents", right=Right.CHANGE_SCRIPTS)
async def list_intents(asked: Asked) -> IntentsOut:
    """What something may mean; out_of_scope: none of the others."""
    return IntentsOut(intents=list(await desk_of(asked.request).intents()))


@routes("PUT", "/unclear/{call_id}/{position}/label", right=Right.CHANGE_SCRIPTS)
async def label_unclear(asked: Asked, call_id: str, position: int, body: LabelIn) -> LabelOut:
    """Say what it means; it leaves the list."""
    desk = desk_of(asked.request)
    found = await label_desk.label(
        asked.actor, call_id, position, body.intent, body.said, desk, asked.database, asked.now
    )
    return LabelOut(
        call_id=found.call_id,
        position=found.position,
        language=found.language,
        text=text_for(asked.actor, found.text),
        intent=found.intent,
    )


@routes("DELETE", "/unclear/{call_id}/{position}/label", right=Right.CHANGE_SCRIPTS)
async def take_label_back(asked: Asked, call_id: str, position: int) -> UnclearOut:
    """The label was wrong: it waits again, unless it is learned already."""
    return unclear_out(asked.actor, await label_desk.take_back(asked.actor, call_id, position, asked.database))


@routes("GET", "/learning", right=Right.CHANGE_SCRIPTS)
async def learning_state(asked: Asked) -> LearningOut:
    """The model's last lesson, or the one under way."""
    return _learning(last_learning(asked.request))


@routes("POST", "/learning", right=Right.CHANGE_SCRIPTS)
async def start_learning(asked: Asked) -> LearningOut:
    """Teach the model all labels that wait; it takes half a minute. It is taken into use if nothing is worse by it."""
    return _learning(begin_learning(asked.request, asked.actor))


@routes("DELETE", "/learning", right=Right.CHANGE_SCRIPTS)
async def cancel_learning(asked: Asked) -> LearningOut:
    """Stop it; the model in use stays."""
    await stop_learning(asked.request)
    return _learning(last_learning(asked.request))
