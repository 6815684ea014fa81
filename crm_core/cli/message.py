"""`trunkline message`: texts of messages, what has become of those sent, and who wants none."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.db.engine import opened_database
from crm_core.domain.messages import Message, MessageChannel, MessageState, Template, fields_of
from crm_core.errors import BadInput
from crm_core.handlers import messages as handlers
from crm_core.messaging.seed import shipped_templates
from crm_core.settings import Settings

#: Characters of a text or a fault that a line of a list shows.
_SHOWN = 60


def add_message_commands(subparsers: Any) -> None:
    """`message list | retry | opt-out | opt-in | opt-outs | template …`."""
    parser = subparsers.add_parser("message", help="e-mail, SMS, WhatsApp and Telegram messages to people")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="messages, latest first, and what has become of them")
    listing.add_argument("--state", choices=[state.value for state in MessageState])
    listing.add_argument("--call", metavar="ID", help="of this call")
    listing.add_argument("--limit", type=int, default=50)
    listing.set_defaults(run=_list)
    retrying = commands.add_parser("retry", help="send failed or refused messages once more")
    retrying.add_argument("ids", type=int, nargs="+", metavar="ID")
    retrying.set_defaults(run=_retry)
    _add_opt_outs(commands)
    _add_templates(commands)


def _add_opt_outs(commands: Any) -> None:
    leaving = commands.add_parser("opt-out", help="send nothing to an address any more, by any channel")
    leaving.add_argument("--reason", default="asked for it")
    leaving.set_defaults(run=_opt_out)
    coming = commands.add_parser("opt-in", help="take an address off that list")
    coming.set_defaults(run=_opt_in)
    for command in (leaving, coming):
        command.add_argument("address", help="a number, an e-mail address, or a Telegram chat")
        command.add_argument("--country", metavar="CC", help="country of numbers without a code, such as UZ")
    listing = commands.add_parser("opt-outs", help="who wants no messages")
    listing.add_argument("--limit", type=int, default=200)
    listing.set_defaults(run=_opt_outs)


def _add_templates(commands: Any) -> None:
    parser = commands.add_parser("template", help="the texts, with {field}s that a script fills")
    templates = parser.add_subparsers(required=True, metavar="COMMAND")
    putting = templates.add_parser("put", help="add a text, or replace the one of the same channel and language")
    putting.add_argument("name")
    putting.add_argument("--channel", required=True, choices=[channel.value for channel in MessageChannel])
    putting.add_argument("--language", required=True, metavar="CODE", help="such as uz")
    putting.add_argument("--subject", default="", help="of an e-mail")
    text = putting.add_mutually_exclusive_group(required=True)
    text.add_argument("--text")
    text.add_argument("--file", type=Path, help="holds the text (UTF-8); - is standard input")
    putting.set_defaults(run=_put)
    listing = templates.add_parser("list", help="all texts and the fields they need")
    listing.set_defaults(run=_templates)
    showing = templates.add_parser("show", help="a text in full, in all its channels and languages")
    showing.add_argument("name")
    showing.set_defaults(run=_show)
    installing = templates.add_parser("install", help="add the texts that the shipped scripts name; yours are kept")
    installing.set_defaults(run=_install)


async def _list(args: argparse.Namespace, settings: Settings) -> int:
    state = MessageState(args.state) if args.state else None
    async with opened_database(settings.database_url) as database:
        found = await handlers.list_messages(database, state, args.limit, args.call)
    console = Console()
    if not found:
        console.print("No such messages." if state or args.call else "No messages yet: scripts of the bot send them.")
        return 0
    table = Table("No.", "Made (UTC)", "By", "To", "Template", "State", "Tries", "What came of it")
    for one in found:
        cells = [one.channel, one.to or "-", one.template, one.state, str(one.attempts), _outcome(one)]
        table.add_row(str(one.id), f"{one.created_at:%Y-%m-%d %H:%M}", *(escape(cell) for cell in cells))
    console.print(table)
    return 0


def _outcome(one: Message) -> str:
    if one.state is MessageState.SENT:
        sent = f"{one.sent_at:%Y-%m-%d %H:%M}" if one.sent_at else ""
        return f"{sent} {one.provider_id or ''}".strip()[:_SHOWN]
    again = f"again {one.due_at:%H:%M}: " if one.state is MessageState.QUEUED and one.attempts else ""
    return again + (one.last_error or "")[:_SHOWN]


async def _retry(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        for message_id in args.ids:
            await handlers.retry_message(message_id, database, datetime.now(UTC))
            Console().print(f"Message {message_id} is queued again.")
    return 0


async def _opt_out(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        country = args.country or settings.country
        address, is_new = await handlers.opt_out(args.address, args.reason, database, datetime.now(UTC), country)
    Console().print(f"{address} {'gets no messages any more' if is_new else 'had opted out already'}.")
    return 0


async def _opt_in(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        address, was_out = await handlers.opt_in(args.address, database, args.country or settings.country)
    Console().print(f"{address} {'gets messages again' if was_out else 'had not opted out'}.")
    return 0 if was_out else 1


async def _opt_outs(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await handlers.opt_outs(database, args.limit)
    console = Console()
    if not found:
        console.print("Nobody has opted out. Numbers on the do-not-call list get no messages either.")
        return 0
    table = Table("Address", "Reason", "Since (UTC)")
    for one in found:
        table.add_row(escape(one.address), escape(one.reason), f"{one.at:%Y-%m-%d %H:%M}")
    console.print(table)
    return 0


async def _put(args: argparse.Namespace, settings: Settings) -> int:
    body = args.text if args.text is not None else _read(args.file)
    template = Template(args.name, MessageChannel(args.channel), args.language, body, args.subject)
    async with opened_database(settings.database_url) as database:
        await handlers.put_template(template, database, datetime.now(UTC))
    needs = ", ".join(fields_of(template)) or "no field"
    Console().print(f"{args.name} by {args.channel} in {args.language} is kept; it needs {needs}.", markup=False)
    return 0


def _read(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(str(path), "is no text in UTF-8", "Save it as UTF-8") from error


async def _templates(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await handlers.templates(database)
    console = Console()
    if not found:
        console.print("There are no texts yet. `trunkline message template install` adds those of the shipped scripts.")
        return 0
    table = Table("Name", "By", "Language", "Fields", "Text")
    for one in found:
        text = " ".join(f"{one.subject} {one.body}".split())[:_SHOWN]
        cells = (one.name, one.channel, one.language, ", ".join(fields_of(one)), text)
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
    return 0


async def _show(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await handlers.templates(database, args.name)
    for one in found:
        heading = f"{one.name} by {one.channel} in {one.language}" + (f": {one.subject}" if one.subject else "")
        Console().print(f"{heading}\n{one.body}\n", markup=False, highlight=False)
    return 0


async def _install(args: argparse.Namespace, settings: Settings) -> int:
    shipped = shipped_templates()
    async with opened_database(settings.database_url) as database:
        added = await handlers.install_templates(shipped, database, datetime.now(UTC))
    Console().print(f"{added} added, {len(shipped) - added} stood there already.")
    return 0
