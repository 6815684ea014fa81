"""Lists as files: a million rows through the API as .csv, and as .xlsx; how long it takes, and what the process that
serves them takes in memory from the ten thousandth row to the last. Asked of the site that `workplace` has filled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout
from sqlalchemy import select

from crm_core.db.engine import Database
from crm_core.db.tables import calls
from crm_core.domain.access import Role
from crm_core.web.doors import COOKIE
from tests.bench.rows import Row, at_least, figure, under
from tests.bench.site import Say
from tests.bench.web_process import Pages, cookie_of, served

ROWS, WARM = 1_000_000, 10_000
#: MB that the process may grow by; what a page of rows takes comes and goes.
GROWTH = 8.0
_LOOK = 0.05  # seconds
_WITHIN = ClientTimeout(total=1_800)


@dataclass(slots=True)
class _Memory:
    """Of the process that serves: as it was when `begin` was called, and the most since."""

    pages: Pages
    began: float | None = None
    most: float = 0.0

    def begin(self) -> None:
        self.began = self.most = self.pages.service.rss_mb

    async def watch(self) -> None:
        while True:
            self.most = max(self.most, self.pages.service.rss_mb)
            await asyncio.sleep(_LOOK)

    @property
    def grown(self) -> float:
        return self.most - (self.began or 0.0)


async def measured(database: Database, url: str, folder: Path, say: Say) -> list[Row]:
    """The rows of a site that is filled."""
    secret = await cookie_of(database, Role.MANAGER, "export")
    since = await _a_million_ago(database)
    lists = {
        "contacts": "/api/v1/contacts/file?",
        "deals": "/api/v1/deals/file?",
        "calls": f"/api/v1/calls/file?since={since}&",
    }
    rows: list[Row] = []
    async with served(url, folder) as pages, ClientSession(cookies={COOKIE: secret}, timeout=_WITHIN) as client:
        for noun, path in lists.items():
            say(f"export: {noun} as .csv")
            rows += await _csv(client, pages, noun, path + "form=csv")
        say("export: contacts as .xlsx")
        rows += await _xlsx(client, pages, lists["contacts"])
    return rows


async def _a_million_ago(database: Database) -> str:
    """When the millionth of the latest calls began."""
    query = select(calls.c.started_at).where(calls.c.started_at.is_not(None)).order_by(calls.c.started_at.desc())
    async with database.reading() as work:
        at = await work.scalar(query.offset(ROWS - 1).limit(1))
    return str(at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


async def _csv(client: ClientSession, pages: Pages, noun: str, path: str) -> list[Row]:
    async with _watched(pages) as memory:
        began, lines, first = time.perf_counter(), 0, 0.0
        async with client.get(pages.base + path) as answer:
            answer.raise_for_status()
            async for piece in answer.content.iter_any():
                first = first or time.perf_counter() - began
                lines += piece.count(b"\r\n")
                if memory.began is None and lines > WARM:
                    memory.begin()
        took = time.perf_counter() - began
    return [
        figure(f"export of {lines - 1:,} {noun} as .csv", took, "s"),
        at_least(f"export of {noun} as .csv, rows a second", (lines - 1) / took, "rows/s", 5_000),
        figure(f"export of {noun} as .csv, until it begins", first * 1000, "ms"),
        under(f"export of {noun} as .csv, memory from {WARM:,} rows to {lines - 1:,}", memory.grown, "MB", GROWTH),
    ]


async def _xlsx(client: ClientSession, pages: Pages, path: str) -> list[Row]:
    """First a small one (a seller's), against which the great one is held."""
    async with _watched(pages) as memory:
        async with client.get(pages.base + path + "owner=0&form=xlsx") as answer:
            answer.raise_for_status()
            await answer.read()
        memory.begin()
        began, size = time.perf_counter(), 0
        async with client.get(pages.base + path + "form=xlsx") as answer:
            answer.raise_for_status()
            async for piece in answer.content.iter_any():
                size += len(piece)
        took = time.perf_counter() - began
    return [
        figure(f"export of all contacts as .xlsx ({size / 1e6:.0f} MB)", took, "s"),
        under("export of all contacts as .xlsx, memory against a small one", memory.grown, "MB", GROWTH),
    ]


@asynccontextmanager
async def _watched(pages: Pages) -> AsyncIterator[_Memory]:
    memory = _Memory(pages)
    watching = asyncio.create_task(memory.watch())
    try:
        yield memory
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
