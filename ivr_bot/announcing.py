"""What an operator hears of a person before he is connected: the summary as a sound file that Asterisk plays."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Protocol

from crm_core.errors import CrmError
from ivr_bot.dialog.actions import Transfer
from ivr_bot.speech.audio import seconds_of
from ivr_bot.speech.prompts import Line, Part

log = logging.getLogger(__name__)

#: Below the recordings folder, which is the one folder that Asterisk and the service both know.
FOLDER = "announcements"
#: The bot's last words ("One moment, …") are played meanwhile. So long a person waits after them, at most.
WAIT = 1.5  # seconds
#: It is played within seconds, and it is about somebody: what is older goes when the next one is written.
_KEPT = timedelta(hours=1)
#: By which Asterisk tells the format.
_ENDING = ".ulaw"


class Voice(Protocol):
    """Where the words are rendered (speech.prompts.Prompts)."""

    async def audio(self, part: Part) -> bytes: ...


class Announces(Protocol):
    """What makes a summary heard."""

    def begin(self, call_id: str, transfer: Transfer) -> Announcement:
        """Begin to render a transfer's summary; whoever asks for it owns what is under way."""


class Announcer:
    """Fits Announces; one per process. `recordings` is the recordings folder; Asterisk reads there."""

    def __init__(self, voice: Voice, recordings: Path) -> None:
        self._voice, self._recordings = voice, recordings

    def begin(self, call_id: str, transfer: Transfer) -> Announcement:
        """Begin to render a transfer's summary; whoever asks for it owns what is under way."""
        return Announcement(call_id, asyncio.create_task(self._render(call_id, transfer), name="render a summary"))

    async def _render(self, call_id: str, transfer: Transfer) -> str:
        began = time.monotonic()
        ulaw = await self._voice.audio(Line(transfer.summary, transfer.language))
        await asyncio.to_thread(self._write, call_id, ulaw)
        facts = {"call_id": call_id, "seconds": round(seconds_of(ulaw), 1)}
        log.info("summary rendered", extra={**facts, "took_ms": round((time.monotonic() - began) * 1000)})
        return str(PurePosixPath(FOLDER) / f"{call_id}{_ENDING}")

    def _write(self, call_id: str, ulaw: bytes) -> None:
        """At one stroke, and readable for Asterisk should it run as another user. Raises OSError."""
        folder = self._recordings / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as out:
            out.write(ulaw)
        os.chmod(out.name, 0o644)
        os.replace(out.name, folder / f"{call_id}{_ENDING}")
        oldest = time.time() - _KEPT.total_seconds()
        for file in folder.iterdir():
            if file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)


class Announcement:
    """A summary being rendered."""

    def __init__(self, call_id: str, task: asyncio.Task[str]) -> None:
        self._call_id, self._task = call_id, task

    async def path(self) -> str | None:
        """The file below the recordings folder; None where it is not there in time.

        Whatever went wrong, the transfer goes on without it.
        """
        try:
            async with asyncio.timeout(WAIT):
                return await self._task
        except (CrmError, OSError) as error:  # a time-out is an OSError
            log.warning("no announcement", extra={"call_id": self._call_id, "why": repr(error)})
        except Exception:  # whatever failed, a person waits for an operator
            log.exception("no announcement", extra={"call_id": self._call_id})
        return None

    async def drop(self) -> None:
        """Give up what is still under way."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
