"""How far those who are connected may see just now, and who of them is still logged in."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from crm_core.db.batches import one_of
from crm_core.db.tables import api_tokens, campaigns, sessions, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.users import ACTOR, actor_in
from crm_core.db.visibility import visible_campaigns
from crm_core.domain.access import Actor, Right, Sees
from crm_core.domain.pushes import Reach


async def reach_of(work: UnitOfWork, actor: Actor) -> Reach:
    """The reach of `actor`: what db.visibility says in conditions, as sets of ids."""
    if actor.sees is Sees.ALL and actor.may(Right.SEE_CAMPAIGNS):
        seen_campaigns = None
    else:
        rows = await work.all(select(campaigns.c.id).where(visible_campaigns(actor)))
        seen_campaigns = frozenset(int(row.id) for row in rows)
    alone = frozenset({actor.user_id})
    if actor.sees is Sees.ALL:
        return Reach(actor, None, None if actor.may(Right.SEE_FLOOR) else alone, seen_campaigns)
    mine = alone | await _team(work, actor)
    return Reach(actor, mine, mine if actor.may(Right.SEE_FLOOR) else alone, seen_campaigns)


async def _team(work: UnitOfWork, actor: Actor) -> frozenset[int]:
    if actor.team_id is None or actor.sees is not Sees.TEAM:
        return frozenset()
    rows = await work.all(select(users.c.id).where(users.c.team_id == actor.team_id))
    return frozenset(int(row.id) for row in rows)


async def logged_in(work: UnitOfWork, session_ids: Collection[str], now: datetime) -> dict[str, Actor]:
    """Of these sessions those that are live, with whose they are, as he now stands."""
    if not session_ids:
        return {}
    joined = sessions.join(users, users.c.id == sessions.c.user_id)
    live = (one_of(sessions.c.id, session_ids), sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
    wanted = select(sessions.c.id.label("session_id"), *ACTOR).select_from(joined)
    rows = await work.all(wanted.where(*live, sessions.c.confirmed, users.c.active))
    return {row.session_id: actor_in(row) for row in rows}


async def live_tokens(work: UnitOfWork, token_ids: Collection[int], now: datetime) -> frozenset[int]:
    """Of these tokens those that are not void."""
    if not token_ids:
        return frozenset()
    joined = api_tokens.join(users, users.c.id == api_tokens.c.user_id)
    live = (one_of(api_tokens.c.id, token_ids), api_tokens.c.revoked_at.is_(None), api_tokens.c.expires_at > now)
    rows = await work.all(select(api_tokens.c.id).select_from(joined).where(*live, users.c.active))
    return frozenset(int(row.id) for row in rows)
