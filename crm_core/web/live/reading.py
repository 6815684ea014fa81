"""Reads what has changed, once for everybody who is connected, and notices what no event tells."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from crm_core.db import live_desk, live_floor
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.pushes import Push, Topic
from crm_core.web.live.turning import Stirred

#: Ids are given before the commit: a row may appear below one that is there already, but not further below.
_OVERLAP = 200
_AT_MOST = 1000


class Reader:
    """Knows what was last read of calls and campaigns, so that only what differs is told."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._calls: dict[str, Push] = {}
        self._campaigns: dict[str, Push] = {}
        self._known: dict[Topic, set[int]] = {}

    def forget(self) -> None:
        """Nobody listens: begin anew when somebody does."""
        self._calls.clear()
        self._campaigns.clear()
        self._known.clear()

    async def begin(self) -> None:
        """Somebody listens: from now on what differs is told."""
        if not self._known:
            await self.read_changed(())

    async def read(self, stirred: Stirred) -> list[Push]:
        """What the things stirred now are. With an agent comes the call he is given: that is the pop."""
        async with self._database.reading() as work:
            agents = await live_floor.agents_among(work, stirred.of(Topic.AGENT))
            given = {push.body["call_id"] for push in agents if push.body["call_id"] is not None}
            calls = await live_floor.calls_among(work, stirred.of(Topic.CALL) | given)
            pushes = [*agents, *calls]
            pushes += await live_desk.tasks_among(work, stirred.of(Topic.TASK))
            pushes += await live_desk.deals_among(work, stirred.of(Topic.DEAL))
            pushes += await live_desk.notices_among(work, stirred.of(Topic.NOTICE))
        self._note_calls(calls)
        return [self._with_former(push, stirred) for push in pushes]

    async def read_changed(self, campaigns: Collection[int]) -> list[Push]:
        """What has changed since it was last read: campaigns' figures, calls, new tasks, deals and notices."""
        async with self._database.reading() as work:
            shown = await live_floor.shown_campaigns(work)
            figures = await live_floor.campaigns_among(work, {*shown, *campaigns}, self._now())
            pushes = self._differing(figures)
            pushes += await self._changed_calls(work)
            pushes += await live_desk.tasks_among(work, await self._new(work, Topic.TASK))
            pushes += await live_desk.deals_among(work, await self._new(work, Topic.DEAL))
            pushes += await live_desk.notices_among(work, await self._new(work, Topic.NOTICE))
        return pushes

    def _differing(self, figures: Iterable[Push]) -> list[Push]:
        changed = [push for push in figures if self._campaigns.get(push.key) != push]
        self._campaigns |= {push.key: push for push in changed}
        return changed

    async def _changed_calls(self, work: UnitOfWork) -> list[Push]:
        """Calls that began, were answered or ended: not every step of a call is an event."""
        open_now = {push.key: push for push in await live_floor.open_calls(work)}
        gone = await live_floor.calls_among(work, self._calls.keys() - open_now.keys())
        changed = [push for push in open_now.values() if self._calls.get(push.key) != push]
        self._calls = open_now
        return changed + gone

    def _note_calls(self, calls: Iterable[Push]) -> None:
        for push in calls:
            if push.body["ended_at"] is None:
                self._calls[push.key] = push
            else:
                self._calls.pop(push.key, None)

    async def _new(self, work: UnitOfWork, topic: Topic) -> set[int]:
        """Ids that were not there before; the first time none, for whoever connects reads the lists himself."""
        known = self._known.get(topic)
        top = max(known, default=0) if known is not None else await live_desk.newest(work, topic)
        found = set(await live_desk.ids_after(work, topic, max(0, top - _OVERLAP), _AT_MOST))
        self._known[topic] = found
        return found - known if known is not None else set()

    def _with_former(self, push: Push, stirred: Stirred) -> Push:
        key: Any = push.key if push.topic is Topic.CALL else int(push.key)
        former = stirred.formerly.get((push.topic, key))
        return push if former is None else replace(push, formerly=former)
