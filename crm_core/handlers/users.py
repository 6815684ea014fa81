"""Users: made, given passwords, second factors, teams and rights; tokens for the API."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crm_core.db import audit, sessions, users
from crm_core.db.engine import Database
from crm_core.db.sessions import Token
from crm_core.db.users import User
from crm_core.domain.access import SCOPES, Actor, Right, Role, Sees
from crm_core.errors import BadInput, Conflict, NotLoggedIn
from crm_core.handlers.passwords import (
    check_password,
    hash_of,
    hash_password,
    is_password,
    new_secret,
    new_totp_secret,
    totp_step,
)

_LONGEST_TOKEN = timedelta(days=366)
#: Before a token's secret, so that a leaked one is known for what it is.
TOKEN_PREFIX = "trk_"
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewUser:
    """`password` None: he takes calls and does not log in. `sees`, `masked` None: as his role says."""

    name: str
    role: Role
    password: str | None = None
    team: str | None = None
    email: str | None = None
    language: str | None = None
    sees: Sees | None = None
    masked: bool | None = None
    extra_rights: frozenset[Right] = frozenset()


async def create_user(new: NewUser, by: Actor | None, database: Database, now: datetime) -> int:
    """Make a user; returns his id. `by` None: the command line. Raises BadInput, and Forbidden."""
    if by is not None:
        by.require(Right.CHANGE_USERS)
    name = new.name.strip()
    if not name or len(name) > 120:
        raise BadInput("name", "the name is empty or longer than 120 characters")
    hashed = None
    if new.password is not None:
        check_password(new.password, name)
        hashed = await hash_password(new.password)
    values: dict[str, Any] = {"password_hash": hashed, "email": new.email, "language": new.language}
    values |= {"sees": new.sees, "masked": new.masked, "extra_rights": sorted(new.extra_rights)}
    async with database.work() as work:
        if new.team:
            values["team_id"] = await users.team_named(work, new.team.strip()[:120], now)
        user_id = await users.create(work, name, new.role, now, **values)
        await _noted(work, by, "user.created", user_id, now, {"role": new.role.value})
    return user_id


#: What `change_user` changes.
CHANGEABLE = frozenset({"role", "team", "active", "sees", "masked", "extra_rights", "email", "language", "zone"})


async def change_user(
    user_id: int, changes: Mapping[str, Any], by: Actor | None, database: Database, now: datetime
) -> User:
    """Change some of `CHANGEABLE`; one who is no longer active is logged out everywhere, as is one whose rights change.

    Raises BadInput, NotFound, Forbidden, and Conflict rather than leave the site without an administrator.
    """
    if by is not None:
        by.require(Right.CHANGE_USERS)
    if unknown := changes.keys() - CHANGEABLE:
        raise BadInput("user", f"{', '.join(sorted(unknown))} cannot be changed")
    values = dict(changes)
    async with database.work() as work:
        before = await users.user(work, user_id)
        if "team" in values:
            team = (values.pop("team") or "").strip()[:120]
            values["team_id"] = await users.team_named(work, team, now) if team else None
        if "extra_rights" in values:
            values["extra_rights"] = sorted(values["extra_rights"])
        if values:
            await users.change(work, user_id, **values)
        every = await users.every_user(work)
        if not any(u.active and u.role is Role.ADMINISTRATOR for u in every) and before.role is Role.ADMINISTRATOR:
            raise Conflict("he is the last administrator: make another one first")
        if {"active", "role", "sees", "masked", "extra_rights", "team_id"} & values.keys():
            await sessions.end_sessions_of(work, user_id, now)
        await _noted(work, by, "user.changed", user_id, now, {name: str(value) for name, value in changes.items()})
        return await users.user(work, user_id)


async def set_password(user_id: int, password: str, by: Actor | None, database: Database, now: datetime) -> None:
    """Give a user a new password; he is logged out everywhere and no longer locked. Raises BadInput, NotFound."""
    if by is not None:
        by.require(Right.CHANGE_USERS)
    async with database.reading() as work:
        known = await users.user(work, user_id)
    check_password(password, known.name)
    hashed = await hash_password(password)
    async with database.work() as work:
        await users.change(work, user_id, password_hash=hashed, failed_logins=0, locked_until=None)
        await sessions.end_sessions_of(work, user_id, now)
        await _noted(work, by, "user.password_set", user_id, now)


async def change_own_password(
    actor: Actor, old: str, new: str, keep_session: str, database: Database, now: datetime
) -> None:
    """The user's own choice; he stays logged in here and nowhere else. Raises BadInput, and NotLoggedIn for `old`."""
    async with database.reading() as work:
        known = await users.credentials(work, actor.name)
    if known is None or not await is_password(old, known.password_hash):
        raise NotLoggedIn("the old password is wrong")
    check_password(new, actor.name)
    hashed = await hash_password(new)
    async with database.work() as work:
        await users.change(work, actor.user_id, password_hash=hashed)
        await sessions.end_sessions_of(work, actor.user_id, now, keep_session)
        await audit.record(work, actor, "user.password_set", "user", actor.user_id, now)


async def begin_totp() -> str:
    """A secret for an authenticator; nothing is kept until `confirm_totp`."""
    return new_totp_secret()


async def confirm_totp(actor: Actor, secret: str, code: str, database: Database, now: datetime) -> None:
    """Ask for codes of this secret from now on, once the user has shown that he has them. Raises BadInput."""
    step = totp_step(secret, code, now.timestamp(), 0)
    if step is None:
        raise BadInput("code", "the code does not fit", "Check the phone's clock, and write the newest code")
    async with database.work() as work:
        await users.change(work, actor.user_id, totp_secret=secret, totp_used=step)
        await audit.record(work, actor, "user.second_factor_on", "user", actor.user_id, now)


async def drop_totp(user_id: int, by: Actor | None, database: Database, now: datetime) -> None:
    """Ask for no codes any more: the user himself, or an administrator for one who lost his phone."""
    if by is not None and by.user_id != user_id:
        by.require(Right.CHANGE_USERS)
    async with database.work() as work:
        await users.change(work, user_id, totp_secret=None, totp_used=0)
        await _noted(work, by, "user.second_factor_off", user_id, now)


async def drop_own_totp(actor: Actor, password: str, database: Database, now: datetime) -> None:
    """The user's own choice, by his password: a browser left open is not enough. Raises NotLoggedIn."""
    async with database.work() as work:
        known = await users.credentials(work, actor.name)
    if known is None or not await is_password(password, known.password_hash):
        raise NotLoggedIn("the password is wrong")
    await drop_totp(actor.user_id, actor, database, now)


async def choose_language(actor: Actor, language: str, database: Database) -> None:
    """The language of his pages and mails (an ISO 639 code)."""
    async with database.work() as work:
        await users.change(work, actor.user_id, language=language)


async def list_users(actor: Actor | None, database: Database) -> list[User]:
    """All users; raises Forbidden."""
    if actor is not None:
        actor.require(Right.CHANGE_USERS)
    async with database.reading() as work:
        return await users.every_user(work)


async def find_user(name: str, database: Database) -> User:
    """By name; raises NotFound."""
    async with database.reading() as work:
        return await users.user_by_name(work, name)


# --- tokens -------------------------------------------------------------------------------------------------
async def create_token(
    actor: Actor, name: str, scopes: Collection[str], lasts: timedelta, database: Database, now: datetime
) -> tuple[int, str]:
    """Make a token; returns its id and the token itself, which is shown this once. Raises BadInput."""
    if actor.token_id is not None:
        raise BadInput("token", "a token cannot make tokens", "Log in to make one")
    if not name.strip() or len(name) > 120:
        raise BadInput("name", "the name is empty or longer than 120 characters")
    if unknown := set(scopes) - set(SCOPES):
        raise BadInput("scopes", f"unknown: {', '.join(sorted(unknown))}", f"Choose of {', '.join(SCOPES)}")
    if not scopes:
        raise BadInput("scopes", "none is given: the token could do nothing", f"Choose of {', '.join(SCOPES)}")
    if not timedelta(0) < lasts <= _LONGEST_TOKEN:
        raise BadInput("expires", "a token lasts from a day to a year")
    secret = TOKEN_PREFIX + new_secret()
    async with database.work() as work:
        token_id = await sessions.add_token(
            work, actor.user_id, name.strip(), hash_of(secret), secret[:9], sorted(set(scopes)), now, now + lasts
        )
        await audit.record(work, actor, "token.created", "token", token_id, now, details={"scopes": sorted(scopes)})
    return token_id, secret


async def list_tokens(actor: Actor, database: Database) -> list[Token]:
    """The user's own, latest first."""
    async with database.reading() as work:
        return await sessions.tokens_of(work, actor.user_id)


async def revoke_token(actor: Actor, token_id: int, database: Database, now: datetime) -> None:
    """Void one of the user's own. Raises NotFound."""
    async with database.work() as work:
        await sessions.revoke_token(work, actor.user_id, token_id, now)
        await audit.record(work, actor, "token.revoked", "token", token_id, now)


async def actor_of_token(token: str, database: Database, now: datetime) -> Actor:
    """Whose token it is, with the rights it has. Raises NotLoggedIn for one that is void or unknown."""
    async with database.reading() as work:
        found = await sessions.actor_of_token(work, hash_of(token), now)
    if found is None:
        raise NotLoggedIn("the token is not known, was revoked, or has expired")
    actor, used_at = found
    if actor.token_id is not None and (used_at is None or now - used_at >= _USED_EVERY):
        async with database.work() as work:
            await sessions.token_used(work, actor.token_id, now)
    return actor


async def actor_by_id(user_id: int, database: Database) -> Actor:
    """A user as one who asks. Raises NotFound."""
    async with database.reading() as work:
        return await users.actor(work, user_id)


async def _noted(
    work: Any, by: Actor | None, action: str, user_id: int, now: datetime, details: Mapping[str, Any] | None = None
) -> None:
    if by is None:
        await audit.note(work, action, "user", user_id, now, by="command line", details=details)
    else:
        await audit.record(work, by, action, "user", user_id, now, details=details)
