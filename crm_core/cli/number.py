"""`trunkline number`: which of our numbers a script answers, by day and by night."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.db.engine import opened_database
from crm_core.domain.numbers import OwnNumber
from crm_core.errors import BadInput
from crm_core.handlers import numbers as handlers
from crm_core.handlers.conversations import NAME_FIELD
from crm_core.settings import Settings
from ivr_bot.scripts import Scripts


def add_number_commands(subparsers: Any) -> None:
    """`number put | list | remove`."""
    parser = subparsers.add_parser("number", help="numbers of ours that a script answers, by day or by night")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    putting = commands.add_parser("put", help="let scripts answer a number, in place of what answered it before")
    putting.add_argument("--day-script", metavar="SCRIPT", help="in working hours; without it agents answer then")
    night = "outside them; without it the script of the whole site, if there is one (DESK_NIGHT_SCRIPT)"
    putting.add_argument("--night-script", metavar="SCRIPT", help=night)
    fields = "what a field of the scripts holds, such as company=Lola; repeatable"
    putting.add_argument("--field", action="append", default=[], dest="fields", metavar="NAME=VALUE", help=fields)
    putting.add_argument("--notify", metavar="E-MAIL", help="told of every call a script took")
    putting.set_defaults(run=_put)
    commands.add_parser("list", help="numbers and what answers them").set_defaults(run=_list)
    removing = commands.add_parser("remove", help="let agents answer a number again")
    removing.set_defaults(run=_remove)
    for command in (putting, removing):
        command.add_argument("number", help="as callers dial it, such as +998781130000")
        command.add_argument("--country", metavar="CC", help="country of a number without a code, such as UZ")


async def _put(args: argparse.Namespace, settings: Settings) -> int:
    fields = _fields(args.fields)
    scripts = Scripts(settings.home / "scripts")
    for name in filter(None, (args.day_script, args.night_script)):
        _check_fields(name, scripts(name).fields, fields)
    own = OwnNumber(args.number, args.day_script, args.night_script, fields, args.notify)
    async with opened_database(settings.database_url) as database:
        stored = await handlers.put_number(own, database, args.country or settings.country)
    hours = [
        f"{when} {script}" for when, script in (("by day", own.day_script), ("by night", own.night_script)) if script
    ]
    Console().print(f"{stored.number} is answered {' and '.join(hours)}.", markup=False, highlight=False)
    return 0


def _check_fields(script: str, wanted: Sequence[str], given: dict[str, str]) -> None:
    """What a script lacks is better known before the first caller hears it."""
    missing = [name for name in wanted if name not in given and name != NAME_FIELD]
    if missing:
        raise BadInput(script, f"nothing is given for {', '.join(missing)}", f"Add --field {missing[0]}=…")


def _fields(given: Sequence[str]) -> dict[str, str]:
    """Raises BadInput for one that has no name."""
    parted = [one.partition("=") for one in given]
    if any(not name.strip() or not sign for name, sign, _ in parted):
        raise BadInput("--field", "a field is a name and a value", "Write --field company=Lola")
    return {name.strip(): value.strip() for name, _, value in parted}


async def _list(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await handlers.every_number(database)
    if not found:
        Console().print("Agents answer every number. `trunkline number put NUMBER --night-script NAME` changes that.")
        return 0
    table = Table("Number", "By day", "By night", "Fields", "Told")
    for own in found:
        fields = "; ".join(f"{name}={value}" for name, value in sorted(own.fields.items()))
        answered = (own.day_script or "agents", own.night_script or "as everywhere")
        table.add_row(own.number, *map(escape, (*answered, fields, own.notify or "")))
    Console().print(table)
    return 0


async def _remove(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        number = await handlers.remove_number(args.number, database, args.country or settings.country)
    Console().print(f"{number} is answered by agents again.", highlight=False)
    return 0
