"""Log-in sessions and API tokens: both known by the hash of a secret that only its holder has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from crm_core.db.tables import api_tokens, sessions, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.users import ACTOR, actor_in
from crm_core.domain.access import Actor, with_scopes
from crm_core.errors import BadInput, NotFound


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in. `confirmed`: the second factor was given, or none is asked."""

    id: str
    user_id: int
    csrf: str
    confirmed: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as lists show it; `hint` is its beginning."""

    id: int
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


_SESSION = [sessions.c[name] for name in Session.__dataclass_fields__]
_TOKEN = [api_tokens.c[name] for name in Token.__dataclass_fields__]


async def open_session(work: UnitOfWork, session: Session) -> None:
    await work.run(insert(sessions).values(**{n: getattr(session, n) for n in Session.__dataclass_fields__}))


async def session(work: UnitOfWork, session_id: str, now: datetime) -> tuple[Session, Actor] | None:
    """The session and whose it is; None when it ended, expired, or its user is no longer active."""
    is_live = (sessions.c.id == session_id, sessions.c.ended_at.is_(None), sessions.c.expires_at > now, users.c.active)
    joined = sessions.join(users, users.c.id == sessions.c.user_id)
    row = await work.first(select(*_SESSION, *ACTOR[1:]).select_from(joined).where(*is_live))
    if row is None:
        return None
    return Session(**{n: getattr(row, n) for n in Session.__dataclass_fields__}), actor_in(row)


async def sessions_of(work: UnitOfWork, user_id: int, now: datetime) -> list[Session]:
    """Those of a user that are live, latest first."""
    live = (sessions.c.user_id == user_id, sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
    rows = await work.all(select(*_SESSION).where(*live, sessions.c.confirmed).order_by(sessions.c.seen_at.desc()))
    return [Session(**row._mapping) for row in rows]


async def seen(work: UnitOfWork, session_id: str, at: datetime, expires_at: datetime) -> None:
    await work.run(update(sessions).where(sessions.c.id == session_id).values(seen_at=at, expires_at=expires_at))


async def end_session(work: UnitOfWork, session_id: str, at: datetime) -> None:
    """It is void from now on; ending one that has ended is no error."""
    await work.run(
        update(sessions).where(sessions.c.id == session_id, sessions.c.ended_at.is_(None)).values(ended_at=at)
    )


async def end_sessions_of(work: UnitOfWork, user_id: int, at: datetime, but: str = "") -> int:
    """End all of a user's sessions but one; how many."""
    live = (sessions.c.user_id == user_id, sessions.c.ended_at.is_(None), sessions.c.id != but)
    return int((await work.run(update(sessions).where(*live).values(ended_at=at))).rowcount)


async def forget_sessions(work: UnitOfWork, before: datetime) -> None:
    """Delete what ended or expired before then."""
    await work.run(delete(sessions).where(sessions.c.expires_at < before))


async def add_token(
    work: UnitOfWork,
    user_id: int,
    name: str,
    hashed: str,
    hint: str,
    scopes: Sequence[str],
    at: datetime,
    expires_at: datetime,
) -> int:
    """Add a token; returns its id. Raises BadInput where the user has one of that name."""
    taken = select(api_tokens.c.id).where(api_tokens.c.user_id == user_id, api_tokens.c.name == name)
    if await work.scalar(taken) is not None:
        raise BadInput("name", f"you have a token {name!r} already", "Choose another name")
    row = {"user_id": user_id, "name": name, "hash": hashed, "hint": hint, "scopes": list(scopes)}
    adding = insert(api_tokens).values(**row, created_at=at, expires_at=expires_at)
    return int((await work.run(adding.returning(api_tokens.c.id))).scalar_one())


async def tokens_of(work: UnitOfWork, user_id: int) -> list[Token]:
    rows = await work.all(select(*_TOKEN).where(api_tokens.c.user_id == user_id).order_by(api_tokens.c.id.desc()))
    return [_token(row._mapping) for row in rows]


async def revoke_token(work: UnitOfWork, user_id: int, token_id: int, at: datetime) -> None:
    """It is void from now on. Raises NotFound for one that is not this user's."""
    mine = (api_tokens.c.id == token_id, api_tokens.c.user_id == user_id)
    if await work.scalar(select(api_tokens.c.id).where(*mine)) is None:
        raise NotFound("token", token_id)
    await work.run(update(api_tokens).where(*mine, api_tokens.c.revoked_at.is_(None)).values(revoked_at=at))


async def actor_of_token(work: UnitOfWork, hashed: str, now: datetime) -> tuple[Actor, datetime | None] | None:
    """Whose token it is, with the rights it has, and when it was last used; None for one that is void or unknown."""
    joined = api_tokens.join(users, users.c.id == api_tokens.c.user_id)
    query = select(api_tokens.c.id.label("token_id"), api_tokens.c.scopes, api_tokens.c.used_at, *ACTOR)
    is_live = (api_tokens.c.hash == hashed, api_tokens.c.revoked_at.is_(None), api_tokens.c.expires_at > now)
    row = await work.first(query.select_from(joined).where(*is_live, users.c.active))
    if row is None:
        return None
    return with_scopes(actor_in(row), frozenset(row.scopes), row.token_id), row.used_at


async def token_used(work: UnitOfWork, token_id: int, at: datetime) -> None:
    await work.run(update(api_tokens).where(api_tokens.c.id == token_id).values(used_at=at))


def _token(values: Any) -> Token:
    return Token(**{**values, "scopes": tuple(values["scopes"])})
