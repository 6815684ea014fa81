"""The agent's own desk."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, Field

from crm_core.domain.access import Actor, Right
from crm_core.domain.agents import Agent, AgentState, HandOffMode
from crm_core.domain.calls import Direction
from crm_core.domain.desk import AgentDesk, Pop
from crm_core.handlers import agent_desk, transfers
from crm_core.web.api.routing import Asked, Model, Routes
from crm_core.web.api.shown import number_for, text_for
from crm_core.web.switch import switch_of

routes = Routes("agent")

CallId = Annotated[str, Field(min_length=1, max_length=80)]


class AgentOut(Model):
    """An agent's state, since when, and the call he has."""

    id: int
    name: str
    state: AgentState
    since: datetime
    campaign_id: int | None
    call_id: str | None
    pause_reason: str | None
    wrap_up_until: datetime | None
    hand_off: HandOffMode


class KnownDealOut(Model):
    id: int
    title: str
    stage: str
    amount: Decimal | None
    currency: str | None


class EarlierCallOut(Model):
    id: str
    at: datetime
    direction: Direction
    state: str
    seconds: int | None


class AnswerOut(Model):
    question: str
    value: str
    raw: str
    at: datetime


class RobotOut(Model):
    """What the infobot heard from this person the last time."""

    at: datetime
    summary: str
    answers: list[AnswerOut]


class PopOut(Model):
    """The person on the line. `call_id` is null for a card that is not dialed yet."""

    call_id: str | None
    direction: Direction
    number: str | None
    contact_id: int | None
    name: str
    company: str | None
    zone: str | None
    fields: dict[str, str]
    do_not_call: bool
    disposition: str | None
    note: str
    bridged_at: datetime | None
    ended_at: datetime | None
    deals: list[KnownDealOut]
    earlier: list[EarlierCallOut]
    robot: RobotOut | None


class ResultKey(Model):
    """A result an agent may give, and the key that gives it."""

    code: str
    label: str
    key: str
    effect: str


class OwnDayOut(Model):
    calls: int
    talks: int
    talk_seconds: int
    deals: int


class DeskOut(Model):
    """All an agent has before him."""

    agent: AgentOut
    campaign: str | None
    is_preview: bool
    pop: PopOut | None
    script: str
    results: list[ResultKey]
    today: OwnDayOut


class Shift(Model):
    """For which campaign; null: for incoming calls only."""

    campaign_id: Annotated[int, Field(ge=1, lt=2**62)] | None = None


class Pause(Model):
    reason: Annotated[str, Field(min_length=1, max_length=40)]


class ResultIn(Model):
    """What came of a call. `callback_at` is wanted by results that call back."""

    call_id: CallId
    disposition: Annotated[str, Field(min_length=1, max_length=40)]
    note: Annotated[str, Field(max_length=4000)] = ""
    callback_at: AwareDatetime | None = None
    for_anyone: bool = False


class CardOut(Model):
    """Whether there is a card now."""

    found: bool


def desk_out(actor: Actor, desk: AgentDesk) -> DeskOut:
    """The desk as this agent may have it."""
    values = {name: getattr(desk, name) for name in ("agent", "campaign", "is_preview", "results", "today")}
    pop = None if desk.pop is None else _pop_out(actor, desk.pop)
    return DeskOut.model_validate(values | {"pop": pop, "script": text_for(actor, desk.script)})


def _pop_out(actor: Actor, pop: Pop) -> PopOut:
    robot = pop.robot
    values = {name: getattr(pop, name) for name in PopOut.model_fields}
    values["number"] = number_for(actor, pop.number) if pop.number else None
    values |= {"name": text_for(actor, pop.name), "note": text_for(actor, pop.note)}
    values["company"] = text_for(actor, pop.company) if pop.company else pop.company
    values["fields"] = {key: text_for(actor, value) for key, value in pop.fields.items()}
    if robot is not None:
        answers = [
            AnswerOut(question=a.question, value=text_for(actor, a.value), raw=text_for(actor, a.raw), at=a.at)
            for a in robot.answers
        ]
        values["robot"] = RobotOut(at=robot.at, summary=text_for(actor, robot.summary), answers=answers)
    return PopOut.model_validate(values)


def _agent(agent: Agent) -> AgentOut:
    return AgentOut.model_validate(agent)


@routes("GET", "/agent", right=Right.TAKE_CALLS)
async def agent_desk_now(asked: Asked) -> DeskOut:
    """All I have before me: my state, the person on the line, what to say, my day."""
    return desk_out(asked.actor, await agent_desk.desk(asked.actor, asked.database, asked.now))


@routes("POST", "/agent/shift", right=Right.TAKE_CALLS)
async def start_shift(asked: Asked, body: Shift) -> AgentOut:
    """Log in for a campaign. A parked phone is called next."""
    return _agent(await agent_desk.start_shift(asked.actor, body.campaign_id, asked.database, asked.now))


@routes("DELETE", "/agent/shift", right=Right.TAKE_CALLS)
async def end_shift(asked: Asked) -> AgentOut:
    """Log out of calls."""
    return _agent(await agent_desk.end_shift(asked.actor, asked.database, asked.now))


@routes("POST", "/agent/pause", right=Right.TAKE_CALLS)
async def pause_me(asked: Asked, body: Pause) -> AgentOut:
    """Ask for no calls, and say why."""
    return _agent(await agent_desk.pause(asked.actor, body.reason, asked.database, asked.now))


@routes("DELETE", "/agent/pause", right=Right.TAKE_CALLS)
async def resume_me(asked: Asked) -> AgentOut:
    """Ask for calls again."""
    return _agent(await agent_desk.resume(asked.actor, asked.database, asked.now))


@routes("DELETE", "/agent/call", right=Right.TAKE_CALLS, errors=(409,))
async def hang_up(asked: Asked) -> None:
    """Let the person I talk to go. My own line stays open for the next."""
    await transfers.let_go(asked.actor, asked.database, switch_of(asked.request).calls)


@routes("POST", "/agent/result", right=Right.TAKE_CALLS)
async def give_result(asked: Asked, body: ResultIn) -> None:
    """Write what came of a call of mine."""
    result = agent_desk.Result(**{name: getattr(body, name) for name in ResultIn.model_fields})
    await agent_desk.give_result(asked.actor, result, asked.database, asked.now)


@routes("POST", "/agent/card", right=Right.TAKE_CALLS)
async def next_card(asked: Asked) -> CardOut:
    """Show me the next lead of a preview campaign; asked again, the same."""
    return CardOut(found=await agent_desk.next_card(asked.actor, asked.database, asked.now))


@routes("POST", "/agent/card/dial", right=Right.TAKE_CALLS)
async def dial_card(asked: Asked) -> None:
    """Dial the lead whose card I have."""
    await agent_desk.dial_card(asked.actor, asked.database, asked.now)


@routes("DELETE", "/agent/card", right=Right.TAKE_CALLS)
async def skip_card(asked: Asked) -> None:
    """Skip the card I have: it rests for an hour."""
    await agent_desk.skip_card(asked.actor, asked.database, asked.now)
