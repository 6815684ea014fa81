"""The import of an uploaded file as a job: begun, carried out while somebody watches or nobody does, stopped."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from crm_core.db import audit, lead_lists
from crm_core.domain.access import Actor
from crm_core.domain.lead_files import Duplicates
from crm_core.domain.notices import Notice, NoticeKind
from crm_core.errors import BadInput, Conflict, CrmError
from crm_core.handlers.imports import ImportLeads, ImportReport, import_leads
from crm_core.handlers.lead_uploads import Intake, checked_mapping, in_words_of_pages, one_upload
from crm_core.handlers.notices import tell
from crm_core.imports.uploads import Upload, UploadState

log = logging.getLogger(__name__)

_TOLD_EVERY = 1.0  # seconds
_COUNTS = ("rows", "created", "updated", "duplicate", "invalid", "skipped", "incomplete", "do_not_call")


@dataclass(frozen=True, slots=True)
class Choice:
    """How a file is to be imported. `columns`: title → field, where the guess is wrong."""

    list_name: str
    country: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    duplicates: Duplicates = Duplicates.SKIP


async def begin_import(actor: Actor, upload_id: str, choice: Choice, intake: Intake) -> Upload:
    """Note that the import begins; `carry_out` does it. Raises Forbidden, NotFound, BadInput, and Conflict for a file
    that is being imported, or was."""
    upload = await one_upload(actor, upload_id, intake)
    now = intake.now()
    if upload.state is UploadState.RUNNING and not upload.is_silent(now):
        raise Conflict("this file is being imported already")
    if upload.state is UploadState.DONE:
        raise Conflict("this file has been imported already: upload it again to import it once more")
    name = " ".join(choice.list_name.split())
    was_interrupted = upload.is_silent(now) and upload.list_name == name
    async with intake.database.reading() as work:
        if not name or len(name) > 120:
            raise BadInput("list", "the list needs a name", "Choose one of at most 120 characters")
        if await lead_lists.has_list(work, name) and not was_interrupted:
            raise BadInput("list", f"a list {name!r} exists already", "Choose another name")
    begun = replace(
        upload,
        state=UploadState.RUNNING,
        list_name=name,
        country=choice.country or upload.country,
        columns=dict(checked_mapping(choice.columns)),
        duplicates=choice.duplicates,
        told_at=now,
        done=0,
        whole=None,
        error="",
        counts={},
        failed_name="",
    )
    await asyncio.to_thread(intake.folder.save, begun)
    return begun


async def carry_out(actor: Actor, upload: Upload, intake: Intake) -> Upload:
    """Import the file and keep what became of it beside it. Cancelling stops it as long as nothing is being written."""
    told = _Told(upload, intake)
    try:
        async with told.telling():
            ended = await _imported(actor, upload, told, intake)
    except asyncio.CancelledError:
        if not await _is_being_written(upload, intake):  # else whoever comes next carries it through
            stopped = replace(upload, state=UploadState.STOPPED, told_at=intake.now())
            await asyncio.to_thread(intake.folder.save, stopped)
        raise
    await asyncio.to_thread(intake.folder.save, ended)
    await _tell_end(actor, ended, intake)
    return ended


async def _tell_end(actor: Actor, ended: Upload, intake: Intake) -> None:
    """Let whoever began it know; that he could not be told is no reason for the import to have failed."""
    kind = NoticeKind.IMPORT_FINISHED if ended.state is UploadState.DONE else NoticeKind.IMPORT_FAILED
    key = f"import {ended.id} {ended.told_at.isoformat()}"
    link = f"/campaigns/imports/{ended.id}"
    try:
        await tell([Notice(actor.user_id, key, kind, ended.list_name, link)], intake.database, intake.now())
    except CrmError as error:
        log.warning("the end of an import could not be told", extra={"upload": ended.id, "fault": str(error)})


async def _imported(actor: Actor, upload: Upload, told: _Told, intake: Intake) -> Upload:
    failed = await asyncio.to_thread(intake.folder.failed_path, upload)
    command = ImportLeads(
        path=intake.folder.path_of(upload),
        list_name=upload.list_name,
        country=upload.country,
        columns=upload.columns,
        duplicates=upload.duplicates,
        errors=failed,
    )
    try:
        report = await in_words_of_pages(import_leads(command, intake.database, intake.now(), told.hear))
    except CrmError as error:
        return replace(upload, state=UploadState.FAILED, error=str(error), told_at=intake.now())
    except Exception:
        log.exception("an import failed", extra={"upload": upload.id})
        why = "the fault is ours, and is in the log of the service"
        return replace(upload, state=UploadState.FAILED, error=why, told_at=intake.now())
    counts = {name: asdict(report)[name] for name in _COUNTS}
    async with intake.database.work() as work:
        details = counts | {"file": upload.name, "list": upload.list_name}
        await audit.record(work, actor, "list.imported", "list", report.list_id, intake.now(), details=details)
    return _done(upload, report, counts, failed, intake.now())


def _done(upload: Upload, report: ImportReport, counts: Mapping[str, int], failed: Path, now: datetime) -> Upload:
    return replace(
        upload,
        state=UploadState.DONE,
        done=report.rows,
        whole=report.rows,
        counts=counts,
        list_id=report.list_id,
        failed_name=failed.name if failed.exists() else "",
        told_at=now,
    )


async def check_stop(actor: Actor, upload_id: str, intake: Intake) -> Upload:
    """The upload, if its import may still be stopped. Raises Forbidden, NotFound, and Conflict when it is being written
    or does not run."""
    upload = await one_upload(actor, upload_id, intake)
    if upload.state is not UploadState.RUNNING:
        raise Conflict("this import does not run (any more)")
    if await _is_being_written(upload, intake):
        raise Conflict("all rows are read and are being written: it cannot be stopped any more")
    return upload


class _Told:
    """How far an import is, written beside the file once a second."""

    def __init__(self, upload: Upload, intake: Intake) -> None:
        self._upload, self._intake = upload, intake
        self._done, self._whole = 0, upload.whole
        self._over = asyncio.Event()

    def hear(self, done: int, whole: int | None) -> None:
        self._done, self._whole = done, whole

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Tell while inside; outside nothing more is written."""
        task = asyncio.create_task(self._tell(), name=f"progress of import {self._upload.id}")
        try:
            yield
        finally:
            self._over.set()
            await task

    async def _tell(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_TOLD_EVERY):
                    await self._over.wait()
                return
            now = replace(self._upload, done=self._done, whole=self._whole, told_at=self._intake.now())
            await asyncio.to_thread(self._intake.folder.save, now)


async def _is_being_written(upload: Upload, intake: Intake) -> bool:
    digest = await asyncio.to_thread(_digest, intake.folder.path_of(upload))
    async with intake.database.reading() as work:
        return await lead_lists.is_being_written(work, upload.list_name, digest)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
