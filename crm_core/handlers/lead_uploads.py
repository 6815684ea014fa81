"""Files of leads that come by the browser or the API: taken in, looked at, imported as a job that can be left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Right, Sees
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.handlers.imports import sites_fields
from crm_core.imports.lead_file import Preview, preview
from crm_core.imports.limits import ReadLimits
from crm_core.imports.titles import FIELDS, NoPhoneColumn
from crm_core.imports.uploads import Upload, UploadFolder, UploadState

log = logging.getLogger(__name__)

T = TypeVar("T")
_MOST_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class Intake:
    """What uploads stand on. `country`: of numbers without a country's code, where nobody says another."""

    folder: UploadFolder
    database: Database
    now: Callable[[], datetime]
    country: str | None = None


async def take_in(actor: Actor, name: str, pieces: AsyncIterator[bytes], intake: Intake) -> Upload:
    """Keep a file as it comes. Raises Forbidden, and BadInput for one without a name, empty or too large."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    now, most = intake.now(), ReadLimits().file_bytes
    for old in await asyncio.to_thread(intake.folder.throw_away_old, now):
        log.info("upload thrown away: nobody imported it", extra={"upload": old})
    upload_id, path, file = await asyncio.to_thread(intake.folder.begin, name)
    size = 0
    try:
        with file:
            async for piece in pieces:
                size += len(piece)
                if size > most:
                    raise BadInput(path.name, f"it is larger than {most // 1024**2} MB", "Split it into several files")
                await asyncio.to_thread(file.write, piece)
        if not size:
            raise BadInput(path.name, "the file is empty", "The first row must name the columns")
        upload = Upload(upload_id, actor.user_id, actor.name, path.name, size, now, now, country=intake.country)
        await asyncio.to_thread(intake.folder.save, upload)
    except BaseException:
        await asyncio.to_thread(intake.folder.remove, upload_id)
        raise
    return upload


async def every_upload(actor: Actor, intake: Intake) -> list[Upload]:
    """His own; all, for whoever sees all. The newest first. Raises Forbidden."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    return [one for one in await asyncio.to_thread(intake.folder.every) if _is_his(actor, one)]


async def one_upload(actor: Actor, upload_id: str, intake: Intake) -> Upload:
    """One of them. Raises Forbidden, NotFound."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    upload = await asyncio.to_thread(intake.folder.load, upload_id)
    if not _is_his(actor, upload):
        raise NotFound("upload", upload_id)
    return upload


def _is_his(actor: Actor, upload: Upload) -> bool:
    return actor.sees is Sees.ALL or upload.user_id == actor.user_id


async def look_at(
    actor: Actor, upload_id: str, country: str | None, columns: Mapping[str, str], intake: Intake
) -> Preview:
    """The columns of the file with what they become, and its first rows as they would be imported. Raises Forbidden,
    NotFound, and BadInput for what is wrong with the file or the mapping."""
    upload = await one_upload(actor, upload_id, intake)
    path = intake.folder.path_of(upload)
    sites = await sites_fields(intake.database)
    shown = preview(path, country or upload.country, checked_mapping(columns), sites=sites)
    return await in_words_of_pages(shown)


async def discard(actor: Actor, upload_id: str, intake: Intake) -> None:
    """Throw the file away, and what is known of its import; the list stays. Raises Forbidden, NotFound, and Conflict
    while it is being imported."""
    upload = await one_upload(actor, upload_id, intake)
    if upload.state is UploadState.RUNNING and not upload.is_silent(intake.now()):
        raise Conflict("this file is being imported: stop that first")
    await asyncio.to_thread(intake.folder.remove, upload_id)


async def failed_rows(actor: Actor, upload_id: str, intake: Intake) -> Path:
    """The file of rows that were not imported, or not wholly. Raises Forbidden, NotFound. Whoever is masked gets none:
    it is full of numbers."""
    upload = await one_upload(actor, upload_id, intake)
    path = intake.folder.failed_path(upload)
    if not upload.failed_name or actor.masked or not path.exists():
        raise NotFound("file of failed rows of upload", upload_id)
    return path


#: What the command line calls its options, as pages and the API call them.
_OPTIONS = {"--country": "country", "--map": "columns", "--list": "list", "--errors": "errors"}


async def in_words_of_pages(awaited: Awaitable[T]) -> T:
    """The same, with faults told of fields instead of options."""
    try:
        return await awaited
    except NoPhoneColumn as error:
        raise NoPhoneColumn("columns", error.columns, "choose which one holds the numbers") from error
    except BadInput as error:
        raise BadInput(_OPTIONS.get(error.where, error.where), error.what, error.do) from error


async def check_fields(columns: Mapping[str, str], database: Database) -> None:
    """Raise BadInput for a field that does not exist, before anybody begins to read the file."""
    known = {*FIELDS, *(await sites_fields(database)).choices()}
    for title, field in columns.items():
        if field.strip().casefold() not in known:
            choose = f"Choose of {', '.join(sorted(known))}"
            raise BadInput("columns", f"{title!r} is mapped to {field!r}, which is no field", choose)


def checked_mapping(columns: Mapping[str, str]) -> Mapping[str, str]:
    if len(columns) > _MOST_COLUMNS:
        raise BadInput("columns", f"{len(columns)} are mapped", f"A file has {_MOST_COLUMNS} columns at most")
    return columns
