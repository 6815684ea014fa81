"""`trunkline agent`: who takes calls."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.cli.survey import transcript_table
from crm_core.db.engine import opened_database
from crm_core.domain.agents import PAUSE_REASONS, Agent, HandOffMode
from crm_core.handlers import agents as handlers
from crm_core.handlers.agent_call import agent_call
from crm_core.settings import Settings


def add_agent_commands(subparsers: Any) -> None:
    """`agent add | list | call | login | logout | pause | resume`."""
    parser = subparsers.add_parser("agent", help="agents: add, list, see their calls, log in and out, pause, resume")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    adding = commands.add_parser("add", help="make somebody an agent")
    adding.add_argument("name")
    adding.add_argument("--phone", required=True, help="his phone's PJSIP endpoint, such as op1")
    adding.add_argument("--secret", default="", help="the phone's password, where Trunkline writes its settings")
    adding.add_argument(
        "--hand-off",
        choices=[mode.value for mode in HandOffMode],
        default=HandOffMode.PARKED.value,
        help="parked: his phone holds a line open; ring: it rings for each call",
    )
    adding.add_argument("--browser", action="store_true", help="his phone is his browser; --phone is its name alone")
    adding.set_defaults(run=_add)
    commands.add_parser("list", help="agents and what they do now").set_defaults(run=_list)
    login = commands.add_parser("login", help="log an agent in; his phone is called next")
    login.add_argument("--campaign", help="name of the campaign; without it he takes incoming calls only")
    login.set_defaults(run=_login)
    logout = commands.add_parser("logout", help="log an agent out")
    logout.set_defaults(run=_logout)
    pausing = commands.add_parser("pause", help="give an agent no calls")
    pausing.add_argument("--reason", default="other", help=f"such as {', '.join(PAUSE_REASONS)}")
    pausing.set_defaults(run=_pause)
    resuming = commands.add_parser("resume", help="give an agent calls again")
    resuming.set_defaults(run=_resume)
    calling = commands.add_parser("call", help="whom an agent has on the line, and what the infobot was told")
    calling.set_defaults(run=_call)
    for command in (calling, login, logout, pausing, resuming):
        command.add_argument("name", help="the agent's name or phone")


async def _add(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        mode = HandOffMode(args.hand_off)
        at = datetime.now(UTC)
        agent = await handlers.add_agent(database, args.name, args.phone, at, args.secret, mode, browser=args.browser)
    return _say(agent)


async def _list(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await handlers.every_agent(database)
    table = Table("Agent", "Phone", "Hand-off", "State", "Since (UTC)", "Reason")
    for agent in found:
        since = f"{agent.since:%Y-%m-%d %H:%M:%S}"
        table.add_row(
            escape(agent.name), agent.phone, agent.hand_off, agent.state, since, escape(agent.pause_reason or "")
        )
    Console().print(table if found else "There are no agents. `trunkline agent add NAME --phone op1` adds one.")
    return 0


async def _call(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await agent_call(args.name, database)
    console, who = Console(), found.who
    person = " ".join(filter(None, (who.name, who.number))) or "a withheld number"
    state = found.state.replace("_", " ")
    console.print(
        f"{found.agent} is {state} since {found.since:%H:%M:%S} UTC: {person}, call {found.call_id}.", markup=False
    )
    if found.summary is None:
        console.print("The infobot did not talk in this call.")
        return 0
    console.print(found.summary, markup=False)
    for answer in found.answers:
        said = f" ({answer.raw})" if answer.raw not in ("", answer.value) else ""
        console.print(f"  {answer.question.replace('_', ' ')}: {answer.value}{said}", markup=False)
    console.print(transcript_table(found.turns))
    return 0


async def _login(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        return _say(await handlers.log_in(database, args.name, args.campaign, datetime.now(UTC)))


async def _logout(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        return _say(await handlers.log_out(database, args.name, datetime.now(UTC)))


async def _pause(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        return _say(await handlers.pause(database, args.name, args.reason, datetime.now(UTC)))


async def _resume(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        return _say(await handlers.resume(database, args.name, datetime.now(UTC)))


def _say(agent: Agent) -> int:
    Console().print(f"{agent.name} (phone {agent.phone}) is {agent.state.replace('_', ' ')}.", markup=False)
    return 0
