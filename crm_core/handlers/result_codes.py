"""Which results there are."""

from __future__ import annotations

from crm_core.db import dispositions
from crm_core.db.engine import Database


async def every_result(database: Database) -> dict[str, str]:
    """The label of each result by its code."""
    async with database.reading() as work:
        return {code: one.label for code, one in (await dispositions.all_dispositions(work)).items()}
