"""Files that become lists of leads: uploaded, looked at, imported as a job."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from aiohttp import BodyPartReader, MultipartReader, web
from pydantic import Field

from crm_core.domain.access import Actor, Right
from crm_core.domain.lead_files import Duplicates, LeadRow
from crm_core.errors import BadInput, Conflict
from crm_core.handlers import lead_import_runs, lead_uploads
from crm_core.handlers.lead_import_runs import Choice
from crm_core.imports.lead_file import Preview
from crm_core.imports.uploads import Upload, UploadState
from crm_core.web.api.routing import Asked, Created, Model, Routes
from crm_core.web.api.shown import number_for, text_for
from crm_core.web.campaign_tools import intake_of
from crm_core.web.jobs import JOBS

routes = Routes("uploads")

Held = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00]*$")]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
#: Fields before a file in a form: that many, of so many bytes.
_MOST_FIELDS, _LONGEST_FIELD = 10, 4096
_FILE_TYPES = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


class UploadOut(Model):
    """An uploaded file and its import. `done` of `whole` rows; `interrupted`: its process is gone, begin it again and
    it is carried through."""

    id: str
    name: str
    bytes: int
    by: str
    created_at: datetime
    state: UploadState
    interrupted: bool
    list_name: str
    list_id: int | None
    country: str | None
    columns: dict[str, str]
    duplicates: Duplicates
    done: int
    whole: int | None
    counts: dict[str, int]
    has_failed_rows: bool
    error: str


class MappingIn(Model):
    """How to read the file: `columns` says of a title what it holds where the guess is wrong: name, phone,
    email, company, zone, priority, language, field ("-" leaves it out), or one of the site's own, such as lead.arrival
    or company.beds."""

    country: Country | None = None
    columns: Annotated[dict[str, Held], Field(max_length=500)] = Field(default_factory=dict)


class ColumnOut(Model):
    title: str
    field: str


class RowOut(Model):
    """A row as it would be imported. `faults`: why it would not; `warnings`: what would be left out."""

    number: int
    cells: list[str]
    name: str
    numbers: list[str]
    company: str | None
    zone: str | None
    faults: list[str]
    warnings: list[str]


class PreviewOut(Model):
    """`form` says what was recognised."""

    form: str
    columns: list[ColumnOut]
    rows: list[RowOut]


class ImportIn(MappingIn):
    """`duplicates`: what to do with numbers known already."""

    list_name: Annotated[str, Field(min_length=1, max_length=120)]
    duplicates: Duplicates = Duplicates.SKIP


def upload_out(asked: Asked, upload: Upload) -> UploadOut:
    values = {name: getattr(upload, name) for name in UploadOut.model_fields if hasattr(upload, name)}
    values |= {"interrupted": upload.is_silent(asked.now), "name": text_for(asked.actor, upload.name)}
    return UploadOut(**values, has_failed_rows=bool(upload.failed_name) and not asked.actor.masked)


def _preview_out(actor: Actor, shown: Preview) -> PreviewOut:
    columns = [ColumnOut(title=column.title, field=column.chosen) for column in shown.columns]
    return PreviewOut(form=shown.form, columns=columns, rows=[_row_out(actor, row) for row in shown.rows])


def _row_out(actor: Actor, row: LeadRow) -> RowOut:
    return RowOut(
        number=row.number,
        cells=[text_for(actor, cell) for cell in row.cells],
        name=text_for(actor, row.name),
        numbers=[number_for(actor, phone.e164) for phone in row.phones],
        company=row.company,
        zone=row.zone,
        faults=[text_for(actor, fault) for fault in row.faults],
        warnings=[text_for(actor, warning) for warning in row.warnings],
    )


@routes("GET", "/uploads", right=Right.CHANGE_CAMPAIGNS)
async def list_uploads(asked: Asked) -> list[UploadOut]:
    """Uploaded files and their imports, the newest first."""
    return [upload_out(asked, one) for one in await lead_uploads.every_upload(asked.actor, intake_of(asked.request))]


@routes("POST", "/uploads", right=Right.CHANGE_CAMPAIGNS, takes_file=True, errors=(400, 415, 422))
async def upload_file(asked: Asked) -> Created[UploadOut]:
    """Upload a CSV file or a spreadsheet of leads. Nothing is imported yet."""
    name, pieces, _fields = await uploaded(asked.request)
    upload = await lead_uploads.take_in(asked.actor, name, pieces, intake_of(asked.request))
    return Created(upload_out(asked, upload), f"/uploads/{upload.id}")


@routes("GET", "/uploads/{upload_id}", right=Right.CHANGE_CAMPAIGNS)
async def one_upload(asked: Asked, upload_id: str) -> UploadOut:
    """One of them: how far its import is, or what became of it."""
    return upload_out(asked, await lead_uploads.one_upload(asked.actor, upload_id, intake_of(asked.request)))


@routes("POST", "/uploads/{upload_id}/preview", right=Right.CHANGE_CAMPAIGNS)
async def preview_upload(asked: Asked, upload_id: str, body: MappingIn) -> PreviewOut:
    """What its columns become, and its first rows as they would be imported."""
    shown = await lead_uploads.look_at(asked.actor, upload_id, body.country, body.columns, intake_of(asked.request))
    return _preview_out(asked.actor, shown)


@routes("POST", "/uploads/{upload_id}/import", right=Right.CHANGE_CAMPAIGNS, errors=(409,))
async def import_upload(asked: Asked, upload_id: str, body: ImportIn) -> UploadOut:
    """Import it as a new list. It goes on by itself; ask for the upload to see how far it is."""
    await lead_uploads.check_fields(body.columns, asked.database)
    choice = Choice(body.list_name, body.country, body.columns, body.duplicates)
    return upload_out(asked, await start_import(asked.request, asked.actor, upload_id, choice))


@routes("DELETE", "/uploads/{upload_id}/import", right=Right.CHANGE_CAMPAIGNS, errors=(409,))
async def stop_import(asked: Asked, upload_id: str) -> UploadOut:
    """Stop its import; nothing is written then. Not possible once all rows are read."""
    await halt_import(asked.request, asked.actor, upload_id)
    return upload_out(asked, await lead_uploads.one_upload(asked.actor, upload_id, intake_of(asked.request)))


@routes("DELETE", "/uploads/{upload_id}", right=Right.CHANGE_CAMPAIGNS, errors=(409,))
async def discard_upload(asked: Asked, upload_id: str) -> None:
    """Throw the file away; a list made of it stays."""
    await lead_uploads.discard(asked.actor, upload_id, intake_of(asked.request))


@routes("GET", "/uploads/{upload_id}/failed-rows", right=Right.CHANGE_CAMPAIGNS, streams=_FILE_TYPES)
async def failed_rows(asked: Asked, upload_id: str) -> web.StreamResponse:
    """The rows that were not imported, or not wholly, with reasons: to be mended and uploaded again."""
    return await send_failed_rows(asked.request, asked.actor, upload_id)


# --- shared with the pages ----------------------------------------------------------------------------------
async def uploaded(request: web.Request) -> tuple[str, AsyncIterator[bytes], dict[str, str]]:
    """The name and the bytes of the file in a form (field `file`), as they come in, and the fields before it."""
    if request.content_type != "multipart/form-data":
        raise web.HTTPUnsupportedMediaType(text="send the file as multipart/form-data, in the field file")
    try:
        reader = await request.multipart()
        part, fields = await _file_part(reader)
    except ValueError as error:
        raise web.HTTPBadRequest(text="the form cannot be read") from error
    if part is None or not part.filename:
        raise BadInput("file", "there is none", "Choose a CSV file or a spreadsheet")
    return part.filename, _pieces(part), fields


async def _file_part(reader: MultipartReader) -> tuple[BodyPartReader | None, dict[str, str]]:
    fields: dict[str, str] = {}
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "file":
            return part, fields
        if len(fields) < _MOST_FIELDS:
            text = await part.read_chunk(_LONGEST_FIELD)
            fields[part.name or ""] = text.decode(errors="replace").replace("\x00", "")
    return None, fields


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(256 * 1024):
        yield part.decode(piece)


async def start_import(request: web.Request, actor: Actor, upload_id: str, choice: Choice) -> Upload:
    """Begin an import; it goes on when the request is answered."""
    intake = intake_of(request)
    begun = await lead_import_runs.begin_import(actor, upload_id, choice, intake)
    request.app[JOBS].start(f"import {upload_id}", lead_import_runs.carry_out(actor, begun, intake))
    return begun


async def halt_import(request: web.Request, actor: Actor, upload_id: str) -> None:
    """Stop an import that may still be stopped."""
    await lead_import_runs.check_stop(actor, upload_id, intake_of(request))
    if not await request.app[JOBS].stop(f"import {upload_id}"):
        raise Conflict("this import runs in another process of the service: it cannot be stopped here")


async def send_failed_rows(request: web.Request, actor: Actor, upload_id: str) -> web.StreamResponse:
    """The file as a download."""
    path = await lead_uploads.failed_rows(actor, upload_id, intake_of(request))
    kind = _FILE_TYPES[1] if path.suffix == ".xlsx" else _FILE_TYPES[0]
    ascii_name = "failed-rows" + path.suffix
    headers = {"Content-Disposition": f'attachment; filename="{ascii_name}"', "Content-Type": kind}
    return web.FileResponse(path, headers=headers)
