"""Who am I, my sessions and my tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from crm_core.domain.access import Role, Sees
from crm_core.handlers import users
from crm_core.web.api.routing import Asked, Created, Model, Routes

routes = Routes("account")


class Me(Model):
    """The user that asks, and what he may do."""

    user_id: int
    name: str
    role: Role
    rights: list[str]
    sees: Sees
    team_id: int | None
    masked: bool
    language: str | None
    zone: str | None


class NewToken(Model):
    """A token to be made."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=50)]
    days: Annotated[int, Field(ge=1, le=366)] = 90


class TokenOut(Model):
    """A token as it is known; `hint` is its beginning."""

    id: int
    name: str
    hint: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class TokenMade(Model):
    """`token` is shown this once."""

    id: int
    token: str


@routes("GET", "/me", right=None)
async def who_am_i(asked: Asked) -> Me:
    """The user that asks."""
    actor = asked.actor
    return Me.model_validate(
        {name: getattr(actor, name) for name in Me.model_fields} | {"rights": sorted(r.value for r in actor.rights)}
    )


@routes("GET", "/me/tokens", right=None)
async def list_tokens(asked: Asked) -> list[TokenOut]:
    """My tokens, latest first."""
    found = await users.list_tokens(asked.actor, asked.database)
    return [TokenOut.model_validate(token) for token in found]


@routes("POST", "/me/tokens", right=None)
async def create_token(asked: Asked, body: NewToken) -> Created[TokenMade]:
    """Make a token. It is shown this once."""
    lasts = timedelta(days=body.days)
    made = await users.create_token(asked.actor, body.name, body.scopes, lasts, asked.database, asked.now)
    return Created(TokenMade(id=made[0], token=made[1]), f"/me/tokens/{made[0]}")


@routes("DELETE", "/me/tokens/{token_id}", right=None)
async def revoke_token(asked: Asked, token_id: int) -> None:
    """Void a token of mine."""
    await users.revoke_token(asked.actor, token_id, asked.database, asked.now)
