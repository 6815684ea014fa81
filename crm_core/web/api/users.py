"""Users and what they may do."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crm_core.domain.access import Right, Role, Sees
from crm_core.handlers import users
from crm_core.web.api.routing import Asked, Created, Model, Routes

routes = Routes("users")

Name = Annotated[str, Field(min_length=1, max_length=120)]


class UserOut(Model):
    """A user. `sees`, `masked`: null where his role decides."""

    id: int
    name: str
    role: Role
    active: bool
    team_id: int | None
    team: str | None
    sees: Sees | None
    masked: bool | None
    extra_rights: list[Right]
    email: str | None
    language: str | None
    zone: str | None
    may_log_in: bool
    has_totp: bool


class NewUser(Model):
    """A user to be made; without a password he takes calls and does not log in."""

    name: Name
    role: Role
    password: Annotated[str, Field(min_length=12, max_length=200)] | None = None
    team: Name | None = None
    email: Annotated[str, Field(max_length=200)] | None = None
    language: Annotated[str, Field(max_length=8)] | None = None
    sees: Sees | None = None
    masked: bool | None = None
    extra_rights: tuple[Right, ...] = ()


class UserChanges(Model):
    """What is to be changed; what is left out stays."""

    role: Role | None = None
    team: Annotated[str, Field(max_length=120)] | None = None
    active: bool | None = None
    sees: Sees | None = None
    masked: bool | None = None
    extra_rights: list[Right] | None = None
    email: Annotated[str, Field(max_length=200)] | None = None
    language: Annotated[str, Field(max_length=8)] | None = None


class NewPassword(Model):
    """A new password."""

    password: Annotated[str, Field(min_length=12, max_length=200)]


@routes("GET", "/users", right=Right.CHANGE_USERS)
async def list_users(asked: Asked) -> list[UserOut]:
    """All users, those who left too."""
    return [UserOut.model_validate(user) for user in await users.list_users(asked.actor, asked.database)]


@routes("POST", "/users", right=Right.CHANGE_USERS)
async def create_user(asked: Asked, body: NewUser) -> Created[UserOut]:
    """Make a user."""
    values = {name: getattr(body, name) for name in NewUser.model_fields} | {
        "extra_rights": frozenset(body.extra_rights)
    }
    user_id = await users.create_user(users.NewUser(**values), asked.actor, asked.database, asked.now)
    made = await users.find_user(body.name, asked.database)
    return Created(UserOut.model_validate(made), f"/users/{user_id}")


@routes("PATCH", "/users/{user_id}", right=Right.CHANGE_USERS)
async def change_user(asked: Asked, user_id: int, body: UserChanges) -> UserOut:
    """Change a user. Where his rights change, he must log in anew."""
    given = body.model_dump(exclude_unset=True)
    # Null is a value where the role decides; elsewhere it says nothing.
    changes = {n: v for n, v in given.items() if v is not None or n in ("sees", "masked", "team", "email", "language")}
    return UserOut.model_validate(await users.change_user(user_id, changes, asked.actor, asked.database, asked.now))


@routes("PUT", "/users/{user_id}/password", right=Right.CHANGE_USERS)
async def set_user_password(asked: Asked, user_id: int, body: NewPassword) -> None:
    """Give a user a new password. He is logged out everywhere."""
    await users.set_password(user_id, body.password, asked.actor, asked.database, asked.now)


@routes("DELETE", "/users/{user_id}/second-factor", right=Right.CHANGE_USERS)
async def drop_user_second_factor(asked: Asked, user_id: int) -> None:
    """Ask a user for no codes any more: his phone is lost."""
    await users.drop_totp(user_id, asked.actor, asked.database, asked.now)
