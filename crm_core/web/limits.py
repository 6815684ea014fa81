"""How often one may ask: a bucket per asker, refilled at a steady rate. Kept per process."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from crm_core.errors import TooMany

_KEPT = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """`burst` requests at once, then `rate` a second, for each key. Times are seconds of one monotonic clock."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, at: float) -> int:
        """Take one; how many are left. Raises TooMany when there is none."""
        bucket = self._buckets.pop(key, None) or _Bucket(self.burst, at)
        bucket.tokens = min(self.burst, bucket.tokens + (at - bucket.at) * self.rate)
        bucket.at = at
        self._buckets[key] = bucket  # at the end: the one used last
        while len(self._buckets) > _KEPT:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            raise TooMany("you ask too often", max(1, int((1 - bucket.tokens) / self.rate) + 1))
        bucket.tokens -= 1
        return int(bucket.tokens)
