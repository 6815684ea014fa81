"""Whether somebody may be told of an event: by the same conditions as lists and pages, asked for one event's things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from crm_core.db.tables import agents, calls, campaigns, contacts, conversations, deals, recordings, tasks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import (
    reached_person,
    visible_agents,
    visible_calls,
    visible_campaigns,
    visible_contacts,
    visible_conversations,
    visible_deals,
    visible_recordings,
    visible_tasks,
)
from crm_core.domain.access import Actor, Right, Sees
from crm_core.domain.webhooks import RIGHTS


@dataclass(frozen=True, slots=True)
class Sight:
    """How much somebody sees of an event; `person`: also whom it is about; `number`: also his number, which a call that
    somebody took has by itself."""

    event: bool
    person: bool
    number: bool


_NOTHING = Sight(event=False, person=False, number=False)


async def sight_of(work: UnitOfWork, actor: Actor, kind: str, data: Mapping[str, Any]) -> Sight:
    """What `actor` sees of an event of this kind (call.ended) with these fields. Of kinds not known here, nothing."""
    noun = kind.partition(".")[0]
    right = RIGHTS.get(noun)
    if right is None or not actor.may(right):
        return _NOTHING
    wanted = _row_of(actor, kind, data)
    if wanted is None or await work.scalar(wanted) is None:
        return _NOTHING
    person = await _sees_person(work, actor, data)
    return Sight(event=True, person=person, number=person or await _sees_number(work, actor, data))


def _row_of(actor: Actor, kind: str, data: Mapping[str, Any]) -> Any:
    """A query for the thing the event is about, as far as it is seen; None where the event names none."""
    noun = kind.partition(".")[0]
    if noun == "lead" and data.get("call_id") is None:
        noun = "campaign"
    match noun:
        case "call" | "lead":
            return _seen(calls.c.id, data.get("call_id"), visible_calls(actor))
        case "conversation":
            return _seen(conversations.c.call_id, data.get("call_id"), visible_conversations(actor))
        case "recording":
            return _seen(recordings.c.path, data.get("path"), visible_recordings(actor))
        case "attempt" | "campaign":
            return _seen(campaigns.c.id, data.get("campaign_id"), visible_campaigns(actor))
        case "agent":
            return _seen(agents.c.id, data.get("agent_id"), visible_agents(actor))
        case "task":
            return _seen(tasks.c.id, data.get("task_id"), visible_tasks(actor))
        case "deal":
            return _seen(deals.c.id, data.get("deal_id"), visible_deals(actor))
        case _:
            return None


def _seen(column: ColumnElement[Any], value: Any, condition: ColumnElement[bool]) -> Any:
    return None if value is None else select(column).where(column == value, condition).limit(1)


async def _sees_person(work: UnitOfWork, actor: Actor, data: Mapping[str, Any]) -> bool:
    if not actor.may(Right.SEE_CONTACTS):
        return False
    contact_id = data.get("contact_id")
    if contact_id is None:
        return True
    his = select(contacts.c.id).where(contacts.c.id == contact_id, visible_contacts(actor, one_by_one=True))
    return await work.scalar(his) is not None


async def _sees_number(work: UnitOfWork, actor: Actor, data: Mapping[str, Any]) -> bool:
    """Of an event whose person he does not see."""
    if actor.sees is not Sees.TEAM:
        return True
    of_his = _seen(calls.c.id, data.get("call_id"), and_(visible_calls(actor), reached_person(actor)))
    return of_his is not None and await work.scalar(of_his) is not None
