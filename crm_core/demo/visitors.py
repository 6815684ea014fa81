"""Who may look at what the demo made: one log-in for each of the three people who work with Trunkline all day."""

from __future__ import annotations

import secrets
from datetime import datetime

from rich.console import Console
from rich.table import Column, Table

from crm_core.db.engine import Database
from crm_core.domain.access import Role
from crm_core.errors import NotFound
from crm_core.handlers import users
from crm_core.handlers.users import NewUser
from crm_core.web.visitors import DOES, Visitor

#: Name, role, and where each begins. The operator is one of the demo's own.
_PEOPLE = (
    ("Dilnoza", Role.AGENT, "/operator"),
    ("Malika", Role.MARKETER, "/campaigns"),
    ("Jamshid", Role.MANAGER, "/tasks"),
)
_WORDS = "river lamp tulip cotton bridge melon silver garden window poplar saddle copper market almond".split()


async def make_visitors(database: Database, now: datetime) -> list[Visitor]:
    """Give each of them a password; who is not there yet is made."""
    found = []
    for name, role, page in _PEOPLE:
        password = " ".join(secrets.choice(_WORDS) for _ in range(5))
        try:
            user = await users.find_user(name, database)
        except NotFound:
            await users.create_user(NewUser(name, role, password), None, database, now)
        else:
            await users.set_password(user.id, password, None, database, now)
        found.append(Visitor(name, password, DOES[role], page))
    return found


def show_visitors(console: Console, visitors: list[Visitor], address: str) -> None:
    """Where to look, and as whom."""
    heads = (Column(head, no_wrap=head == "Password") for head in ("Log-in name", "Password", "Who", "Begins at"))
    table = Table(*heads, title=f"Look at it: {address}/")
    for visitor in visitors:
        table.add_row(visitor.name, visitor.password, visitor.does, visitor.page)
    console.print(table)
    console.print("On this machine a click does it: the log-in page has a button for each of them.")
