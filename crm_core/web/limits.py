"""How often one may ask: a bucket per asker, refilled at a steady rate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from crm_core.errors import TooMany

_KEPT = 10_000


class RateLimit(Protocol):
    """So many requests at once, then so many a second, for each key."""

    async def take(self, key: str) -> int:
        """Take one; how many are left. Raises TooMany when there is none."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class OwnRateLimit:
    """Counts what this process is asked: `burst` at once, then `rate` a second. `clock` gives seconds, never backwards.

    The least recently used of more than ten thousand keys are forgotten."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    async def take(self, key: str) -> int:
        at = self._clock()
        bucket = self._buckets.pop(key, None) or _Bucket(self._burst, at)
        bucket.tokens = min(self._burst, bucket.tokens + (at - bucket.at) * self._rate)
        bucket.at = at
        self._buckets[key] = bucket  # at the end: the one used last
        while len(self._buckets) > _KEPT:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            raise too_often(bucket.tokens, self._rate)
        bucket.tokens -= 1
        return int(bucket.tokens)


def too_often(tokens: float, rate: float) -> TooMany:
    """What whoever has `tokens`, less than one, is told: after how many seconds he has one."""
    return TooMany("you ask too often", max(1, int((1 - tokens) / rate) + 1))
