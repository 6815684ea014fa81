"""Handing a person on to somebody on the list: a colleague who is free, or a number that the site has noted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crm_core.db import agents, assignments, audit, campaigns
from crm_core.db import recipients as rows
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.agents import Agent, AgentState, Trigger
from crm_core.domain.phone import parse_phone
from crm_core.domain.recipients import Choice, Colleague, NotedNumber, Recipients
from crm_core.errors import BadInput, Conflict, NotFound, Unavailable
from crm_core.handlers import transfers
from crm_core.handlers.commits import committed
from crm_core.ports import Recipient, Transfers

_MOST_NUMBERS = 50
LONGEST_NAME = 80  # characters of a noted number's name


async def recipients(actor: Actor, database: Database) -> Recipients:
    """Whom the actor may hand a person on to just now. Raises Forbidden."""
    actor.require(Right.TAKE_CALLS)
    async with database.reading() as work:
        return Recipients(await rows.free_colleagues(work, actor), await rows.noted_numbers(work))


async def hand_on(actor: Actor, to: Choice, database: Database, switch: Transfers, now: datetime) -> Agent:
    """At once. A colleague gets the person on the line he holds open, or is rung; he gets the card too.

    Returns the actor's own state. Raises Forbidden, NotFound (not on the list), Conflict (nobody is on the line, the
    person has gone, the colleague is no longer free), BadInput, Unavailable.
    """
    if to.colleague_id is not None:
        return await _to_colleague(actor, to.colleague_id, database, switch, now)
    return await transfers.transfer(actor, await _recipient(actor, to, database), database, switch, now)


async def ask(actor: Actor, to: Choice, database: Database, switch: Transfers) -> str:
    """A word with him first; returns the channel by which the person is given over. Raises as `hand_on` does."""
    return await transfers.consult(actor, await _recipient(actor, to, database), database, switch)


async def list_numbers(actor: Actor, database: Database) -> tuple[NotedNumber, ...]:
    """The numbers the site has noted, in their order. Raises Forbidden."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        return await rows.noted_numbers(work)


async def note_numbers(
    actor: Actor, numbers: Sequence[NotedNumber], country: str | None, database: Database, now: datetime
) -> tuple[NotedNumber, ...]:
    """These are the site's numbers from now on, and no others. Raises Forbidden, BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    kept = tuple(_parsed(one, country) for one in numbers)
    async with database.work() as work:
        await _keep(work, actor, kept, now)
    return kept


async def add_number(
    actor: Actor, number: NotedNumber, country: str | None, database: Database, now: datetime
) -> tuple[NotedNumber, ...]:
    """One more number. Raises Forbidden, and BadInput for a name that is taken or a number that is none."""
    actor.require(Right.CHANGE_SETTINGS)
    one = _parsed(number, country)
    async with database.work() as work:
        noted = await rows.noted_numbers(work)
        if one.name in {known.name for known in noted}:
            raise BadInput("name", "another number has this name", "Choose another name")
        await _keep(work, actor, (*noted, one), now)
    return (*noted, one)


async def drop_number(actor: Actor, name: str, database: Database, now: datetime) -> tuple[NotedNumber, ...]:
    """People are handed on to this number no more. Raises Forbidden, NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        noted = await rows.noted_numbers(work)
        kept = tuple(one for one in noted if one.name != name)
        if len(kept) == len(noted):
            raise NotFound("number", name)
        await _keep(work, actor, kept, now)
    return kept


def _parsed(one: NotedNumber, country: str | None) -> NotedNumber:
    name = " ".join(one.name.split())
    if not name or len(name) > LONGEST_NAME:
        raise BadInput("name", f"the name is empty or longer than {LONGEST_NAME} characters")
    return NotedNumber(name, parse_phone(one.number, country).e164)


async def _keep(work: UnitOfWork, actor: Actor, kept: tuple[NotedNumber, ...], now: datetime) -> None:
    if len(kept) > _MOST_NUMBERS or len({one.name for one in kept}) < len(kept):
        raise BadInput("numbers", f"there are more than {_MOST_NUMBERS}, or two with one name", "Leave some out")
    await rows.note_numbers(work, kept)
    details = {"names": [one.name for one in kept]}
    await audit.record(work, actor, "settings.changed", "transfer_numbers", "", now, details=details)


async def _recipient(actor: Actor, to: Choice, database: Database) -> Recipient:
    actor.require(Right.TAKE_CALLS)
    async with database.reading() as work:
        if to.colleague_id is not None:
            colleague = await _colleague(work, actor, to.colleague_id)
            if not colleague.can_be_asked:
                do = "Hand the person on at once"
                raise BadInput("colleague_id", f"{colleague.name} holds his line open and cannot be rung", do)
            return Recipient(colleague.phone)
        noted = next((one for one in await rows.noted_numbers(work) if one.name == to.number_name), None)
        if noted is None:
            raise NotFound("number", to.number_name or "")
        for trunk in (await campaigns.every_trunk(work)).values():
            if trunk.caller_ids and noted.number.startswith(trunk.prefixes):
                return Recipient(noted.number, trunk.endpoint, trunk.caller_ids[0])
    raise BadInput("number_name", "no trunk may dial this number", "See Settings, Trunks")


async def _colleague(work: UnitOfWork, actor: Actor, colleague_id: int) -> Colleague:
    found = next((one for one in await rows.free_colleagues(work, actor) if one.id == colleague_id), None)
    if found is None:
        raise NotFound("free colleague", colleague_id)
    return found


async def _to_colleague(actor: Actor, colleague_id: int, database: Database, switch: Transfers, now: datetime) -> Agent:
    """The roster gives him the person; the switch then asks, as for everybody who waits, and is told of him."""
    agent = await transfers.talking(actor, database)
    person = str(agent.call_id)

    async def act(work: UnitOfWork) -> Agent:
        await _colleague(work, actor, colleague_id)
        after = await transfers.taken_off(work, agent, now)
        given = await assignments.assign(work, person, None, colleague_id, now)
        if given is None:
            raise Conflict("he is not free any more, or the person has gone")
        await agents.log(work, [given])
        return after

    after = await committed(database, act)
    try:
        await switch.to_given(person)
    except (Conflict, Unavailable):  # the person hung up in the same moment, or the link broke
        await _free_again(person, database, now)
        raise
    return after


async def _free_again(call_id: str, database: Database, now: datetime) -> None:
    async def act(work: UnitOfWork) -> None:
        held = [one for one in await agents.of_calls(work, [call_id]) if one.state is AgentState.RINGING]
        await agents.save(work, [agents.moved(one, Trigger.CALL_ENDED, now) for one in held])

    await committed(database, act)
