"""One commit for a port's method: where another transaction was first, the whole is done again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.errors import Conflict

#: The switch, the dialer and the agents write the same rows; losing to them so often running does not come by chance.
TRIES = 4

T = TypeVar("T")


async def committed(database: Database, act: Callable[[UnitOfWork], Awaitable[T]], *, at_once: bool = False) -> T:
    """Do `act` in one unit of work and commit. Raises Conflict if others were first each time; nothing is written."""
    for left in reversed(range(TRIES)):
        try:
            async with database.work(at_once=at_once) as work:
                return await act(work)
        except Conflict:
            if not left:
                raise
    raise AssertionError("unreachable")
