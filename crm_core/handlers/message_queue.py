"""Messages put in the queue with whatever gave rise to them; what cannot be sent becomes a task for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crm_core.db import messages, site, tasks
from crm_core.db.dispositions import DisposedCall
from crm_core.db.do_not_call import WHOLE_SYSTEM, blocks_for
from crm_core.db.messages import NewMessage
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.conversations import Conversation, WantedMessage
from crm_core.domain.messages import MessageChannel, Template, parse_address, render
from crm_core.domain.sales import TaskKind
from crm_core.domain.work_calendar import next_working_time
from crm_core.errors import BadInput

#: A field of this name holds the address of somebody other than the person on the call.
TO_FIELD = "to"
_UNKNOWN = {
    MessageChannel.EMAIL: "no e-mail address is known",
    MessageChannel.SMS: "no number is known",
    MessageChannel.WHATSAPP: "no number is known",
    MessageChannel.TELEGRAM: "no Telegram chat is known",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Who is written to, and in which call and campaign that came up. `number`: E.164."""

    number: str | None = None
    contact_id: int | None = None
    lead_id: int | None = None
    call_id: str | None = None
    campaign_id: int | None = None


@dataclass(frozen=True, slots=True)
class MessageOrder:
    """A message somebody wants sent. `key` (at most 200 characters) names what it is about, so that it goes out once;
    `to` None: to the person's own address; `by` is whom tasks name as their maker."""

    key: str
    template: str
    channel: MessageChannel
    language: str
    by: str
    person: Person = Person()
    fields: Mapping[str, str] = field(default_factory=dict)
    to: str | None = None


async def queue_of_call(work: UnitOfWork, conversation: Conversation, call: DisposedCall, now: datetime) -> None:
    """Queue what a conversation promised, in its own commit. Call it after its do-not-call entries are written."""
    person = Person(call.number, call.contact_id, call.lead_id, call.call_id, call.campaign_id)
    wanted = {(one.template, one.channel): one for one in conversation.messages}  # the last of a kind counts
    for one in wanted.values():
        await queue_or_task(work, _order(one, conversation, person), now)


def _order(one: WantedMessage, conversation: Conversation, person: Person) -> MessageOrder:
    return MessageOrder(
        key=f"{conversation.call_id} {one.channel} {one.template}",
        template=one.template,
        channel=one.channel,
        language=conversation.language,
        by=f"bot: {conversation.script}",
        person=person,
        fields=one.fields,
        to=one.fields.get(TO_FIELD),
    )


async def queue_or_task(work: UnitOfWork, order: MessageOrder, now: datetime) -> None:
    """Queue a message; where that cannot be done, a task says what is wrong, and nothing is lost. Who has opted out
    gets neither: the message is kept as refused."""
    try:
        await _queue(work, order, now)
    except BadInput as error:
        given = "; ".join(f"{name}: {value}" for name, value in order.fields.items() if value)
        title = f"Send {order.template} by {order.channel}: {error.what}" + (f" ({given})" if given else "")
        await add_task(work, title, order.by, order.person, now)


async def add_task(work: UnitOfWork, title: str, by: str, person: Person, now: datetime) -> None:
    """A task for the next working time; a longer title is cut at 200 characters."""
    new = tasks.NewTask(
        kind=TaskKind.FOLLOW_UP,
        title=title[:200],
        due_at=next_working_time(now, await site.calendar(work)),
        by=by,
        created_at=now,
        contact_id=person.contact_id,
        call_id=person.call_id,
        number=person.number,
    )
    await tasks.create_task(work, new)


async def why_refused(work: UnitOfWork, to: str, number: str | None, campaign_id: int | None) -> str | None:
    """Why nothing may be sent to this address of the person with this number, or None if it may."""
    if reason := (await messages.opted_out(work, {to})).get(to):
        return f"opted out: {reason}"
    for e164 in {number, to if to.startswith("+") else None} - {None}:
        assert e164 is not None
        for block in await blocks_for(work, e164, campaign_id or WHOLE_SYSTEM):
            return f"on the do-not-call list: {block.reason}"
    return None


async def _queue(work: UnitOfWork, order: MessageOrder, now: datetime) -> None:
    """Raises BadInput where template, field or address is missing."""
    template = await _template(work, order)
    words = render(template, order.fields)
    to = await _address(work, order)
    # Who gets a message about somebody else is not asked whether that one wants calls.
    number = order.person.number if order.to is None else None
    refused = await why_refused(work, to, number, order.person.campaign_id) if to else _UNKNOWN[order.channel]
    new = NewMessage(
        key=order.key,
        channel=order.channel,
        to=to,
        template=order.template,
        words=words,
        at=now,
        number=number,
        contact_id=order.person.contact_id,
        call_id=order.person.call_id,
        campaign_id=order.person.campaign_id,
        refused=refused,
    )
    is_new = await messages.queue(work, new)
    if is_new and not to:
        raise BadInput("address", _UNKNOWN[order.channel])


async def _template(work: UnitOfWork, order: MessageOrder) -> Template:
    named = [t for t in await messages.templates(work, order.template) if t.channel is order.channel]
    for template in named:
        if template.language == order.language:
            return template
    if named:
        others = ", ".join(template.language for template in named)
        raise BadInput("template", f"there is no such template in {order.language}, only in {others}")
    raise BadInput("template", f"there is no such template in {order.language}")


async def _address(work: UnitOfWork, order: MessageOrder) -> str:
    """Empty where none is known; raises BadInput where what is known is no address."""
    if order.to is not None:
        raw: str | None = order.to
    elif order.channel in (MessageChannel.SMS, MessageChannel.WHATSAPP):
        return order.person.number or ""
    else:
        known = await messages.addresses_of(work, order.person.contact_id, order.person.lead_id)
        raw = known.email if order.channel is MessageChannel.EMAIL else known.telegram
    return parse_address(order.channel, raw) if raw and raw.strip() else ""
