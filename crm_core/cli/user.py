"""`trunkline user`: who may log in."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.db.engine import opened_database
from crm_core.domain.access import Right, Role, Sees
from crm_core.errors import BadInput
from crm_core.handlers import users as handlers
from crm_core.handlers.passwords import SHORTEST_PASSWORD
from crm_core.settings import Settings


def add_user_commands(subparsers: Any) -> None:
    """`user create | list | change | password | forget-code`."""
    parser = subparsers.add_parser("user", help="who may log in, and what he may do")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    creating = commands.add_parser("create", help="make a user; the first one is to be an administrator")
    creating.add_argument("name")
    creating.add_argument("--role", choices=[r.value for r in Role], default=Role.ADMINISTRATOR.value)
    creating.add_argument("--language", choices=["en", "ru", "uz", "ar"])
    _add_standing(creating)
    creating.set_defaults(run=_create)
    listing = commands.add_parser("list", help="all users with their roles")
    listing.set_defaults(run=_list)
    changing = commands.add_parser("change", help="give a user another role, team, reach or rights")
    changing.add_argument("name")
    changing.add_argument("--role", choices=[r.value for r in Role])
    changing.add_argument("--active", choices=["yes", "no"], help="no: he is logged out and stays out")
    _add_standing(changing)
    changing.set_defaults(run=_change)
    word = commands.add_parser("password", help="give a user a new password; he is logged out everywhere")
    word.add_argument("name")
    word.set_defaults(run=_password)
    code = commands.add_parser("forget-code", help="ask for no second factor any more: the phone is lost")
    code.add_argument("name")
    code.set_defaults(run=_forget_code)


def _add_standing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--team", help="made if there is none of this name")
    parser.add_argument("--email")
    parser.add_argument("--sees", choices=[s.value for s in Sees], help="his own things, his team's, or all")
    parser.add_argument("--masked", choices=["yes", "no"], help="yes: telephone numbers are never shown to him")
    parser.add_argument(
        "--right", action="append", choices=[r.value for r in Right], help="beyond his role's; may be repeated"
    )


async def _create(args: argparse.Namespace, settings: Settings) -> int:
    new = handlers.NewUser(
        name=args.name,
        role=Role(args.role),
        password=_asked_password(),
        team=args.team,
        email=args.email,
        language=args.language,
        sees=Sees(args.sees) if args.sees else None,
        masked=None if args.masked is None else args.masked == "yes",
        extra_rights=frozenset(Right(text) for text in args.right or ()),
    )
    async with opened_database(settings.database_url) as database:
        await handlers.create_user(new, None, database, datetime.now(UTC))
    at = f"http://{settings.web_host}:{settings.web_port}/"
    Console().print(f"{escape(args.name)} may log in as {args.role} at {at}")
    return 0


def _asked_password() -> str:
    """Typed twice at a terminal, or one line from a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass(f"Password ({SHORTEST_PASSWORD} characters or more): ")
    if first != getpass.getpass("Once more: "):
        raise BadInput("password", "the two are not the same", "Run the command again")
    return first


async def _list(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await handlers.list_users(None, database)
    table = Table("Name", "Role", "Team", "Sees", "Numbers", "Logs in", "Second factor")
    for user in found:
        logs_in = "yes" if user.may_log_in and user.active else "no"
        masked = "" if user.masked is None else ("masked" if user.masked else "shown")
        of_two = "yes" if user.has_totp else "no"
        table.add_row(escape(user.name), user.role, escape(user.team or ""), user.sees or "", masked, logs_in, of_two)
    console = Console()
    if not found:
        console.print("No users yet. `trunkline user create NAME` makes the first administrator.")
        return 0
    console.print(table)
    return 0


async def _change(args: argparse.Namespace, settings: Settings) -> int:
    changes: dict[str, Any] = {n: getattr(args, n) for n in ("team", "email") if getattr(args, n) is not None}
    if args.role:
        changes["role"] = Role(args.role)
    if args.active:
        changes["active"] = args.active == "yes"
    if args.sees:
        changes["sees"] = Sees(args.sees)
    if args.masked:
        changes["masked"] = args.masked == "yes"
    if args.right:
        changes["extra_rights"] = frozenset(Right(text) for text in args.right)
    if not changes:
        raise BadInput("user", "nothing to change", "Name --role, --team, --sees, --masked, --right or --active")
    async with opened_database(settings.database_url) as database:
        user = await handlers.find_user(args.name, database)
        await handlers.change_user(user.id, changes, None, database, datetime.now(UTC))
    Console().print(f"{escape(user.name)} is changed, and must log in anew.")
    return 0


async def _password(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        user = await handlers.find_user(args.name, database)
        await handlers.set_password(user.id, _asked_password(), None, database, datetime.now(UTC))
    Console().print(f"{escape(user.name)} has a new password, and must log in anew.")
    return 0


async def _forget_code(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        user = await handlers.find_user(args.name, database)
        await handlers.drop_totp(user.id, None, database, datetime.now(UTC))
    Console().print(f"{escape(user.name)} logs in with his password alone.")
    return 0
