"""How often one may ask of all web processes together: their buckets stand in Redis.

Redis is not needed to answer: while it is away each process counts by itself, as it does where there is none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from redis.asyncio import Redis

from crm_core.errors import Unavailable
from crm_core.streams import answering
from crm_core.web.limits import RateLimit, too_often

log = logging.getLogger(__name__)

_NAME = "trunkline:rate"
#: Of a request's time; who does not answer by then is left alone for a while.
_ANSWER_WITHIN = 0.25  # seconds
_LEFT_ALONE = 5.0  # seconds
#: One bucket, refilled and drawn from in one step. By Redis's own clock, which is the same for all processes, unless
#: one is given. A bucket that would be full again is forgotten.
_TAKE = """
local rate, burst, at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not at then
  local time = redis.call('TIME')
  at = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, since = tonumber(kept[1]) or burst, tonumber(kept[2]) or at
tokens = math.min(burst, tokens + math.max(0, at - since) * rate)
local taken = tokens >= 1
if taken then tokens = tokens - 1 end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', math.max(at, since)))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / rate * 1000) + 1000)
return {taken and 1 or 0, string.format('%.6f', tokens)}
"""


class RedisRateLimit:
    """`burst` requests at once, then `rate` a second, for each key. `alone` counts while Redis does not answer."""

    def __init__(
        self,
        client: Redis,
        rate: float,
        burst: int,
        alone: RateLimit,
        *,
        name: str = _NAME,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._rate, self._burst, self._alone, self._name = rate, burst, alone, name
        self._clock = clock
        self._take = client.register_script(_TAKE)
        self._away_until = 0.0

    async def take(self, key: str) -> int:
        loop = asyncio.get_running_loop()
        if loop.time() < self._away_until:
            return await self._alone.take(key)
        at = "" if self._clock is None else f"{self._clock():.6f}"
        try:
            async with answering(_ANSWER_WITHIN):
                taken, tokens = await self._take(keys=[f"{self._name}:{key}"], args=[self._rate, self._burst, at])
        except Unavailable as error:
            self._away_until = loop.time() + _LEFT_ALONE
            log.warning("requests are counted per process for now", extra={"why": str(error)})
            return await self._alone.take(key)
        if not taken:
            raise too_often(float(tokens), self._rate)
        return int(float(tokens))
