"""Messages as people see to them: templates, what has become of a message, another try, and who wants none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crm_core.db import messages as rows
from crm_core.db.engine import Database
from crm_core.db.messages import OptOut
from crm_core.domain.messages import Message, MessageState, Template, checked, parse_any_address
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.handlers.message_queue import why_refused

_LONGEST_NAME, _LONGEST_LANGUAGE = 80, 8  # characters, as in the table


async def put_template(template: Template, database: Database, now: datetime) -> None:
    """Store a template; the one of the same name, channel and language is replaced. Raises BadInput."""
    async with database.work() as work:
        await rows.put_templates(work, [fitting(checked(template))], now, keep=False)


async def install_templates(shipped: Sequence[Template], database: Database, now: datetime) -> int:
    """Store those that are not there yet; how many. Raises BadInput."""
    async with database.work() as work:
        return await rows.put_templates(work, [fitting(checked(one)) for one in shipped], now, keep=True)


async def templates(database: Database, name: str | None = None) -> list[Template]:
    """All templates, or those of one name; raises NotFound where that has none."""
    async with database.reading() as work:
        found = await rows.templates(work, name)
    if name is not None and not found:
        raise NotFound("template", name, "See `trunkline message template list`")
    return found


async def list_messages(
    database: Database, state: MessageState | None = None, limit: int = 200, call_id: str | None = None
) -> list[Message]:
    """Messages, latest first."""
    async with database.reading() as work:
        return await rows.message_list(work, state, limit, call_id)


async def retry_message(message_id: int, database: Database, now: datetime) -> None:
    """Queue a message that has failed or was refused once more.

    Raises NotFound; Conflict for one that is queued, under way or sent; BadInput where no address is known or the
    person still wants no messages."""
    async with database.work() as work:
        message = await rows.message_by_id(work, message_id)
        if message.state not in (MessageState.FAILED, MessageState.REFUSED):
            raise Conflict(f"message {message_id} is {message.state}: only failed and refused ones are tried again")
        if not message.to:
            raise BadInput("address", f"message {message_id} has none", "Write to the person by hand")
        if reason := await why_refused(work, message.to, message.number, message.campaign_id):
            do = "Take the address off by `trunkline message opt-in`, or the number by `trunkline dnc remove`"
            raise BadInput("address", f"{message.to} is {reason}" if reason.startswith("on") else reason, do)
        await rows.requeue(work, message_id, now)


async def opt_out(
    raw: str, reason: str, database: Database, now: datetime, default_country: str | None = None
) -> tuple[str, bool]:
    """No more messages to this address, by any channel: the address as stored, and whether that is new. Raises
    BadInput."""
    address = parse_any_address(raw, default_country)
    async with database.work() as work:
        return address, await rows.opt_out(work, address, reason, now)


async def opt_in(raw: str, database: Database, default_country: str | None = None) -> tuple[str, bool]:
    """Messages again: the address as stored, and whether it had opted out. Raises BadInput."""
    address = parse_any_address(raw, default_country)
    async with database.work() as work:
        return address, await rows.opt_in(work, address)


async def opt_outs(database: Database, limit: int = 200) -> list[OptOut]:
    """Whoever has opted out, by address."""
    async with database.reading() as work:
        return await rows.opt_outs(work, limit)


def fitting(template: Template) -> Template:
    """The template, if it fits into its table; raises BadInput."""
    if not 0 < len(template.name) <= _LONGEST_NAME:
        raise BadInput("template", "its name is empty or longer than 80 characters")
    if not 0 < len(template.language) <= _LONGEST_LANGUAGE:
        raise BadInput("template", f"{template.language!r} is no language", "Write its code, such as uz")
    return template
