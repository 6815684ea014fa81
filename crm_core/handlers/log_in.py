"""Logging in and out: password, second factor, lockout, and the session that stands for both afterwards."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_core.db import audit, sessions, users
from crm_core.db.engine import Database
from crm_core.db.sessions import Session
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.users import Credentials
from crm_core.domain.access import Actor
from crm_core.errors import NotLoggedIn, TooMany
from crm_core.handlers.passwords import hash_of, is_password, new_secret, totp_step

#: A session nobody uses ends after a shift; used or not, after a week.
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
#: How long the second factor may take.
_SECOND_FACTOR_WITHIN = timedelta(minutes=5)
#: How often "seen" is written.
_SEEN_EVERY = timedelta(minutes=1)
_WRONG = "the name or the password is wrong"


@dataclass(frozen=True, slots=True)
class Door:
    """Where somebody comes from: his address and what his browser calls itself."""

    address: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """`secret` is for the cookie and nowhere else. Not `confirmed`: the second factor is still asked for."""

    secret: str
    session: Session


def lock_for(failed: int) -> timedelta | None:
    """How long nobody may try after so many failures in a row: from the fifth, 30 s, then twice as long each time."""
    if failed < 5:
        return None
    seconds: int = 30 * 2 ** min(failed - 5, 10)
    return min(timedelta(seconds=seconds), timedelta(hours=1))


async def log_in(name: str, password: str, door: Door, database: Database, now: datetime) -> LoggedIn:
    """Check name and password and open a session. Raises NotLoggedIn, and TooMany while the user is locked."""
    async with database.work() as work:
        known = await users.credentials(work, name)
        _check_lock(known, now)
    is_right = await is_password(password, known.password_hash if known else None)
    async with database.work() as work:
        if known is None:
            await audit.note(work, "login.refused", "user", name, now, by=name, address=door.address)
        elif not is_right:
            await _failed(work, known.name, door, now)
        else:
            return await _opened(work, known.user_id, door, now, confirmed=known.totp_secret is None)
    raise NotLoggedIn(_WRONG)


async def give_code(cookie: str, code: str, door: Door, database: Database, now: datetime) -> LoggedIn:
    """Give the second factor. The session gets a new secret; the half-open one ends. Raises as `log_in` does."""
    async with database.work() as work:
        found = await sessions.session(work, hash_of(cookie), now)
        if found is None or found[0].confirmed:
            raise NotLoggedIn("it took too long: log in again")
        known = await users.credentials(work, found[1].name)
        _check_lock(known, now)
        if known is not None and known.totp_secret is not None:
            step = totp_step(known.totp_secret, code, now.timestamp(), known.totp_used)
            if step is not None:
                await users.change(work, known.user_id, totp_used=step)
                await sessions.end_session(work, found[0].id, now)
                return await _opened(work, known.user_id, door, now, confirmed=True)
            await _failed(work, known.name, door, now)
    raise NotLoggedIn("the code is wrong or was used before: wait for the next one")


async def resume(cookie: str, database: Database, now: datetime) -> tuple[Session, Actor]:
    """Whose browser this is. Raises NotLoggedIn for a session that is unknown, over, or half open."""
    async with database.reading() as work:
        found = await sessions.session(work, hash_of(cookie), now)
    if found is None or not found[0].confirmed:
        raise NotLoggedIn("you are not logged in, or no longer")
    session = found[0]
    if now - session.seen_at >= _SEEN_EVERY:
        async with database.work() as work:
            await sessions.seen(work, session.id, now, min(now + IDLE, session.created_at + LONGEST))
    return found


async def log_out(cookie: str, database: Database, now: datetime) -> None:
    """End the session of this browser; one that has ended is no error."""
    async with database.work() as work:
        await sessions.end_session(work, hash_of(cookie), now)


async def log_out_elsewhere(actor: Actor, but: str, database: Database, now: datetime) -> int:
    """End the user's sessions in all other browsers; how many. `but` is the session's id that stays."""
    async with database.work() as work:
        await audit.record(work, actor, "sessions.ended", "user", actor.user_id, now)
        return await sessions.end_sessions_of(work, actor.user_id, now, but)


async def sessions_of(actor: Actor, database: Database, now: datetime) -> list[Session]:
    """The browsers in which the user is logged in, the one used last first."""
    async with database.reading() as work:
        return await sessions.sessions_of(work, actor.user_id, now)


def _check_lock(known: Credentials | None, now: datetime) -> None:
    if known is not None and known.locked_until is not None and known.locked_until > now:
        left = int((known.locked_until - now).total_seconds()) + 1
        raise TooMany("too many wrong passwords or codes", left)


async def _failed(work: UnitOfWork, name: str, door: Door, now: datetime) -> None:
    known = await users.credentials(work, name)  # anew: the password took its time, another may have failed meanwhile
    if known is None:
        return
    failed = known.failed_logins + 1
    rest = lock_for(failed)
    await users.change(work, known.user_id, failed_logins=failed, locked_until=now + rest if rest else None)
    await audit.note(
        work, "login.refused", "user", known.user_id, now, by=name, user_id=known.user_id, address=door.address
    )


async def _opened(work: UnitOfWork, user_id: int, door: Door, now: datetime, *, confirmed: bool) -> LoggedIn:
    secret = new_secret()
    expires_at = now + (IDLE if confirmed else _SECOND_FACTOR_WITHIN)
    csrf = secrets.token_urlsafe(24)
    address, browser = door.address[:64], door.browser[:200]
    session = Session(hash_of(secret), user_id, csrf, confirmed, now, now, expires_at, address, browser)
    await sessions.open_session(work, session)
    if confirmed:
        await users.change(work, user_id, failed_logins=0, locked_until=None)
        await sessions.forget_sessions(work, now - LONGEST)
        who = await users.actor(work, user_id)
        await audit.record(work, who, "login.accepted", "user", user_id, now, address=address)
    return LoggedIn(secret, session)
