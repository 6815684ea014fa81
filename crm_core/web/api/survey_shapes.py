"""What the endpoints of surveys take and answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from crm_core.domain.campaigns import CampaignState
from crm_core.domain.conversations import Ending
from crm_core.domain.surveys import Need
from crm_core.web.api.routing import Model

_Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2200, 12, 31))]
_Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


class SurveyLine(Model):
    """A campaign of the bot, and how many talked with it."""

    id: int
    name: str
    state: CampaignState
    script: str | None
    conversations: int
    finished: int
    last_at: datetime | None


class ListQuery(Model):
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class SurveyQuery(Model):
    """Which conversations: days of the firm's zone, both included; `where`: `field=value` of the people's lists, again
    and again: several values of one field mean any of them."""

    since: _Day | None = None
    until: _Day | None = None
    where: Annotated[list[_Word], Field(max_length=20)] = Field(default_factory=list)


class FileQuery(SurveyQuery):
    form: Literal["csv", "xlsx"] = "csv"


class AnswerQuery(SurveyQuery):
    """The conversations behind a figure: a question that was answered, or answered so; or where they broke off."""

    question: _Word | None = None
    value: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] | None = None
    left_at: _Word | None = None
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class GroupQuery(SurveyQuery):
    question: _Word


class StepOut(Model):
    """A question on the way: at how many the bot came there, how many of them broke off there."""

    node: str
    reached: int
    left: int


class ValueOut(Model):
    value: str
    answers: int


class QuestionOut(Model):
    """Its most frequent values; `different` in all. `average` where all are numbers; `is_free`: answered in words."""

    question: str
    answers: int
    different: int
    average: float | None
    is_free: bool
    values: list[ValueOut]


class NeedOut(Model):
    """Somebody who needs a person's call, and of whom no task tells."""

    call_id: str
    contact_id: int
    name: str
    number: str | None
    at: datetime
    need: Need
    disposition: str | None
    summary: str


class SurveyOut(Model):
    """What a campaign's people said."""

    id: int
    name: str
    state: CampaignState
    script: str | None
    zone: str
    conversations: int
    complete: int
    endings: dict[Ending, int]
    steps: list[StepOut]
    questions: list[QuestionOut]
    needs: list[NeedOut]
    fields: dict[str, list[str]]


class GivenOut(Model):
    """`second` of the call's recording, null where there is none."""

    value: str
    raw: str
    second: float | None


class TalkedOut(Model):
    """One conversation with its answers."""

    call_id: str
    name: str
    number: str | None
    began_at: datetime
    ending: Ending
    disposition: str | None
    language: str
    last_node: str
    fields: dict[str, str]
    answers: dict[str, GivenOut]


class FreeAnswerOut(Model):
    call_id: str
    text: str
    second: float | None


class GroupOut(Model):
    """Answers that share a word ("": those that share none)."""

    word: str
    answers: list[FreeAnswerOut]


class CallTask(Model):
    title: Annotated[str, Field(min_length=1, max_length=200)]
