"""Events as those follow them who keep a mark of how far they have come."""

from __future__ import annotations

from datetime import datetime

from cattrs.errors import BaseValidationError
from sqlalchemy import select

from crm_core.db.codec import event_of
from crm_core.db.site import put_setting, setting
from crm_core.db.tables import outbox
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.events import Envelope

_MARK = "followed: {}"


async def newest_event(work: UnitOfWork, older_than: datetime) -> int:
    """The highest id of an event that old; 0: there is none."""
    # By the key, backwards: rows lie in the order of their age, and only few are younger.
    old = select(outbox.c.id).where(outbox.c.at <= older_than).order_by(outbox.c.id.desc()).limit(1)
    return int(await work.scalar(old) or 0)


async def events_between(work: UnitOfWork, after: int, upto: int, limit: int) -> tuple[list[Envelope], int | None]:
    """Events with ids above `after`, up to `upto`, lowest first, as far as this version can read them; and the id to go
    on from, None at the end."""
    query = select(outbox.c.id, outbox.c.type, outbox.c.payload).where(outbox.c.id > after, outbox.c.id <= upto)
    rows = await work.all(query.order_by(outbox.c.id).limit(limit))
    found = []
    for row in rows:
        try:
            found.append(Envelope(row.id, event_of(row.type, row.payload)))
        except (KeyError, BaseValidationError):  # of another version; said by the relay
            continue
    return found, int(rows[-1].id) if len(rows) == limit else None


async def mark_of(work: UnitOfWork, group: str) -> int | None:
    """How far the group has come; None: it has not begun."""
    value = await setting(work, _MARK.format(group))
    return None if value is None else int(value)


async def put_mark(work: UnitOfWork, group: str, event_id: int) -> None:
    await put_setting(work, _MARK.format(group), event_id)
