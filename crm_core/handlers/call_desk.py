"""Calls looked at and listened to. Who listens, downloads or deletes is written down in the same commit."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_core.db import audit, pacing
from crm_core.db import call_desk as rows
from crm_core.db import conversations as talks
from crm_core.db.call_desk import Before, CallSeen, CallsWanted, Recording
from crm_core.db.campaign_desk import sees_campaign
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.attempts import Outcome
from crm_core.domain.conversations import Answer, Turn
from crm_core.domain.pacing_records import AbandonRecord
from crm_core.domain.waveform import peaks
from crm_core.errors import NotFound

_PIECE = 64 * 1024  # frames


@dataclass(frozen=True, slots=True)
class CallList:
    calls: tuple[CallSeen, ...]
    next: Before | None


@dataclass(frozen=True, slots=True)
class WholeCall:
    """A call with what was said. `pacing`: of an abandoned one, what the dialer saw and decided, for those who see its
    campaign."""

    call: CallSeen
    recordings: tuple[Recording, ...]
    turns: tuple[Turn, ...]
    answers: tuple[Answer, ...]
    begins_at: datetime | None
    pacing: AbandonRecord | None = None

    def offset(self, at: datetime) -> float:
        """The second of the recording at that instant; the recording ends with the call, or begins with the answer."""
        if self.begins_at is None:
            return 0.0
        return max(0.0, (at - self.begins_at).total_seconds())


async def list_calls(
    actor: Actor, wanted: CallsWanted, before: Before | None, limit: int, database: Database
) -> CallList:
    """Calls one sees, latest first. Raises Forbidden."""
    actor.require(Right.SEE_CALLS)
    async with database.reading() as work:
        found = await rows.seen(work, actor, wanted, before, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = Before(last.started_at, last.id) if last is not None and last.started_at is not None else None
    return CallList(tuple(found[:limit]), following)


async def whole_call(actor: Actor, call_id: str, database: Database) -> WholeCall:
    """All about one call. Raises NotFound, also for one that the actor does not see."""
    actor.require(Right.SEE_CALLS)
    async with database.reading() as work:
        call = await rows.one(work, actor, call_id)
        found = await rows.recordings_of(work, actor, call_id)
        turns = await talks.transcript(work, call_id) if call.is_reached else []  # people say their names
        answers = await talks.answers_of(work, call_id) if call.is_reached else []
        paced = await _pacing(work, actor, call)
    begins = call.answered_at if turns or call.bridged_at is None else call.bridged_at
    return WholeCall(call, tuple(found), tuple(turns), tuple(answers), begins, paced)


async def _pacing(work: UnitOfWork, actor: Actor, call: CallSeen) -> AbandonRecord | None:
    if call.campaign_id is None or call.outcome != Outcome.ABANDONED.value or not actor.may(Right.SEE_CAMPAIGNS):
        return None
    sees = await sees_campaign(work, actor, call.campaign_id)
    return await pacing.abandon_record(work, call.id) if sees else None


async def listen(
    actor: Actor,
    recording_id: int,
    folder: Path,
    database: Database,
    now: datetime,
    *,
    download: bool,
    address: str,
    goes_on: bool = False,
) -> Path:
    """The file to be played, or downloaded; noted in the audit log, unless one `goes_on` listening to it: players ask
    for a file in pieces. Raises Forbidden and NotFound."""
    actor.require(Right.DOWNLOAD if download else Right.LISTEN)
    async with database.work() as work:
        found = await rows.recording(work, actor, recording_id)
        file = _file(found, folder)
        action = "recording.downloaded" if download else "recording.listened"
        if not goes_on:
            await audit.record(
                work, actor, action, "recording", recording_id, now, details={"call": found.call_id}, address=address
            )
    return file


async def waveform(actor: Actor, recording_id: int, folder: Path, database: Database) -> list[list[float]]:
    """Its picture: peaks per side (0…1), reckoned once and kept beside the file. Raises Forbidden and NotFound."""
    actor.require(Right.LISTEN)
    async with database.reading() as work:
        found = await rows.recording(work, actor, recording_id)
    return await asyncio.to_thread(_peaks_of, _file(found, folder))


async def delete_recording(actor: Actor, recording_id: int, folder: Path, database: Database, now: datetime) -> None:
    """Delete the file for good; the row says who did it and when. Raises Forbidden and NotFound."""
    actor.require(Right.DELETE_RECORDINGS)
    async with database.work() as work:
        found = await rows.recording(work, actor, recording_id)
        await rows.mark_deleted(work, recording_id, actor.name, now)
        await audit.record(
            work, actor, "recording.deleted", "recording", recording_id, now, details={"call": found.call_id}
        )
    file = folder / found.path
    for path in (file, _kept_peaks(file)):
        await asyncio.to_thread(path.unlink, missing_ok=True)


def _file(found: Recording, folder: Path) -> Path:
    file = (folder / found.path).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        raise NotFound("recording", found.id, "Its file is not where recordings lie: see TRUNKLINE_RECORDINGS")
    return file


def _kept_peaks(file: Path) -> Path:
    return file.with_suffix(".peaks.json")


def _peaks_of(file: Path) -> list[list[float]]:
    kept = _kept_peaks(file)
    if kept.is_file():
        known: list[list[float]] = json.loads(kept.read_text())
        return known
    with wave.open(str(file), "rb") as wav:
        if wav.getsampwidth() != 2:
            return []
        found = peaks(_pieces(wav), wav.getnframes(), wav.getnchannels())
    part = kept.with_suffix(".part")
    part.write_text(json.dumps(found, separators=(",", ":")))
    part.replace(kept)
    return found


def _pieces(wav: wave.Wave_read) -> Iterator[bytes]:
    while piece := wav.readframes(_PIECE):
        yield piece
