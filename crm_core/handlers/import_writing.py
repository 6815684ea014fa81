"""Writing an import that is all decided: chunk after chunk, by this process or the next."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from crm_core.db import import_rows
from crm_core.db.engine import Database
from crm_core.db.import_rows import UnfinishedImport
from crm_core.errors import Conflict

logger = logging.getLogger(__name__)

#: Chunks of an import that has not been committed for so long belong to a process that is gone.
_ABANDONED_AFTER = timedelta(days=1)
#: Two imports that change the same people may have to let each other pass.
_TRIES = 5


async def finish_imports(database: Database, now: datetime) -> list[UnfinishedImport]:
    """Carry interrupted imports through, and forget those that never came so far. Call it when a service starts.

    Harmless while another process works on one of them: they take turns.
    """
    async with database.reading() as work:
        unfinished = await import_rows.unfinished_imports(work)
    finished = []
    for one in unfinished:
        if one.list_id is not None:
            logger.info("carrying interrupted import through", extra={"list": one.list_name})
            await write_import(database, one.id, one.list_id, one.counts, now, lambda chunks: None)
            finished.append(one)
        elif one.created_at < now - _ABANDONED_AFTER:
            async with database.work() as work:
                await import_rows.discard_import(work, one.id)
    return finished


async def write_import(
    database: Database,
    import_id: int,
    list_id: int,
    counts: dict[str, int],
    now: datetime,
    chunks_left: Callable[[int], None],
) -> None:
    """Write what is left of an import, chunk by chunk, and open the list for use."""
    async with database.reading() as work:
        left = await import_rows.count_chunks(work, import_id)
    chunks_left(left)
    while await _write_next(database, import_id, list_id, counts, now):
        left -= 1
        chunks_left(left)


async def _write_next(database: Database, import_id: int, list_id: int, counts: dict[str, int], now: datetime) -> bool:
    """Write the next chunk; False if all had been written, and the list is open now."""
    for once_more in reversed(range(_TRIES)):
        try:
            async with database.work() as work:
                chunk = await import_rows.take_chunk(work, import_id, list_id)
                if chunk is None:
                    await import_rows.finish_import(work, import_id, list_id, counts)
                else:
                    await import_rows.write_chunk(work, list_id, chunk, now)
            return chunk is not None
        except Conflict:
            if not once_more:
                raise
    raise AssertionError("unreachable")
