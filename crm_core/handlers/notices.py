"""Notices: told when something happens that its user would want to know, read by him alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from crm_core.db import notices
from crm_core.db.engine import Database
from crm_core.db.notices import NoticeSeen
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor
from crm_core.domain.campaigns import CampaignState
from crm_core.domain.notices import Notice, NoticeKind
from crm_core.errors import Conflict, Unavailable
from crm_core.events import CampaignStateChanged, DealChanged, Envelope, TaskChanged
from crm_core.handlers.commits import committed

log = logging.getLogger(__name__)

#: The group name under which all processes share the stream.
GROUP = "notices"
_LOOK_EVERY = 5.0  # seconds
#: After a time without service, callbacks that came due meanwhile are still worth telling for so long.
_LATE = timedelta(hours=12)
KEPT = timedelta(days=90)
_TIDY_EVERY, _TIDIED_AT_ONCE = timedelta(hours=1), 500


async def list_notices(
    actor: Actor, database: Database, *, unread: bool = False, after: str | None = None, limit: int = 50
) -> tuple[list[NoticeSeen], str | None]:
    """The actor's own, newest first. Raises BadInput for a cursor that is none."""
    async with database.reading() as work:
        return await notices.page(work, actor, unread=unread, after=after, limit=limit)


async def count_unread(actor: Actor, database: Database) -> int:
    """How many he has not read, counted to a hundred."""
    async with database.reading() as work:
        return await notices.unread_count(work, actor)


async def read_notice(actor: Actor, notice_id: int, database: Database, now: datetime) -> NoticeSeen:
    """He has read it. Raises NotFound."""
    async with database.work() as work:
        return await notices.mark_read(work, actor, notice_id, now)


async def read_all_notices(actor: Actor, database: Database, now: datetime) -> int:
    """He has read all of his; how many that were."""
    async with database.work() as work:
        return await notices.mark_all_read(work, actor, now)


async def tell(new: Sequence[Notice], database: Database, now: datetime) -> None:
    """Tell what was not told yet."""
    if new:
        await committed(database, lambda work: notices.add(work, new, now))


class NoticeTeller:
    """Makes notices of events (`hear`, which may be given the same event again) and of time (`run`)."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._since = now() - _LATE
        self._tidy_at = now()

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Raises Unavailable and Conflict: nothing was told."""
        wanted = [one for one in envelopes if type(one.event) in (TaskChanged, DealChanged, CampaignStateChanged)]
        if not wanted:
            return
        async with self._database.reading() as work:
            new = [notice for one in wanted for notice in await _of_event(work, one)]
        await tell(new, self._database, self._now())

    async def run(self) -> None:
        """Tell of callbacks as they become due, until cancelled."""
        while True:
            try:
                await self.look()
            except (Unavailable, Conflict) as error:
                log.warning("notices wait", extra={"fault": str(error)})
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> int:
        """Tell what has become due since the last look; how much. Raises Unavailable and Conflict."""
        now = self._now()
        async with self._database.reading() as work:
            due = await notices.callbacks_due(work, self._since, now)
        new = [
            Notice(
                one.responsible_id,
                f"task {one.id} due {one.due_at.isoformat()}",
                NoticeKind.CALLBACK_DUE,
                one.title,
                f"/contacts/{one.contact_id}" if one.contact_id is not None else "/tasks",
            )
            for one in due
        ]
        await tell(new, self._database, now)
        await self._tidy(now)
        self._since = now - timedelta(seconds=2 * _LOOK_EVERY)  # a task may be committed a little after its due time
        return len(new)

    async def _tidy(self, now: datetime) -> None:
        """Delete what is old, a little at a time."""
        if now < self._tidy_at:
            return
        async with self._database.work() as work:
            deleted = await notices.delete_old(work, now - KEPT, _TIDIED_AT_ONCE)
        if deleted < _TIDIED_AT_ONCE:
            self._tidy_at = now + _TIDY_EVERY


async def _of_event(work: UnitOfWork, envelope: Envelope) -> list[Notice]:
    match envelope.event:
        case TaskChanged() as event:
            return await _of_task(work, event, envelope.id)
        case DealChanged() as event:
            return await _of_deal(work, event, envelope.id)
        case CampaignStateChanged(reason=str()) as event:
            return await _of_campaign(work, event, envelope.id)
        case _:
            return []


async def _of_task(work: UnitOfWork, event: TaskChanged, event_id: int) -> list[Notice]:
    """Handed to somebody, by somebody else."""
    user_id = event.responsible_id
    if (
        user_id is None
        or user_id == event.was_responsible_id
        or await notices.name_of(work, user_id) in (None, event.by)
    ):
        return []
    title = await notices.task_title(work, event.task_id)
    if title is None:
        return []
    return [Notice(user_id, f"task {event.task_id} given {event_id}", NoticeKind.TASK_GIVEN, title, "/tasks")]


async def _of_deal(work: UnitOfWork, event: DealChanged, event_id: int) -> list[Notice]:
    """Given to somebody, or moved, by somebody else."""
    user_id = event.owner_id
    if user_id is None or await notices.name_of(work, user_id) in (None, event.by):
        return []
    title = await notices.deal_title(work, event.deal_id)
    if title is None:
        return []
    link = f"/deals/{event.deal_id}"
    if user_id != event.was_owner_id:
        return [Notice(user_id, f"deal {event.deal_id} given {event_id}", NoticeKind.DEAL_GIVEN, title, link)]
    if not await notices.was_moved(work, event.deal_id, event.at):
        return []
    text = f"{title} → {event.stage}"
    return [Notice(user_id, f"deal {event.deal_id} moved {event_id}", NoticeKind.DEAL_MOVED, text, link)]


async def _of_campaign(work: UnitOfWork, event: CampaignStateChanged, event_id: int) -> list[Notice]:
    """It came to rest by itself; whoever may start it again is told."""
    if event.state is CampaignState.RUNNING:
        return []
    found = await notices.who_runs(work, event.campaign_id)
    if found is None:
        return []
    name, users = found
    key, link = f"campaign {event.campaign_id} stopped {event_id}", f"/campaigns/{event.campaign_id}"
    return [Notice(user_id, key, NoticeKind.CAMPAIGN_STOPPED, name, link) for user_id in users]
