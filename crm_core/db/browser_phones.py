"""Which browsers are phones: the digest of a session's secret, and whose phone it is for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from crm_core.db.tables import agents, sessions, users
from crm_core.db.unit_of_work import UnitOfWork


async def phone_of(work: UnitOfWork, user_id: int) -> str | None:
    """The phone of a user whose phone is his browser; None for anybody else."""
    found: str | None = await work.scalar(select(agents.c.phone).where(agents.c.id == user_id, agents.c.browser))
    return found


async def keep_digest(work: UnitOfWork, user_id: int, session_id: str, digest: str) -> None:
    """This session's browser is the phone from now on, and no other of the user's."""
    others = (sessions.c.user_id == user_id, sessions.c.phone_digest.is_not(None), sessions.c.id != session_id)
    await work.run(update(sessions).where(*others).values(phone_digest=None))
    await work.run(update(sessions).where(sessions.c.id == session_id).values(phone_digest=digest))


async def wanted(work: UnitOfWork, now: datetime) -> dict[str, str]:
    """Phone → digest, of everybody whose browser may be a phone just now."""
    live = (sessions.c.confirmed, sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
    joined = sessions.join(users, users.c.id == sessions.c.user_id).join(agents, agents.c.id == users.c.id)
    query = select(agents.c.phone, sessions.c.phone_digest).select_from(joined)
    rows = await work.all(query.where(*live, users.c.active, agents.c.browser, sessions.c.phone_digest.is_not(None)))
    return {row.phone: row.phone_digest for row in rows}


async def is_phone(work: UnitOfWork, session_id: str) -> bool:
    """Whether the browser of this session is its user's phone."""
    return await work.scalar(select(sessions.c.phone_digest).where(sessions.c.id == session_id)) is not None
