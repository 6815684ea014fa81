"""Numbers of ours that a script answers: put, listed, taken away."""

from __future__ import annotations

from crm_core.db import numbers
from crm_core.db.engine import Database
from crm_core.domain.messages import MessageChannel, parse_address
from crm_core.domain.numbers import OwnNumber
from crm_core.domain.phone import parse_phone
from crm_core.errors import BadInput, NotFound

#: What a switch hands over for an internal or short number.
_LONGEST = 20


def parse_number(raw: str, default_country: str | None = None) -> str:
    """A number of ours as calls have it: E.164, or the digits of a short one. Raises BadInput."""
    text = raw.strip()
    try:
        return parse_phone(text, default_country).e164
    except BadInput:
        if text.isascii() and text.isdigit() and len(text) <= _LONGEST:
            return text
        raise


async def put_number(own: OwnNumber, database: Database, default_country: str | None = None) -> OwnNumber:
    """Store what answers a number, in place of what did; the number as stored. Raises BadInput."""
    stored = checked_number(own, default_country)
    async with database.work() as work:
        await numbers.put(work, stored)
    return stored


def checked_number(own: OwnNumber, default_country: str | None = None) -> OwnNumber:
    """The number as it is stored; raises BadInput."""
    if own.day_script is None and own.night_script is None:
        raise BadInput("script", f"nothing would answer {own.number}", "Name a script for the day, the night or both")
    to = None if own.notify is None else parse_address(MessageChannel.EMAIL, own.notify)
    number = parse_number(own.number, default_country)
    return OwnNumber(number, own.day_script, own.night_script, own.fields, to)


async def remove_number(raw: str, database: Database, default_country: str | None = None) -> str:
    """Let agents answer the number again; the number as it was stored. Raises NotFound."""
    number = parse_number(raw, default_country)
    async with database.work() as work:
        if not await numbers.remove(work, number):
            raise NotFound("number", number, "See `trunkline number list`")
    return number


async def every_number(database: Database) -> list[OwnNumber]:
    """All numbers that a script answers."""
    async with database.reading() as work:
        return await numbers.every_number(work)
