"""A browser becomes its user's phone and stops being it, on the switch and with the log-in session."""

from __future__ import annotations

import logging
from datetime import datetime

from crm_core.db import agents, browser_phones, lead_moves, sessions
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.agents import AgentState, Trigger
from crm_core.domain.browser_phones import PhoneSecret, new_phone_secret
from crm_core.errors import Conflict, IllegalTransition, NotFound, Unavailable
from crm_core.handlers.commits import committed
from crm_core.handlers.roster import move
from crm_core.ports import BrowserPhones

log = logging.getLogger(__name__)


async def open_phone(
    actor: Actor, session_id: str | None, database: Database, phones: BrowserPhones, now: datetime
) -> PhoneSecret:
    """Make a secret for the browser of this session, which is the phone from now on: an older secret counts no more.

    Raises Forbidden, NotFound (his phone is no browser, or he has none), Conflict (a token asks: it has no session with
    which the phone would end), Unavailable.
    """
    actor.require(Right.TAKE_CALLS)

    async def act(work: UnitOfWork) -> PhoneSecret:
        phone = await browser_phones.phone_of(work, actor.user_id)
        if phone is None:
            do = "An administrator gives you one under Settings, Users, or by `trunkline agent add --browser`"
            raise NotFound("phone in the browser of", actor.name, do)
        if session_id is None:
            raise Conflict("a phone belongs to a log-in in a browser, and this is a token: log in")
        secret = new_phone_secret(phone)
        await browser_phones.keep_digest(work, actor.user_id, session_id, secret.digest)
        return secret

    secret = await committed(database, act)
    await phones.open(secret.phone, secret.digest)
    log.info("browser phone", extra={"phone": secret.phone, "user_id": actor.user_id, "at": now.isoformat()})
    return secret


async def has_browser_phone(actor: Actor, database: Database) -> bool:
    """Whether the actor's phone is his browser."""
    async with database.reading() as work:
        return await browser_phones.phone_of(work, actor.user_id) is not None


async def wanted_phones(database: Database, now: datetime) -> dict[str, str]:
    """Phone → digest: whose browsers may be phones just now."""
    async with database.reading() as work:
        return await browser_phones.wanted(work, now)


async def leave(actor: Actor, session_id: str, database: Database, phones: BrowserPhones, now: datetime) -> None:
    """Log out. Whose phone is this browser, or who is logged in nowhere else, takes no more calls; the phone is closed
    on the switch, and a person who is still on it is let go with it."""

    async def act(work: UnitOfWork) -> str | None:
        was_phone = await browser_phones.is_phone(work, session_id)
        phone = await browser_phones.phone_of(work, actor.user_id) if was_phone else None
        await sessions.end_session(work, session_id, now)
        if was_phone or not await sessions.sessions_of(work, actor.user_id, now):
            await _off_shift(work, actor, now)
        return phone

    phone = await committed(database, act)
    if phone is not None:
        try:
            await phones.close(phone)
        except Unavailable as error:  # whoever keeps the switch in step closes it within seconds
            log.warning("browser phone is not closed yet", extra={"phone": phone, "why": str(error)})


async def _off_shift(work: UnitOfWork, actor: Actor, now: datetime) -> None:
    try:
        agent = await agents.agent(work, actor.user_id)
    except NotFound:
        return  # he takes no calls
    if agent.state is AgentState.LOGGED_OUT:
        return
    try:
        await move(work, agent, Trigger.LOG_OUT, now)
    except IllegalTransition:
        return  # a person is on the line: the end of his leg tells
    await lead_moves.drop_previews(work, agent.id)
