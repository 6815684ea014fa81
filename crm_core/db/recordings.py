"""Recordings: a file is linked to its call by the call's id, whichever of the two comes first."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select

from crm_core.db.tables import recordings
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.recordings import RecordingFile


async def link(work: UnitOfWork, file: RecordingFile, at: datetime) -> bool:
    """Note the file; noted before, its measures are replaced. Returns whether it is new."""
    known = await work.scalar(select(recordings.c.id).where(recordings.c.path == file.path))
    await work.upsert(recordings, [asdict(file) | {"at": at}], ["path"], keep=["at"])
    return known is None
