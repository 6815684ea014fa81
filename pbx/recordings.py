"""Finished recordings are found, converted and linked to their calls, however late they come."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from crm_core.errors import Unavailable
from crm_core.ports import CallBook
from pbx.recording_files import convert
from pbx.settings import RecordingSettings

log = logging.getLogger(__name__)

#: The folder of years of recordings is not walked through every few seconds.
_SEARCH_ALL_EVERY = timedelta(minutes=10)


class RecordingKeeper:
    """Looks after the recordings folder. `is_open` says whether a call still lasts: its file is left alone.

    Not moving alone does not make a file finished: MixMonitor writes nothing while a call that is recorded only when
    bridged waits.
    """

    def __init__(
        self, settings: RecordingSettings, book: CallBook, is_open: Callable[[str], bool], now: Callable[[], datetime]
    ) -> None:
        self._settings, self._book, self._is_open, self._now = settings, book, is_open, now
        self._searched_all: datetime | None = None
        self.linked = 0
        self.failed = 0

    def may_record(self) -> bool:
        """Whether a recording may be started: the disk keeps its reserve."""
        folder = self._settings.folder
        free = free_bytes(folder)
        if free < self._settings.min_free_bytes:
            log.error(
                "no recording: the disk is nearly full",
                extra={"folder": str(folder), "free_bytes": free, "needed_bytes": self._settings.min_free_bytes},
            )
            return False
        return True

    async def run(self) -> None:
        """Scan again and again until cancelled."""
        while True:
            await self.scan()
            await asyncio.sleep(self._settings.scan_seconds)

    async def scan(self) -> int:
        """Convert and link every finished file once; how many were. One that fails stays for the next scan."""
        done = 0
        for raw in await asyncio.to_thread(self._finished):
            try:
                done += await self._keep(raw)
            except Unavailable as error:
                self.failed += 1
                log.warning("recordings wait for the database", extra={"why": str(error)})
                break
            except OSError as error:
                self.failed += 1
                log.error("recording not converted, kept for later", extra={"file": str(raw), "why": _plain(error)})
        self.linked += done
        return done

    def _finished(self) -> list[Path]:
        """Raw files whose call is over and that have not grown for a while, oldest first."""
        latest = self._now().timestamp() - self._settings.still_seconds
        found = []
        for raw in self._raw_files():
            try:
                changed = raw.stat().st_mtime
            except FileNotFoundError:
                continue
            if changed <= latest and not self._is_open(raw.stem):
                found.append((changed, raw))
        return [raw for _, raw in sorted(found)]

    def _raw_files(self) -> Iterator[Path]:
        """All of them at times; in between those of today and yesterday (UTC, as recording_path has it)."""
        folder, now = self._settings.folder, self._now()
        if self._searched_all is None or now - self._searched_all >= _SEARCH_ALL_EVERY:
            self._searched_all = now
            yield from folder.rglob("*.raw")
        else:
            for day in (now, now - timedelta(days=1)):
                yield from (folder / f"{day:%Y/%m/%d}").glob("*.raw")

    async def _keep(self, raw: Path) -> bool:
        file = await asyncio.to_thread(convert, raw, self._settings.folder)
        if file is not None:
            await self._book.link_recording(file, self._now())
        else:
            log.info("empty recording removed", extra={"file": str(raw)})
        await asyncio.to_thread(raw.unlink, missing_ok=True)
        return file is not None


def free_bytes(folder: Path) -> int:
    """Bytes that may still be written below `folder`, or below its next existing parent."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize


def _plain(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: make room, or move TRUNKLINE_RECORDINGS to a larger disk"
    return str(error)
