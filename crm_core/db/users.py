"""Users: who logs in, with which role, reach and team."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, insert, or_, select, update

from crm_core.db.tables import teams, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right, Role, Sees, actor_of
from crm_core.errors import BadInput, NotFound


@dataclass(frozen=True, slots=True)
class User:
    """A user as settings show him. `sees`, `masked`: None where his role decides."""

    id: int
    name: str
    role: Role
    active: bool
    team_id: int | None
    team: str | None
    sees: Sees | None
    masked: bool | None
    extra_rights: frozenset[Right]
    email: str | None
    language: str | None
    zone: str | None
    may_log_in: bool
    has_totp: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a log-in is checked against. `totp_used` is the time step of the last code taken."""

    user_id: int
    name: str
    password_hash: str
    totp_secret: str | None
    totp_used: int
    failed_logins: int
    locked_until: datetime | None


#: Columns an actor is made of; sessions and tokens select them beside their own.
ACTOR = (
    users.c.id.label("user_id"),
    users.c.name.label("user_name"),
    users.c.role,
    users.c.sees,
    users.c.masked,
    users.c.extra_rights,
    users.c.team_id,
    users.c.language,
    users.c.zone,
)


def actor_in(row: Row[Any]) -> Actor:
    """The actor out of a row with the columns `ACTOR`."""
    return actor_of(
        row.user_id,
        row.user_name,
        Role(row.role),
        sees=Sees(row.sees) if row.sees else None,
        masked=row.masked,
        extra_rights=frozenset(Right(text) for text in row.extra_rights),
        team_id=row.team_id,
        language=row.language,
        zone=row.zone,
    )


async def actor(work: UnitOfWork, user_id: int) -> Actor:
    """The user as one who asks; raises NotFound for one who is not there or not active."""
    row = await work.first(select(*ACTOR).where(users.c.id == user_id, users.c.active))
    if row is None:
        raise NotFound("user", user_id)
    return actor_in(row)


def _named(name: str) -> ColumnElement[bool]:
    """In any case; on SQLite, whose lower() knows English only, other letters must be as they were written."""
    return or_(users.c.name == name.strip(), func.lower(users.c.name) == name.strip().lower())


async def credentials(work: UnitOfWork, name: str) -> Credentials | None:
    """Of the active user of this name (in any case) who has a password."""
    query = select(*(users.c[field] for field in ("name", *list(Credentials.__dataclass_fields__)[2:])), users.c.id)
    wanted = _named(name)
    row = await work.first(query.where(wanted, users.c.active, users.c.password_hash.is_not(None)).with_for_update())
    if row is None:
        return None
    values = dict(row._mapping)
    return Credentials(user_id=values.pop("id"), **values)


async def change(work: UnitOfWork, user_id: int, **values: Any) -> None:
    """Set columns of a user; raises NotFound."""
    if not (await work.run(update(users).where(users.c.id == user_id).values(**values))).rowcount:
        raise NotFound("user", user_id)


async def create(work: UnitOfWork, name: str, role: Role, at: datetime, **values: Any) -> int:
    """Add a user; returns his id. Raises BadInput where the name is taken."""
    taken = await work.scalar(select(users.c.name).where(_named(name)))
    if taken is not None:
        raise BadInput("name", f"there is a user {taken!r} already", "Choose another name, or change that user")
    row = {"name": name, "role": role.value, "created_at": at} | values
    return int((await work.run(insert(users).values(**row).returning(users.c.id))).scalar_one())


def _lines() -> Select[Any]:
    joined = users.outerjoin(teams, teams.c.id == users.c.team_id)
    return select(users, teams.c.name.label("team")).select_from(joined)


async def user(work: UnitOfWork, user_id: int) -> User:
    """One user; raises NotFound."""
    row = await work.first(_lines().where(users.c.id == user_id))
    if row is None:
        raise NotFound("user", user_id)
    return _user(row)


async def user_by_name(work: UnitOfWork, name: str) -> User:
    """One user by his name in any case; raises NotFound."""
    row = await work.first(_lines().where(_named(name)))
    if row is None:
        raise NotFound("user", name, "See `trunkline user list`")
    return _user(row)


async def every_user(work: UnitOfWork) -> list[User]:
    """All of them, those who left too, by name."""
    return [_user(row) for row in await work.all(_lines().order_by(users.c.active.desc(), users.c.name))]


async def team_named(work: UnitOfWork, name: str, at: datetime) -> int:
    """The id of the team of this name, made if there is none."""
    await work.upsert(teams, [{"name": name, "created_at": at}], ["name"], keep=["created_at"])
    return int(await work.scalar(select(teams.c.id).where(teams.c.name == name)))


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        active=row.active,
        team_id=row.team_id,
        team=row.team,
        sees=Sees(row.sees) if row.sees else None,
        masked=row.masked,
        extra_rights=frozenset(Right(text) for text in row.extra_rights),
        email=row.email,
        language=row.language,
        zone=row.zone,
        may_log_in=row.password_hash is not None,
        has_totp=row.totp_secret is not None,
    )
