"""A call book that keeps everything in memory: the ear at the other end of what pbx tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crm_core.domain.calls import AgentLegChange, CallSnapshot
from crm_core.domain.recordings import RecordingFile
from crm_core.errors import CrmError, Unavailable
from crm_core.ports import Cdr


class KeptCallBook:
    """The latest snapshot of each call, every leg change, CDR and recording. `broken` makes it unavailable."""

    def __init__(self) -> None:
        self.broken = False
        self.refuses: set[str] = set()
        self.calls: dict[str, CallSnapshot] = {}
        self.batches: list[list[str]] = []
        self.legs: list[AgentLegChange] = []
        self.cdrs: list[Cdr] = []
        self.offset = 0
        self.lost: list[tuple[frozenset[str], tuple[Cdr, ...]]] = []
        self.files: list[RecordingFile] = []

    def _check(self) -> None:
        if self.broken:
            raise Unavailable("the database is away")

    async def record_calls(self, calls: Sequence[CallSnapshot]) -> None:
        self._check()
        if refused := self.refuses & {call.id for call in calls}:
            raise CrmError(f"refused: {refused}")
        self.batches.append([call.id for call in calls])
        self.calls |= {call.id: call for call in calls}

    async def record_agent_legs(self, changes: Sequence[AgentLegChange]) -> None:
        self._check()
        if refused := self.refuses & {change.channel for change in changes}:
            raise CrmError(f"refused: {refused}")
        self.legs += changes

    async def open_calls(self, node: str) -> list[CallSnapshot]:
        self._check()
        return [call for call in self.calls.values() if call.ended_at is None]

    async def close_lost(self, node: str, live: frozenset[str], cdrs: Sequence[Cdr], now: datetime) -> int:
        self._check()
        self.lost.append((live, tuple(cdrs)))
        return sum(call.ended_at is None and id not in live for id, call in self.calls.items())

    async def record_cdrs(self, node: str, cdrs: Sequence[Cdr], offset: int) -> int:
        self._check()
        self.cdrs += cdrs
        self.offset = offset
        return 0

    async def cdr_offset(self, node: str) -> int:
        self._check()
        return self.offset

    async def link_recording(self, file: RecordingFile, at: datetime) -> None:
        self._check()
        self.files.append(file)
