"""The intent model of one process: Rasa where it is set up and answers in time, its twin where not."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection

from crm_core.errors import Unavailable
from ivr_bot.nlu.breaker import CircuitBreaker
from ivr_bot.nlu.examples import plain
from ivr_bot.nlu.judging import Calibration, judged
from ivr_bot.nlu.ports import Parsed, Ranker, Ranking

log = logging.getLogger(__name__)

#: Longer than anybody says in one turn: a recogniser that hangs on a noise writes such.
_MOST_CHARACTERS = 1000


class IntentModel:
    """`twin` never fails; `rasa` may, and then costs a call 0.3 s at most three times."""

    def __init__(
        self,
        twin: Ranker,
        calibration: Calibration,
        rasa: Ranker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._twin, self._rasa, self._calibration, self._clock = twin, rasa, calibration, clock
        self._breaker = CircuitBreaker()

    def swap(self, twin: Ranker, calibration: Calibration) -> None:
        """Use another model from the next sentence on."""
        self._twin, self._calibration = twin, calibration

    async def parse(self, text: str, language: str, among: Collection[str]) -> Parsed:
        """What is meant by a sentence, if it is one of `among`. Blank text means nothing."""
        said = plain(text[:_MOST_CHARACTERS])
        if not said:
            return Parsed(None, 0.0)
        ranking, engine = await self._ranked(said)
        return judged(ranking, language, among, self._calibration, engine)

    async def _ranked(self, said: str) -> tuple[Ranking, str]:
        if self._rasa is not None and self._breaker.allows(self._clock()):
            try:
                ranking = await self._rasa.rank(said)
            except Unavailable as error:
                if self._breaker.failed(self._clock()):
                    log.warning("Rasa is left alone for a while, its twin goes on", extra={"error": str(error)})
            except asyncio.CancelledError:  # the person has hung up: that says nothing of Rasa
                self._breaker.left()
                raise
            else:
                self._breaker.succeeded()
                return ranking, self._rasa.name
        return await self._twin.rank(said), self._twin.name
