"""A site with somebody at work on each of its everyday pages: somebody on the line, tasks, a card, a talk."""

from __future__ import annotations

import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from sqlalchemy import insert, update

from crm_core.commands import CreateDeal, CreateTask
from crm_core.db import agents as agent_rows
from crm_core.db.engine import Database
from crm_core.db.tables import agents, contacts, recordings
from crm_core.domain.access import Role
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.domain.campaigns import DialMode
from crm_core.domain.conversations import Party, Turn
from crm_core.domain.sales import TaskKind
from crm_core.handlers import users
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.handlers.log_in import Door, log_in
from crm_core.handlers.rules import install_defaults
from crm_core.handlers.sales import create_deal
from crm_core.handlers.tasks import create_task
from crm_core.streams import InProcessStream
from crm_core.web.app import Health, make_app
from crm_core.web.keys import Workplace
from crm_core.web.live.hub import LiveHub
from crm_core.web.live.stream import add_live
from tests.crm_core.crm import add_call, add_contact
from tests.crm_core.dialing import add_campaign
from tests.crm_core.talks import talk

PASSWORD = "four words that fit nowhere"
NUMBER = "+998901112233"
CALL, TALK, NOW_ON = "call-1", "talk-1", "call-2"
SCRIPT = "Good day, {name}! You asked for our prices.\n\n# Too dear\nMay I tell you what is in it?\n\n# No time\nWhen?"


def now() -> datetime:
    return datetime.now(UTC)


async def fill(database: Database) -> int:
    """Make it all; gives the id of the contact with a past."""
    await install_defaults(database)
    me = await users.create_user(users.NewUser("Ada", Role.MANAGER, PASSWORD), None, database, now())
    for name, role in (("Otabek", Role.AGENT), ("Malika", Role.MARKETER), ("Karim", Role.OUTSIDE)):
        await users.create_user(users.NewUser(name, role, PASSWORD), None, database, now())
    contact = await add_contact(database, "Rustam Aliyev", NUMBER, "+998712345678", owner_id=me)
    await _talks(database, contact, me)
    deal = CreateDeal("Sanatorium for two, two weeks", "Ada", owner_id=me, contact_id=contact)
    await create_deal(deal, database, now())
    for title, hours, kind in (
        ("Call back: asked for the price", -20, TaskKind.CALLBACK),
        ("Send the offer", 1, TaskKind.FOLLOW_UP),
        ("Look whether he has paid", 30, TaskKind.OTHER),
    ):
        due = now() + timedelta(hours=hours)
        task = CreateTask(title, due, "rule: missed call", kind=kind, responsible_id=me, contact_id=contact)
        await create_task(task, database, now())
    await _on_the_line(database, me, contact)
    return contact


async def _talks(database: Database, contact: int, me: int) -> None:
    """A call that nobody answered, one of the robot, and one with a recording."""
    at = now() - timedelta(days=2)
    await add_call(
        database, "call-0", direction="outgoing", contact_id=contact, number=NUMBER, started_at=at, outcome="no_answer"
    )
    at += timedelta(hours=1)
    times = {"started_at": at, "answered_at": at, "bridged_at": at, "ended_at": at + timedelta(minutes=2)}
    known = {"contact_id": contact, "number": NUMBER, "agent_id": me, "outcome": "answered", "disposition": "callback"}
    await add_call(database, CALL, direction="incoming", note="Prefers mornings", **known, **times)
    row = {"call_id": CALL, "path": "c1.wav", "bytes": 1, "seconds": 2.0, "sha256": "0" * 64, "channels": 2, "at": at}
    async with database.work() as work:
        await work.run(insert(recordings).values(row | {"customer_dbfs": -10.0, "agent_dbfs": -10.0}))
    at += timedelta(hours=2)
    await add_call(
        database,
        TALK,
        direction="outgoing",
        contact_id=contact,
        number=NUMBER,
        started_at=at,
        answered_at=at,
        ended_at=at + timedelta(minutes=1),
        outcome="answered",
    )
    turns = (
        Turn(Party.BOT, "Good day! Were you content with us?", "ask", at, at + timedelta(seconds=4)),
        Turn(
            Party.PERSON, "Yes, very", "ask", at + timedelta(seconds=5), at + timedelta(seconds=6), "vosk", 0.9, "yes"
        ),
        Turn(
            Party.PERSON, "And the weather", "ask", at + timedelta(seconds=8), at + timedelta(seconds=9), unclear=True
        ),
    )
    said = talk(TALK, {"content": "yes"}, at, turns=turns, summary="Was content", script="satisfaction_survey")
    await DatabaseConversationBook(database).record(said, now())


async def _on_the_line(database: Database, me: int, contact: int) -> None:
    """Ada writes up a call with the contact; Otabek takes no calls yet."""
    campaign = await add_campaign(database, "Spring offer", mode=DialMode.PREVIEW, agent_script=SCRIPT)
    at = now()
    times = {"started_at": at, "answered_at": at, "bridged_at": at, "ended_at": at}
    await add_call(
        database,
        NOW_ON,
        direction="outgoing",
        contact_id=contact,
        number=NUMBER,
        agent_id=me,
        campaign_id=campaign.id,
        outcome="answered",
        **times,
    )
    async with database.work() as work:
        await work.run(update(contacts).where(contacts.c.id == contact).values(consent="given", consent_at=at))
        for user_id, phone in ((me, "op1"), (2, "op2")):
            await agent_rows.add_agent(work, user_id, phone, "", HandOffMode.RING, at)
        state = {"state": AgentState.WRAP_UP.value, "since": at, "call_id": NOW_ON, "campaign_id": campaign.id}
        await work.run(update(agents).where(agents.c.id == me).values(state))


async def cookie_of(name: str, database: Database) -> str:
    return (await log_in(name, PASSWORD, Door(), database, now())).secret


def application(database: Database, folder: Path) -> web.Application:
    place = Workplace(database, now, folder, folder / "recordings", country="UZ")
    place.recordings.mkdir()
    with wave.open(str(place.recordings / "c1.wav"), "wb") as wav:
        wav.setparams((2, 2, 8000, 0, "NONE", ""))
        wav.writeframes(b"\0\1\0\2" * 16000)
    app = make_app(Health(database, now), place)
    add_live(app, LiveHub(database, InProcessStream(), now, "desk in Chromium"))
    return app
