"""Handing a person on, and to whom."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from crm_core.domain.access import Right
from crm_core.domain.recipients import Choice, NotedNumber
from crm_core.handlers import recipients, transfers
from crm_core.web.api.agent import AgentOut
from crm_core.web.api.routing import Asked, Model, Routes
from crm_core.web.api.shown import number_for
from crm_core.web.keys import WORKPLACE
from crm_core.web.switch import switch_of

routes = Routes("transfers")

_Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00]*$")]


class ColleagueOut(Model):
    """Somebody who is free. `can_be_asked`: he may be called first; otherwise he gets the person at once."""

    id: int
    name: str
    can_be_asked: bool


class NumberOut(Model):
    """A number by its name."""

    name: str
    number: str


class RecipientsOut(Model):
    """To whom a person may be handed on."""

    colleagues: list[ColleagueOut]
    numbers: list[NumberOut]


class To(Model):
    """A colleague, or a number by its name: one of both."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"colleague_id": 7}]})
    colleague_id: Annotated[int, Field(ge=1, lt=2**62)] | None = None
    number_name: _Name | None = None

    @model_validator(mode="after")
    def _one(self) -> To:
        if (self.colleague_id is None) == (self.number_name is None):
            raise ValueError("give colleague_id or number_name")
        return self

    def choice(self) -> Choice:
        return Choice(self.colleague_id, self.number_name)


class ConsultationOut(Model):
    """Your phone is called a second time; `channel` is what the person is given over by."""

    channel: str


class Give(Model):
    """By the channel of a consultation."""

    channel: Annotated[str, Field(pattern=r"^con-[0-9a-f]{32}$")]


class NumberIn(Model):
    """A number as it is dialed."""

    name: _Name
    number: Annotated[str, Field(min_length=3, max_length=40, pattern=r"^[^\x00]*$")]


class NumbersIn(Model):
    """All of them."""

    numbers: Annotated[list[NumberIn], Field(max_length=50)]


@routes("GET", "/agent/recipients", right=Right.TAKE_CALLS)
async def list_recipients(asked: Asked) -> RecipientsOut:
    """To whom I may hand a person on just now."""
    found = await recipients.recipients(asked.actor, asked.database)
    colleagues = [ColleagueOut(id=c.id, name=c.name, can_be_asked=c.can_be_asked) for c in found.colleagues]
    numbers = [NumberOut(name=n.name, number=number_for(asked.actor, n.number)) for n in found.numbers]
    return RecipientsOut(colleagues=colleagues, numbers=numbers)


@routes("POST", "/agent/call/transfer", right=Right.TAKE_CALLS, errors=(409,))
async def transfer_my_call(asked: Asked, body: To) -> AgentOut:
    """Hand the person I talk to on, at once."""
    switch = switch_of(asked.request).transfers
    return AgentOut.model_validate(
        await recipients.hand_on(asked.actor, body.choice(), asked.database, switch, asked.now)
    )


@routes("POST", "/agent/call/consultation", right=Right.TAKE_CALLS, errors=(409,))
async def consult_first(asked: Asked, body: To) -> ConsultationOut:
    """Call somebody beside the person, who hears music meanwhile."""
    switch = switch_of(asked.request).transfers
    return ConsultationOut(channel=await recipients.ask(asked.actor, body.choice(), asked.database, switch))


@routes("POST", "/agent/call/give", right=Right.TAKE_CALLS, errors=(409,))
async def give_my_call(asked: Asked, body: Give) -> AgentOut:
    """After a consultation: the person talks to whom I have called, and I am out of it."""
    switch = switch_of(asked.request).transfers
    return AgentOut.model_validate(await transfers.give(asked.actor, body.channel, asked.database, switch, asked.now))


@routes("GET", "/settings/transfer-numbers", right=Right.CHANGE_SETTINGS)
async def list_transfer_numbers(asked: Asked) -> list[NumberOut]:
    """The numbers to which people may be handed on."""
    found = await recipients.list_numbers(asked.actor, asked.database)
    return [NumberOut(name=one.name, number=number_for(asked.actor, one.number)) for one in found]


@routes("PUT", "/settings/transfer-numbers", right=Right.CHANGE_SETTINGS)
async def put_transfer_numbers(asked: Asked, body: NumbersIn) -> list[NumberOut]:
    """The numbers to which people may be handed on; these and no others."""
    given = [NotedNumber(one.name, one.number) for one in body.numbers]
    country = asked.request.app[WORKPLACE].country
    kept = await recipients.note_numbers(asked.actor, given, country, asked.database, asked.now)
    return [NumberOut(name=one.name, number=number_for(asked.actor, one.number)) for one in kept]
