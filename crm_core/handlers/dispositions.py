"""An agent (or the bot) writes down what came of a call."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from crm_core.commands import RecordDisposition
from crm_core.db import agents
from crm_core.db import dispositions as book
from crm_core.db.dispositions import DisposedCall, LeadChange
from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import Trigger
from crm_core.domain.dispositions import Disposition, LeadEffect
from crm_core.domain.leads import LeadState
from crm_core.errors import BadInput, IllegalTransition, NotFound
from crm_core.events import LeadClosed, LeadDisposed
from crm_core.handlers.commits import committed
from crm_core.handlers.quotas import note_answers
from crm_core.handlers.roster import move

log = logging.getLogger(__name__)

#: For a disposition that retries and does not say after how long.
_DEFAULT_RETRY = timedelta(days=1)


async def record_disposition(command: RecordDisposition, database: Database, now: datetime) -> LeadDisposed:
    """Write the result to call, attempt, lead, number and agent in one commit; returns the event published.

    The call's row need not exist yet. A second result for the same call replaces the first: the lead stands as if only
    the second had been given. A number once put on the do-not-call list stays there until it is taken off by hand.
    Raises BadInput for an unknown disposition and for a callback without a time.
    """
    return await committed(database, lambda work: dispose(command, work, now))


async def dispose(command: RecordDisposition, work: UnitOfWork, now: datetime) -> LeadDisposed:
    """The same within a unit of work that writes more."""
    known = await book.all_dispositions(work)
    disposition = _checked(command, known)
    call = await book.call_to_dispose(work, command.call_id)
    await book.write_result(work, call, disposition.code, command.note, command.agent_id)
    if disposition.do_not_call and call.number is not None:
        await add_blocks(work, [_blocked(call.number, disposition)], now)
    await _mark_number(work, call, disposition, known.get(call.before or ""))
    await _move_lead(work, call, disposition, command, now)
    await note_answers(work, call.campaign_id, call.lead_id)
    await _free_agent(work, command, now)
    event = LeadDisposed(
        call_id=command.call_id,
        attempt_id=call.attempt_id,
        lead_id=call.lead_id,
        campaign_id=call.campaign_id,
        contact_id=call.contact_id,
        number=call.number,
        agent_id=command.agent_id,
        disposition=disposition.code,
        callback_at=command.callback_at if disposition.effect is LeadEffect.CALLBACK else None,
        note=command.note,
        at=now,
    )
    work.publish(event)
    return event


def _checked(command: RecordDisposition, known: dict[str, Disposition]) -> Disposition:
    disposition = known.get(command.disposition)
    if disposition is None:
        raise BadInput("disposition", f"there is no {command.disposition!r}", f"Choose of {', '.join(known)}")
    if not command.call_id or len(command.call_id) > 80:
        raise BadInput("call", f"{command.call_id!r} is no call id")
    if "\x00" in command.note:  # PostgreSQL keeps no such text
        raise BadInput("note", "the text holds a zero character", "Take it out")
    if disposition.effect is LeadEffect.CALLBACK:
        if command.callback_at is None:
            raise BadInput("callback_at", f"{disposition.label!r} needs a time", "Say when to call back")
        if command.callback_at.tzinfo is None:
            raise BadInput("callback_at", "the time has no zone", "Convert it with local_to_utc first")
    return disposition


def _blocked(number: str, disposition: Disposition) -> Blocked:
    return Blocked(BlockKind.NUMBER, number, reason=f"disposition: {disposition.label}")


async def _mark_number(
    work: UnitOfWork, call: DisposedCall, disposition: Disposition, before: Disposition | None
) -> None:
    """Dead numbers are marked; the mark a replaced result left is taken away."""
    if call.contact_id is None or call.number is None:
        return
    if disposition.effect is LeadEffect.DEAD_NUMBER:
        await book.set_number_dead(work, call.contact_id, call.number, dead=True)
    elif before is not None and before.effect is LeadEffect.DEAD_NUMBER:
        await book.set_number_dead(work, call.contact_id, call.number, dead=False)


async def _move_lead(
    work: UnitOfWork, call: DisposedCall, disposition: Disposition, command: RecordDisposition, now: datetime
) -> None:
    if call.campaign_id is None or call.lead_id is None:
        return
    has_number = True
    if disposition.effect is LeadEffect.DEAD_NUMBER and call.contact_id is not None:
        has_number = await book.has_live_number(work, call.contact_id)
    change = lead_change(disposition, command, now, has_number=has_number)
    if await book.change_lead(work, call.campaign_id, call.lead_id, change):
        work.publish(LeadClosed(call.lead_id, call.campaign_id, disposition.code, now))


def lead_change(disposition: Disposition, command: RecordDisposition, now: datetime, *, has_number: bool) -> LeadChange:
    """What the result makes of the lead; `has_number`: one is left that is not dead."""
    match disposition.effect:
        case LeadEffect.RETRY:
            return LeadChange(LeadState.OPEN, next_attempt_at=now + (disposition.retry_after or _DEFAULT_RETRY))
        case LeadEffect.CALLBACK:
            agent_id = None if command.callback_for_anyone else command.agent_id
            at = command.callback_at
            return LeadChange(LeadState.OPEN, next_attempt_at=at, callback_at=at, callback_agent_id=agent_id)
        case LeadEffect.DEAD_NUMBER if has_number:
            return LeadChange(LeadState.OPEN, next_attempt_at=now)
        case LeadEffect.END | LeadEffect.DEAD_NUMBER:
            return LeadChange(LeadState.CLOSED, close_reason=disposition.code)


async def _free_agent(work: UnitOfWork, command: RecordDisposition, now: datetime) -> None:
    """End the wrap-up of this call. A result for an earlier call does not end the wrap-up of a later one."""
    if command.agent_id is None:
        return
    fields = {"call_id": command.call_id, "agent_id": command.agent_id}
    try:
        agent = await agents.agent(work, command.agent_id)
        if agent.call_id in (None, command.call_id):
            await move(work, agent, Trigger.DISPOSED, now)
    except NotFound:  # a manager may write results without taking calls
        log.info("a result by somebody who is no agent", extra=fields)
    except IllegalTransition as error:
        log.info("a result does not move the agent", extra=fields | {"state": error.state})
