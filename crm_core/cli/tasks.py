"""`trunkline tasks`: what people have to do."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.commands import CreateTask
from crm_core.db.engine import opened_database
from crm_core.db.tasks import TaskLine
from crm_core.domain.callback_time import local_to_utc
from crm_core.domain.sales import TaskKind
from crm_core.domain.task_buckets import Bucket
from crm_core.handlers import tasks as handlers
from crm_core.settings import Settings

#: Who did it, in histories, when nobody says otherwise.
BY = "command line"


def add_task_commands(subparsers: Any) -> None:
    """`tasks list | add | done | postpone | reassign`."""
    parser = subparsers.add_parser("tasks", help="what people have to do, and by when")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="open tasks: overdue, today, tomorrow, this week, later")
    listing.add_argument("--user", help="only those of this user")
    listing.add_argument("--when", choices=[b.value for b in Bucket], help="only those due then")
    listing.set_defaults(run=_list)
    adding = commands.add_parser("add", help="make a task")
    adding.add_argument("title")
    adding.add_argument(
        "--due", required=True, metavar="TIME", help='on the firm\'s clocks, such as "2026-11-03 15:30"'
    )
    adding.add_argument("--user", help="who has to do it")
    adding.add_argument("--number", help="the phone number it is about (makes it a callback)")
    adding.set_defaults(run=_add)
    done = commands.add_parser("done", help="a task is done")
    done.add_argument("task", type=int)
    done.add_argument("--by", default=BY, help="who did it")
    done.set_defaults(run=_done)
    later = commands.add_parser("postpone", help="give a task another time")
    later.add_argument("task", type=int)
    later.add_argument("due", metavar="TIME", help="on the firm's clocks")
    later.set_defaults(run=_postpone)
    other = commands.add_parser("reassign", help="hand a task to another user")
    other.add_argument("task", type=int)
    other.add_argument("user")
    other.set_defaults(run=_reassign)


async def _list(args: argparse.Namespace, settings: Settings) -> int:
    now = datetime.now(UTC)
    async with opened_database(settings.database_url) as database:
        user_id = await handlers.user_id_of(args.user, database) if args.user else None
        buckets = await handlers.list_tasks(database, now, user_id)
        zone = ZoneInfo(await handlers.firm_zone(database))
    if args.when:
        buckets = {bucket: lines for bucket, lines in buckets.items() if bucket == args.when}
    console = Console()
    if not any(buckets.values()):
        console.print("No open tasks. `trunkline tasks add` makes one; rules make them from calls.")
        return 0
    console.print(_table(buckets, zone))
    return 0


def _table(buckets: dict[Bucket, list[TaskLine]], zone: ZoneInfo) -> Table:
    table = Table("Due", "Task", "Kind", "Title", "Number", "Contact", "Responsible")
    for bucket, lines in buckets.items():
        if lines:
            table.add_section()
            table.add_row(f"[bold]{bucket.replace('_', ' ')}[/bold]")
        for line in lines:
            task = line.task
            table.add_row(
                f"{task.due_at.astimezone(zone):%Y-%m-%d %H:%M}",
                str(task.id),
                task.kind,
                escape(task.title),
                task.number or "",
                escape(line.contact or ""),
                escape(line.responsible or "nobody"),
            )
    return table


async def _add(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        command = CreateTask(
            title=args.title,
            due_at=local_to_utc(args.due, await handlers.firm_zone(database)),
            by=BY,
            kind=TaskKind.CALLBACK if args.number else TaskKind.OTHER,
            responsible_id=await handlers.user_id_of(args.user, database) if args.user else None,
            number=args.number,
        )
        task_id = await handlers.create_task(command, database, datetime.now(UTC))
    Console().print(f"Task {task_id} made.")
    return 0


async def _done(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        await handlers.finish_task(args.task, args.by, database, datetime.now(UTC))
    Console().print(f"Task {args.task} is done.")
    return 0


async def _postpone(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        due_at = local_to_utc(args.due, await handlers.firm_zone(database))
        await handlers.postpone_task(args.task, due_at, database)
    Console().print(f"Task {args.task} is due {args.due}.")
    return 0


async def _reassign(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        await handlers.reassign_task(args.task, await handlers.user_id_of(args.user, database), database)
    Console().print(f"Task {args.task} is with {escape(args.user)}.")
    return 0
