"""Who may look at what the demo made: one log-in for each of the three people who work with Trunkline all day."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Table

from crm_core.db.engine import Database
from crm_core.domain.access import Role
from crm_core.errors import NotFound
from crm_core.handlers import users
from crm_core.handlers.users import NewUser

#: Name, role, and what to look at first. The operator is one of the demo's own.
_PEOPLE = (
    ("Dilnoza", Role.AGENT, "takes bridged calls", "/operator"),
    ("Malika", Role.MARKETER, "dials and surveys", "/campaigns"),
    ("Jamshid", Role.MANAGER, "works from tasks and deals", "/tasks"),
)
_WORDS = "river lamp tulip cotton bridge melon silver garden window poplar saddle copper market almond".split()


@dataclass(frozen=True, slots=True)
class Visitor:
    """A log-in; `password` is made anew each time."""

    name: str
    password: str
    does: str
    page: str


async def make_visitors(database: Database, now: datetime) -> list[Visitor]:
    """Give each of them a password; who is not there yet is made."""
    found = []
    for name, role, does, page in _PEOPLE:
        password = " ".join(secrets.choice(_WORDS) for _ in range(5))
        try:
            user = await users.find_user(name, database)
        except NotFound:
            await users.create_user(NewUser(name, role, password), None, database, now)
        else:
            await users.set_password(user.id, password, None, database, now)
        found.append(Visitor(name, password, does, page))
    return found


def show_visitors(console: Console, visitors: list[Visitor], address: str) -> None:
    """Where to look, and as whom."""
    table = Table("Log-in name", "Password", "Who", "Begins at", title=f"Look at it: {address}/")
    for visitor in visitors:
        table.add_row(visitor.name, visitor.password, visitor.does, visitor.page)
    console.print(table)
