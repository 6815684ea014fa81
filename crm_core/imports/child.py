"""The reading process: one lead file in, frames out. Memory and CPU time are limited."""

from __future__ import annotations

import gc
import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from crm_core.domain.lead_files import LeadRow
from crm_core.errors import BadInput
from crm_core.imports.limits import ReadLimits
from crm_core.imports.reader import open_leads
from crm_core.imports.titles import NoPhoneColumn
from crm_core.imports.wire import ReadOrder, frame, row_out

_ROWS_AT_ONCE = 1_000
_CELLS_AT_ONCE = 40_000
_CHARACTERS_AT_ONCE = 1_000_000


def main() -> int:
    """Read the order in the first argument, write frames to standard output."""
    order = ReadOrder(**json.loads(sys.argv[1]))
    limits = ReadLimits(**order.limits)
    _limit(limits)
    gc.disable()  # rows come and go without cycles; looking for them costs a tenth of the time
    return _read(order, limits, sys.stdout.buffer)


def _limit(limits: ReadLimits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(order: ReadOrder, limits: ReadLimits, out: BinaryIO) -> int:
    try:
        for message in _messages(order, limits):
            out.write(frame(message))
            out.flush()
    except NoPhoneColumn as error:
        out.write(frame({"no phone": error.where, "columns": [asdict(column) for column in error.columns]}))
    except BadInput as error:
        out.write(frame({"error": [error.where, error.what, error.do]}))
    except MemoryError:
        out.write(frame({"memory": True}))
    return 0


def _messages(order: ReadOrder, limits: ReadLimits) -> Iterator[Any]:
    opened = open_leads(Path(order.path), order.country, order.columns, limits, order.sites_fields())
    yield {
        "columns": [asdict(column) for column in opened.columns],
        "delimiter": opened.delimiter,
        "form": opened.form,
        "count": opened.count,
    }
    total = 0
    for batch in _batches(islice(opened.rows, order.most_rows)):
        total += len(batch)
        yield {"rows": [row_out(row) for row in batch]}
    yield {"end": total}


def _batches(rows: Iterator[LeadRow]) -> Iterator[list[LeadRow]]:
    """Rows in batches that stay small in memory whatever is in them."""
    batch: list[LeadRow] = []
    cells = characters = 0
    for row in rows:
        batch.append(row)
        cells += len(row.cells)
        characters += sum(map(len, row.cells))
        if len(batch) == _ROWS_AT_ONCE or cells > _CELLS_AT_ONCE or characters > _CHARACTERS_AT_ONCE:
            yield batch
            batch, cells, characters = [], 0, 0
    if batch:
        yield batch


if __name__ == "__main__":
    sys.exit(main())
