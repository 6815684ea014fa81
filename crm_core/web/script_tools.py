"""The infobot's desk as pages and API reach it in this process, and the model's lesson that is under way."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from crm_core.domain.access import Actor
from crm_core.domain.scripts import Lesson
from crm_core.errors import CrmError, Unavailable
from crm_core.handlers import label_desk, survey_desk
from crm_core.handlers.surveys import Which
from crm_core.ports import ScriptDesk
from crm_core.web.jobs import JOBS, add_jobs
from crm_core.web.keys import WORKPLACE
from crm_core.web.report_file import MEDIA_TYPES

#: Given by whoever puts the service together; without it a page says what is missing.
SCRIPT_DESK: web.AppKey[ScriptDesk] = web.AppKey("script_desk", object)  # type: ignore[arg-type]
_KEY = "intent model"
_PIECE = 64 * 1024


@dataclass(slots=True)
class Learning:
    """The model is learning; then `over`: `lesson` says what came of it, or `error` why there is none."""

    done: int = 0
    whole: int = 0
    labels: int = 0
    over: bool = False
    lesson: Lesson | None = None
    error: str = ""

    def hear(self, done: int, whole: int) -> None:
        self.done, self.whole = done, whole


@dataclass(slots=True)
class Lessons:
    """The last one, or the one under way; None: there was none since the service began."""

    last: Learning | None = None


LESSONS = web.AppKey("lessons", Lessons)


def desk_of(request: web.Request) -> ScriptDesk:
    """Raises Unavailable."""
    found = request.app.get(SCRIPT_DESK)
    if found is None:
        raise Unavailable("this process has no infobot: `trunkline bot` does the same on the command line")
    return found


def begin_learning(request: web.Request, actor: Actor) -> Learning:
    """Teach the model, unless that is under way; its work goes on without this request."""
    place, lessons = request.app[WORKPLACE], request.app[LESSONS]
    if lessons.last is not None and request.app[JOBS].is_running(_KEY):
        return lessons.last
    desk = desk_of(request)
    learning = lessons.last = Learning()

    async def run() -> None:
        try:
            found = await label_desk.learn(actor, desk, learning.hear, place.database, place.now)
            learning.lesson, learning.labels = found
        except CrmError as error:
            learning.error = str(error)
        except Exception:
            learning.error = "the fault is ours, and is in the log of the service"
            raise
        finally:
            learning.over = True

    request.app[JOBS].start(_KEY, run())
    return learning


def last_learning(request: web.Request) -> Learning | None:
    return request.app[LESSONS].last


async def stop_learning(request: web.Request) -> bool:
    """The model in use stays; False if nothing was under way."""
    return await request.app[JOBS].stop(_KEY)


def add_desk(app: web.Application) -> None:
    """What the pages and the API of scripts keep in this process."""
    add_jobs(app)
    app[LESSONS] = Lessons()


async def survey_file(
    request: web.Request, actor: Actor, campaign_id: int, which: Which, form: str
) -> web.StreamResponse:
    """The conversations as a download: written to a file first, then sent in pieces, so that there may be any number of
    them. Raises Forbidden, NotFound, BadInput."""
    place = request.app[WORKPLACE]

    def address_of(call_id: str) -> str:
        return f"{request.scheme}://{request.host}/calls/{call_id}"

    async with _folder() as folder:
        path = folder / f"survey.{form}"
        name = await survey_desk.export_survey(actor, campaign_id, which, path, address_of, place.database, place.now())
        plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name)[:60]
        headers = {
            "Content-Type": MEDIA_TYPES["xlsx" if form == "xlsx" else "csv"],
            "Content-Disposition": f'attachment; filename="survey-{plain}.{form}"',
            "Content-Length": str(path.stat().st_size),
            "Cache-Control": "no-store",
        }
        answer = web.StreamResponse(headers=headers)
        await answer.prepare(request)
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                await answer.write(piece)
        await answer.write_eof()
    return answer


@asynccontextmanager
async def _folder() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="trunkline-survey-") as folder:
        yield Path(folder)
