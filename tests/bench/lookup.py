"""Caller look-up: whose number is calling, among a million."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sqlalchemy import text

from crm_core.db.contacts import contact_by_number
from crm_core.db.engine import opened_database
from crm_core.handlers.contacts import caller_card
from tests.bench.rows import Row, figure, percentile, under
from tests.bench.site import Say, empty_database

NUMBERS = 1_000_000
_LOOK_UPS = 3_000
_FILL = (
    "INSERT INTO contacts (name, fields, created_at) "
    f"SELECT 'Person ' || n, '{{}}', now() FROM generate_series(1, {NUMBERS}) AS n",
    "INSERT INTO phones (contact_id, e164, raw, dead) "
    "SELECT id, '+99890' || lpad(id::text, 7, '0'), lpad(id::text, 7, '0'), false FROM contacts",
    "ANALYZE contacts, phones",
)


@dataclass(slots=True)
class Took:
    """How long things took."""

    milliseconds: list[float] = field(default_factory=list)

    @contextmanager
    def one(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.milliseconds.append((time.perf_counter() - began) * 1000)


async def measure(folder: Path, say: Say) -> list[Row]:
    """One after the other: who it is, and the whole card with his history; one number in ten is not known."""
    say(f"look-up: {NUMBERS:,} contacts on postgresql")
    random, found, shown = Random(1), Took(), Took()
    async with empty_database("postgresql", folder) as url, opened_database(url, None) as database:
        for statement in _FILL:
            async with database.work() as work:
                await work.run(text(statement))
        for _ in range(_LOOK_UPS):
            number = f"+99890{random.randint(1, NUMBERS * 10 // 9):07}"
            with found.one():
                async with database.reading() as work:
                    contact = await contact_by_number(work, number)
            with shown.one():
                card = await caller_card(number, database)
            if (contact is None, card is None) != (int(number[6:]) > NUMBERS,) * 2:
                raise RuntimeError(f"{number}: the look-up found {contact}, {card}")
    name = f"caller look-up among {NUMBERS:,} numbers"
    return [
        under(f"{name}, p99", percentile(found.milliseconds, 0.99), "ms", 5),
        figure(f"{name}, p50", percentile(found.milliseconds, 0.5), "ms"),
        figure(f"{name}, the card with all his history, p50", percentile(shown.milliseconds, 0.5), "ms"),
        figure(f"{name}, the card with all his history, p99", percentile(shown.milliseconds, 0.99), "ms"),
    ]
