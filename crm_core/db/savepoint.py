"""A part of a unit of work that may fail without the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from crm_core.db.faults import unavailable
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.errors import Conflict

#: PostgreSQL: deadlock_detected, serialization_failure, lock_not_available. The same again succeeds.
_PASSING = frozenset({"40P01", "40001", "55P03"})


@asynccontextmanager
async def savepoint(work: UnitOfWork) -> AsyncIterator[None]:
    """Undo what was done inside when it fails, and nothing else.

    Raises Unavailable and Conflict for what concerns the whole unit of work (the database is gone, a deadlock); other
    errors leave as they are, and the work can go on.
    """
    try:
        async with work.connection.begin_nested():
            yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _PASSING:
            raise Conflict("another transaction was first") from error
        is_bad_value = isinstance(getattr(error.orig, "__cause__", None), ValueError)  # asyncpg: an InterfaceError too
        is_gone = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
        if is_gone and not is_bad_value:
            raise unavailable(error) from error
        raise
