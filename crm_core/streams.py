"""Events between processes: Redis Streams, or a bus inside this process. The outbox is the store, these only carry."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import uuid
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from cattrs.errors import BaseValidationError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from crm_core.db.codec import event_of, event_payload
from crm_core.errors import BadSetting, Unavailable
from crm_core.events import Envelope
from crm_core.ports import EventStream

log = logging.getLogger(__name__)

_BATCH = 200
_NAME = "trunkline:events"
#: What a stream holds for listeners that are away; beyond it the outbox publishes again what was not done.
_LENGTH = 100_000
_HELD_IN_PROCESS = 10_000
_ANSWER_WITHIN = 5.0  # seconds
_CONNECT_WITHIN = 2.0
_READ_FOR = 1.0  # seconds of one blocking read
_CLAIM_AFTER = timedelta(seconds=60)
_FORGET_AFTER = timedelta(days=1)


@asynccontextmanager
async def opened_stream(redis_url: str | None) -> AsyncIterator[EventStream]:
    """The stream at `redis_url`, or one inside this process. Redis need not be there yet: Unavailable comes with use.

    Raises BadSetting when the address is none.
    """
    if redis_url is None:
        yield InProcessStream()
        return
    client = redis_client(redis_url)
    try:
        yield RedisStream(client)
    finally:
        await client.aclose()


def redis_client(redis_url: str) -> Redis:
    """A client that connects when it is used; whoever asks for it closes it. Raises BadSetting for an address that is
    none."""
    try:
        return Redis.from_url(
            redis_url,
            decode_responses=True,
            # Not redis-py's own time-out: it breaks blocking reads, and it is made with asyncio.wait_for, which up to
            # Python 3.11 swallows a cancellation that comes as the awaited thing ends. `answering` does it instead.
            socket_timeout=None,
            socket_connect_timeout=_CONNECT_WITHIN,
            retry=Retry(NoBackoff(), 1),  # once: a connection that has died in the pool
        )
    except ValueError as error:  # the address may carry a password: it is not repeated
        raise BadSetting("REDIS_URL", "not a Redis address", "Write redis://host:port/0") from error


class InProcessStream:
    """A bus inside one process. A group that was subscribed to once keeps its events while its members are away."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        for group in self._groups.values():
            group.waiting.extend(envelopes)
            group.wake()

    @asynccontextmanager
    async def subscribe(self, group: str) -> AsyncIterator[AsyncIterator[list[Envelope]]]:
        joined = self._groups.setdefault(group, _Group())
        batches = joined.batches()
        try:
            yield batches
        finally:
            await batches.aclose()


class _Group:
    """What one group has not read yet."""

    def __init__(self) -> None:
        self.waiting: deque[Envelope] = deque(maxlen=_HELD_IN_PROCESS)
        self._arrived = asyncio.Event()

    def wake(self) -> None:
        self._arrived.set()

    async def batches(self) -> AsyncGenerator[list[Envelope], None]:
        while True:
            while not self.waiting:
                self._arrived.clear()
                await self._arrived.wait()
            batch = [self.waiting.popleft() for _ in range(min(_BATCH, len(self.waiting)))]
            try:
                yield batch
            except GeneratorExit:  # whoever had it has gone without taking the next: it is for another member
                self.waiting.extendleft(reversed(batch))
                self.wake()
                raise


class RedisStream:
    """One Redis stream with its consumer groups. Needs Redis 6.2 (XAUTOCLAIM)."""

    def __init__(self, client: Redis, name: str = _NAME, claim_after: timedelta = _CLAIM_AFTER) -> None:
        self._client = client
        self._name = name
        self._claim_after_ms = int(claim_after.total_seconds() * 1000)
        self._joined: set[str] = set()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Append all, oldest first. Raises Unavailable; some may be in the stream then, and will be there twice."""
        async with answering(), self._client.pipeline(transaction=False) as pipe:
            for envelope in envelopes:
                pipe.xadd(self._name, _fields(envelope), maxlen=_LENGTH, approximate=True)
            await pipe.execute()

    @asynccontextmanager
    async def subscribe(self, group: str) -> AsyncIterator[AsyncIterator[list[Envelope]]]:
        """Entering and each next batch raise Unavailable when Redis has gone: subscribe again."""
        member = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        async with answering():
            await self._forget_groups()
            await self._make_group(group)
        batches = self._batches(group, member)
        try:
            yield batches
        finally:
            await batches.aclose()
            with suppress(Unavailable):
                async with answering():
                    await self._leave(group, member)

    async def _batches(self, group: str, member: str) -> AsyncGenerator[list[Envelope], None]:
        clock = asyncio.get_running_loop().time
        claim_at = clock()
        taken: list[str] = []
        while True:
            entries: list[Entry] = []
            async with answering():
                if taken:
                    await self._client.xack(self._name, group, *taken)
                if clock() >= claim_at:
                    entries = await self._of_the_dead(group, member)
                    claim_at = clock() + (0 if entries else self._claim_after_ms / 2000)
            if not entries:
                async with answering(_READ_FOR + _ANSWER_WITHIN):
                    entries = await self._new(group, member)
            taken = [key for key, _ in entries]
            if batch := [envelope for key, fields in entries if (envelope := _envelope(key, fields)) is not None]:
                yield batch

    async def _make_group(self, group: str) -> None:
        # A group we have been in and that has gone: Redis came back empty, so all that is in it now is new.
        start = "0" if group in self._joined else "$"
        try:
            await self._client.xgroup_create(self._name, group, id=start, mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        self._joined.add(group)

    async def _new(self, group: str, member: str) -> list[Entry]:
        try:
            found = await self._client.xreadgroup(group, member, {self._name: ">"}, _BATCH, int(_READ_FOR * 1000))
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self._make_group(group)
            return []
        streams = found.values() if isinstance(found, dict) else (entries for _, entries in found or ())
        return [entry for entries in streams for entry in _flat(entries)]

    async def _of_the_dead(self, group: str, member: str) -> list[Entry]:
        """Batches of members that died, or that take longer than anybody should."""
        try:
            found = await self._client.xautoclaim(self._name, group, member, self._claim_after_ms, "0-0", _BATCH)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            return []
        return list(_flat(found[1]))

    async def _forget_groups(self) -> None:
        """Destroy groups that nobody has been in for a day: processes that end leave groups of their own behind."""
        if not await self._client.exists(self._name):
            return
        seconds, _ = await self._client.time()
        for group in await self._client.xinfo_groups(self._name):
            # An entry's id begins with its milliseconds; a group at "0-0" has just been made.
            read_at = int(str(group["last-delivered-id"]).partition("-")[0]) / 1000
            members = await self._client.xinfo_consumers(self._name, group["name"])
            is_quiet = all(member["idle"] > _FORGET_AFTER.total_seconds() * 1000 for member in members)
            if is_quiet and 0 < read_at < seconds - _FORGET_AFTER.total_seconds():
                await self._client.xgroup_destroy(self._name, group["name"])

    async def _leave(self, group: str, member: str) -> None:
        """Take our name off the group, and those that have not been seen for long; never one that still owes a batch:
        Redis would forget the batch with it."""
        for one in await self._client.xinfo_consumers(self._name, group):
            is_stale = one["name"] == member or one["idle"] > 60 * self._claim_after_ms
            if is_stale and one["pending"] == 0:
                await self._client.xgroup_delconsumer(self._name, group, one["name"])


Entry = tuple[str, dict[str, str]]


def _flat(entries: Any) -> Iterator[Entry]:
    for key, fields in entries:
        yield key, fields or {}  # an entry trimmed while it was pending has none


def _fields(envelope: Envelope) -> dict[Any, Any]:
    event = envelope.event
    return {"id": envelope.id, "type": type(event).__name__, "payload": json.dumps(event_payload(event))}


def _envelope(key: str, fields: dict[str, str]) -> Envelope | None:
    try:
        return Envelope(int(fields["id"]), event_of(fields["type"], json.loads(fields["payload"])))
    except (KeyError, ValueError, BaseValidationError):  # trimmed, or written by another version: the outbox has it
        log.warning("an entry of the stream cannot be read", extra={"entry": key, "type": fields.get("type")})
        return None


@asynccontextmanager
async def answering(within: float = _ANSWER_WITHIN) -> AsyncIterator[None]:
    """Whatever Redis is asked inside must be answered `within` seconds; every fault leaves as Unavailable."""
    try:
        async with asyncio.timeout(within):
            yield
    except (RedisError, OSError) as error:  # OSError: also TimeoutError
        said = str(error) or f"nothing heard for {within:.0f} s"
        raise Unavailable(f"Redis does not answer ({said}): check that it runs and what REDIS_URL says") from error
