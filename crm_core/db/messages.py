"""Messages and their templates: queued, taken by a sender under a lease, settled; and who wants none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, delete, literal_column, select, update

from crm_core.db.batches import inserting
from crm_core.db.tables import contacts, leads, message_opt_outs, message_templates, messages
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.messages import Message, MessageChannel, MessageState, Rendered, Template
from crm_core.errors import NotFound

_KEYS = ["name", "channel", "language"]
#: Written out, not as a parameter: only so do both databases see that the small index will do.
_IS_QUEUED = messages.c.state == literal_column("'queued'")
_MESSAGE = [messages.c[name] for name in Message.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be queued; the fields are those of `Message`. With `refused`, it is kept to show why it is not sent.

    `at`: when it came about, and so when it is due."""

    key: str
    channel: MessageChannel
    to: str
    template: str
    words: Rendered
    at: datetime
    number: str | None = None
    contact_id: int | None = None
    call_id: str | None = None
    campaign_id: int | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a person can be written to, besides the number of the call; as stored, not checked."""

    email: str | None = None
    telegram: str | None = None


@dataclass(frozen=True, slots=True)
class OptOut:
    """No messages to this address."""

    address: str
    reason: str
    at: datetime


async def put_templates(work: UnitOfWork, templates: Sequence[Template], at: datetime, *, keep: bool) -> int:
    """Store templates; those that stand are replaced, or with `keep` left as they are. Returns how many it wrote."""
    rows = [
        {
            "name": t.name,
            "channel": t.channel.value,
            "language": t.language,
            "subject": t.subject,
            "body": t.body,
            "changed_at": at,
        }
        for t in templates
    ]
    kept = ["subject", "body", "changed_at"] if keep else []
    return await work.upsert(message_templates, rows, _KEYS, keep=kept)


async def templates(work: UnitOfWork, name: str | None = None) -> list[Template]:
    """All of this name (None: all), by name, channel and language."""
    query = select(message_templates).order_by(*(message_templates.c[key] for key in _KEYS))
    if name is not None:
        query = query.where(message_templates.c.name == name)
    rows = await work.all(query)
    return [Template(r.name, MessageChannel(r.channel), r.language, r.body, r.subject) for r in rows]


async def addresses_of(work: UnitOfWork, contact_id: int | None, lead_id: int | None) -> Addresses:
    """What contact and lead say: the contact's e-mail address, and fields named email or telegram; the lead's first."""
    contact = await work.first(select(contacts.c.email, contacts.c.fields).where(contacts.c.id == contact_id))
    lead = await work.first(select(leads.c.fields).where(leads.c.id == lead_id))
    fields: dict[str, Any] = {**(contact.fields if contact else {}), **(lead.fields if lead else {})}
    known = {name: str(fields[name]) for name in ("email", "telegram") if fields.get(name) not in (None, "")}
    return Addresses((contact.email if contact else None) or known.get("email"), known.get("telegram"))


async def queue(work: UnitOfWork, new: NewMessage) -> bool:
    """Put a message in the queue, or on record as refused; False if one of this key stands there already."""
    row = {
        "key": new.key,
        "token": uuid4().hex,
        "channel": new.channel.value,
        "to": new.to,
        "template": new.template,
        "subject": new.words.subject,
        "body": new.words.body,
        "state": (MessageState.QUEUED if new.refused is None else MessageState.REFUSED).value,
        "attempts": 0,
        "due_at": new.at,
        "created_at": new.at,
        "number": new.number,
        "contact_id": new.contact_id,
        "call_id": new.call_id,
        "campaign_id": new.campaign_id,
        "last_error": new.refused,
    }
    adding = inserting(work, messages).values(**row).on_conflict_do_nothing(index_elements=["key"])
    return (await work.run(adding.returning(messages.c.id))).first() is not None


async def channels_due(work: UnitOfWork, now: datetime) -> set[MessageChannel]:
    """Channels for which messages are due."""
    due = select(messages.c.channel).where(_IS_QUEUED, messages.c.due_at <= now).distinct()
    return {MessageChannel(row.channel) for row in await work.all(due)}


async def claim(
    work: UnitOfWork, channel: MessageChannel, now: datetime, leased_until: datetime, limit: int
) -> list[Message]:
    """Take due messages to send them, longest due first; nobody else gets them before `leased_until`, if ever."""
    due = select(messages.c.id).where(_IS_QUEUED, messages.c.channel == channel.value, messages.c.due_at <= now)
    oldest = due.order_by(messages.c.due_at, messages.c.id).limit(limit)
    ids = [row.id for row in await work.all(oldest.with_for_update(skip_locked=True))]
    if not ids:
        return []
    taking = (
        update(messages)
        .where(messages.c.id.in_(ids))
        .values(state=MessageState.SENDING.value, attempts=messages.c.attempts + 1, leased_until=leased_until)
    )
    taken = [_message(row) for row in await work.run(taking.returning(*_MESSAGE))]
    return sorted(taken, key=lambda message: (message.due_at, message.id))


async def any_lapsed(work: UnitOfWork, now: datetime) -> bool:
    """Whether there are messages whose sender has not come back within its lease."""
    return await work.first(select(messages.c.id).where(*_has_lapsed(now)).limit(1)) is not None


async def lapsed(work: UnitOfWork, now: datetime, limit: int = 100) -> list[Message]:
    """Those messages, to be settled by whoever asks."""
    over = select(*_MESSAGE).where(*_has_lapsed(now))
    over = over.order_by(messages.c.leased_until, messages.c.id).limit(limit)
    return [_message(row) for row in await work.all(over.with_for_update(skip_locked=True))]


async def settle(work: UnitOfWork, message: Message, state: MessageState, **values: Any) -> bool:
    """End the claim by which `message` was read; False if it is no longer that claim's, and nothing is written."""
    same = (messages.c.id == message.id, messages.c.leased_until == message.leased_until)
    writing = update(messages).where(*same).values(state=state.value, leased_until=None, **values)
    return bool((await work.run(writing)).rowcount)


async def message_by_id(work: UnitOfWork, message_id: int) -> Message:
    """The message; raises NotFound."""
    row = await work.first(select(*_MESSAGE).where(messages.c.id == message_id).with_for_update())
    if row is None:
        raise NotFound("message", message_id, "See `trunkline message list`")
    return _message(row)


async def requeue(work: UnitOfWork, message_id: int, now: datetime) -> None:
    """Let the message be sent as if it had never been tried."""
    fresh = {"state": MessageState.QUEUED.value, "attempts": 0, "due_at": now, "last_error": None}
    await work.run(update(messages).where(messages.c.id == message_id).values(**fresh))


async def message_list(
    work: UnitOfWork, state: MessageState | None = None, limit: int = 200, call_id: str | None = None
) -> list[Message]:
    """Messages, latest first."""
    query = select(*_MESSAGE).order_by(messages.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(messages.c.state == state.value)
    if call_id is not None:
        query = query.where(messages.c.call_id == call_id)
    return [_message(row) for row in await work.all(query)]


async def opted_out(work: UnitOfWork, addresses: Collection[str]) -> dict[str, str]:
    """Those of the addresses that want no messages, with the reason."""
    if not addresses:
        return {}
    found = select(message_opt_outs).where(message_opt_outs.c.address.in_(sorted(addresses)))
    return {row.address: row.reason for row in await work.all(found)}


async def opt_out(work: UnitOfWork, address: str, reason: str, at: datetime) -> bool:
    """No more messages to this address; False if that stood there already."""
    row = {"address": address, "reason": reason[:200], "at": at}
    return bool(await work.upsert(message_opt_outs, [row], ["address"], keep=["reason", "at"]))


async def opt_in(work: UnitOfWork, address: str) -> bool:
    """Messages again; False if the address had not opted out."""
    return bool((await work.run(delete(message_opt_outs).where(message_opt_outs.c.address == address))).rowcount)


async def opt_outs(work: UnitOfWork, limit: int = 200) -> list[OptOut]:
    """Whoever has opted out, by address."""
    rows = await work.all(select(message_opt_outs).order_by(message_opt_outs.c.address).limit(limit))
    return [OptOut(row.address, row.reason, row.at) for row in rows]


def _has_lapsed(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return messages.c.leased_until.is_not(None), messages.c.leased_until <= now


def _message(row: Row[Any]) -> Message:
    values = dict(zip(Message.__dataclass_fields__, row, strict=True))
    channel, state = MessageChannel(values["channel"]), MessageState(values["state"])
    return Message(**{**values, "channel": channel, "state": state})
