"""Rasa over HTTP. Sources: Rasa 3.6 HTTP API (`/status`, `/model/parse`)."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from crm_core.errors import Unavailable
from ivr_bot.nlu.ports import Ranking

#: A person waits for an answer: whoever is slower than this has not answered.
ANSWER_WITHIN = 0.3  # seconds
_STATUS_WITHIN = 3.0


class RasaRanker:
    """One Rasa server. `url` without a slash at its end."""

    name = "rasa"

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def rank(self, plain: str) -> Ranking:
        """Raises Unavailable: no answer in time, or one that is none."""
        told = await self._asked("POST", "/model/parse", ANSWER_WITHIN, {"text": plain})
        try:
            ranking = {str(one["name"]): float(one["confidence"]) for one in told["intent_ranking"]}
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(f"Rasa at {self._url} answered without a ranking of intents") from error
        if not ranking:
            raise Unavailable(f"Rasa at {self._url} answered without any intent: has it a model?")
        return ranking

    async def model(self) -> str:
        """The file name of the model it has loaded. Raises Unavailable when it does not run, or has none."""
        told = await self._asked("GET", "/status", _STATUS_WITHIN)
        file = told.get("model_file") if isinstance(told, dict) else None
        if not file:
            raise Unavailable(f"Rasa at {self._url} has no model: see `trunkline nlu rasa train`")
        return str(file).rsplit("/", 1)[-1]

    async def _asked(self, method: str, path: str, seconds: float, body: object | None = None) -> Any:
        try:
            async with asyncio.timeout(seconds):
                async with self._session.request(method, self._url + path, json=body) as answer:
                    if answer.status != 200:
                        raise Unavailable(f"Rasa at {self._url} answers {path} with status {answer.status}")
                    return await answer.json()
        except TimeoutError as error:
            raise Unavailable(f"Rasa at {self._url} does not answer within {seconds:g} s") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise Unavailable(f"Rasa at {self._url} cannot be asked: {error}") from error
