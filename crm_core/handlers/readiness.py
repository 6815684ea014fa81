"""Is the database fit for this version?"""

from __future__ import annotations

from crm_core.db.engine import Database
from crm_core.db.migrate import is_current
from crm_core.errors import Unavailable


async def require_current(database: Database) -> None:
    """Raise Unavailable unless the database has this version's tables."""
    if not await is_current(database):
        raise Unavailable("the database is not at this version's state: run `trunkline db upgrade`")
