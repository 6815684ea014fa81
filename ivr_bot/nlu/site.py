"""The intent model of a running bot: opened, watched for a better one, closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from crm_core.errors import CrmError, Unavailable
from ivr_bot.nlu.intent_model import IntentModel
from ivr_bot.nlu.rasa_client import RasaRanker
from ivr_bot.nlu.sentences import stamps
from ivr_bot.nlu.settings import NluSettings
from ivr_bot.nlu.training import kept_model, site_model

log = logging.getLogger(__name__)

#: A model that was trained anew is taken up within this time.
LOOK_EVERY = 5.0  # seconds


@asynccontextmanager
async def opened_intents(settings: NluSettings) -> AsyncIterator[IntentModel]:
    """The model, trained first where there is none of today's sentences. Raises BadScript for unsound sentences."""
    found = await asyncio.to_thread(site_model, settings.own, settings.kept)
    async with aiohttp.ClientSession() as session:
        rasa = RasaRanker(session, settings.rasa_url) if settings.rasa_url else None
        if rasa is not None:
            await _look_at(rasa, found.name)
        model = IntentModel(found.twin, found.calibration, rasa)
        watching = asyncio.create_task(_watch(settings, model, found.name), name="intent model")
        try:
            yield model
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _look_at(rasa: RasaRanker, name: str) -> None:
    """Say what is wrong with a Rasa that is set up; the twin goes on meanwhile."""
    try:
        loaded = await rasa.model()
    except Unavailable as error:
        log.warning("Rasa does not answer yet, its twin does", extra={"error": str(error)})
        return
    if loaded != f"{name}.tar.gz":
        facts = {"loaded": loaded, "wanted": f"{name}.tar.gz"}
        log.warning("Rasa has another model: `trunkline nlu rasa train`, then `up`", extra=facts)


async def _watch(settings: NluSettings, model: IntentModel, name: str) -> None:
    """Take up what `trunkline nlu learn` has trained: calls under way go on, their next sentence meets the new one."""
    seen = stamps(settings.own)
    while True:
        await asyncio.sleep(LOOK_EVERY)
        now = stamps(settings.own)
        if now == seen:
            continue
        try:
            found = await asyncio.to_thread(kept_model, settings.own, settings.kept)
        except CrmError as error:
            log.warning("the new sentences cannot be read", extra={"error": str(error)})
            seen = now
            continue
        if found is None:
            continue  # somebody edits by hand: taken up when trained
        seen = now
        if found.name != name:
            name = found.name
            model.swap(found.twin, found.calibration)
            log.info("a new intent model is in use", extra={"model": name})
