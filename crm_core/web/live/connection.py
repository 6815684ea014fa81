"""One browser that is connected: whose it is, what it has still to be told, and why it is sent away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crm_core.domain.pushes import Pending, Push, Reach, View, told

#: Different things one browser may be behind by. Each is told once, in its last state.
_ROOM = 2000


class Bye(StrEnum):
    """Why a stream ends; the browser decides by it whether it comes back."""

    AGAIN = "again"  # come back and take a snapshot: it was too slow, or its rights changed
    LOGGED_OUT = "logged_out"  # do not come back
    RESTART = "restart"  # this process ends: come back after a while, not all at once


@dataclass(eq=False, slots=True)
class Connection:
    """`session_id` (a cookie) or `token_id`: by what it came in. Pushes read before round `since` are in its snapshot
    already; until the snapshot was read there is no `reach`."""

    session_id: str | None
    token_id: int | None
    since: int
    reach: Reach
    pending: Pending = field(default_factory=lambda: Pending(_ROOM))
    bye: Bye | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, push: Push, how: View) -> None:
        if not self.pending.put(push, how):
            self.send_away(Bye.AGAIN)
        self._news.set()

    def send_away(self, why: Bye) -> None:
        if self.bye is None:
            self.bye = why
        self.pending.waiting.clear()
        self._news.set()

    async def wait(self, seconds: float) -> bool:
        """Until there is something to say; False when nothing came for `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True


class Wording:
    """Pushes as bytes, each made once for all who are told it alike."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, View, bool], bytes] = {}
        self._kept: list[Push] = []  # so that no id of a push is given to another while we know it

    def of(self, push: Push, how: View, masked: bool) -> bytes:
        at = (id(push), how, masked)
        if at not in self._made:
            self._made[at] = as_json(told(push, how, masked))
            self._kept.append(push)
            if len(self._kept) > _ROOM:
                self._made.clear()
                self._kept.clear()
        return self._made.get(at) or as_json(told(push, how, masked))


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def frame(event: str, number: int, parts: Sequence[bytes]) -> bytes:
    """One message of the stream: a JSON array on one line (JSON has no raw line breaks)."""
    return b"event: %s\nid: %d\ndata: [%s]\n\n" % (event.encode(), number, b",".join(parts))


#: An event, not a comment: the browser must notice when it stays away.
HEARTBEAT = b"event: beat\ndata: []\n\n"
