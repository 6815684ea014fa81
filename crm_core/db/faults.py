"""The driver's errors as ours: what was wrong, without the statement and the personal data in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from crm_core.errors import Conflict, CrmError, Unavailable

CONNECT_WITHIN = 5.0  # seconds
POOL_WITHIN = 10.0  # seconds a unit of work waits for one of our own connections
#: PostgreSQL's deadlock_detected, serialization_failure, lock_not_available: the same again may succeed.
_PASSING = frozenset({"40P01", "40001", "55P03"})
#: PostgreSQL classes and codes for "not now": connection (08), no resources (53), shutting down or starting up.
_NOT_NOW = ("08", "53", "57P01", "57P02", "57P03")
_UNIQUE_VIOLATION = "23505"
_UNDEFINED_TABLE = "42P01"


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the driver leave as ours; those of whoever works in the unit of work are none of our business."""
    try:
        yield
    except DBAPIError as error:
        ours = _translation(error)
        if ours is None:
            raise
        raise ours from error


def _translation(error: DBAPIError) -> CrmError | None:
    sqlstate = getattr(error.orig, "sqlstate", None)
    if isinstance(error, IntegrityError):
        # Both say which columns; PostgreSQL's detail, with the values, stays out of it.
        is_unique = sqlstate == _UNIQUE_VIOLATION or "UNIQUE constraint failed" in str(error.orig)
        return Conflict(f"this exists already: {_said(error)}") if is_unique else None
    if sqlstate in _PASSING:
        return Conflict("another transaction was first")
    is_gone = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    is_gone = is_gone or (sqlstate or "").startswith(_NOT_NOW)
    if is_gone or sqlstate == _UNDEFINED_TABLE or type(error) is DatabaseError:
        return unavailable(error)
    return None


def unavailable(error: Exception) -> Unavailable:
    """The driver's complaint as ours, without the statement and its personal data."""
    if getattr(getattr(error, "orig", None), "sqlstate", None) == _UNDEFINED_TABLE or "no such table" in str(error):
        return Unavailable("the database has no tables of Trunkline yet: run `trunkline db upgrade`")
    if isinstance(error, PoolExhausted):
        return Unavailable(f"all connections to the database were in use for {POOL_WITHIN:.0f} s")
    said = _said(error) or f"no answer within {CONNECT_WITHIN:.0f} s"
    return Unavailable(f"the database does not answer ({said}): check that it runs and what DATABASE_URL says")


def _said(error: Exception) -> str:
    """What the driver itself said, in one line: SQLAlchemy wraps it once or twice."""
    orig = getattr(error, "orig", None)
    innermost = (getattr(orig, "__cause__", None) or orig) if orig is not None else error
    return str(innermost).strip().partition("\n")[0]
