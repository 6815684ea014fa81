"""The bot of one process: recognisers, voices and scripts put together, and Asterisk let in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from crm_core.ports import ConversationBook
from ivr_bot.announcing import Announcer
from ivr_bot.hearing import Hearing
from ivr_bot.media.audiosocket import AudioSocketMedia
from ivr_bot.media.ports import CallMedia
from ivr_bot.media.websocket import WebsocketMedia
from ivr_bot.nlu.site import opened_intents
from ivr_bot.parts import BotParts
from ivr_bot.player import Player
from ivr_bot.scripts import Scripts
from ivr_bot.session import BotSession
from ivr_bot.settings import BotSettings
from ivr_bot.speech.confirming import Confirmers
from ivr_bot.speech.prompts import Prompts
from ivr_bot.speech.site import opened_transcribers
from ivr_bot.warming import Warmer

log = logging.getLogger(__name__)


@asynccontextmanager
async def opened_bot(
    settings: BotSettings, book: ConversationBook, prompts: Prompts, env: Mapping[str, str], now: Callable[[], datetime]
) -> AsyncIterator[WebsocketMedia | AudioSocketMedia]:
    """The bot, ready to `run`. Raises BadInput or Unavailable when a recogniser or a voice cannot be had."""
    async with AsyncExitStack() as stack:
        nlu = await stack.enter_async_context(opened_intents(settings.nlu))
        transcribers = await stack.enter_async_context(opened_transcribers(settings.speech, env))
        scripts, warmer = Scripts(settings.scripts), Warmer(prompts, settings.prompts)
        stack.push_async_callback(warmer.close)
        parts = BotParts(
            script=lambda name: warmer.warm(scripts(name)),
            player=lambda call: Player(call, prompts, settings.prompts),
            hearing=Hearing(transcribers, nlu),
            book=book,
            now=now,
            announcer=Announcer(prompts, settings.recordings),
            confirms=Confirmers(),
            operators_language=settings.operators_language,
        )

        async def serve(call: CallMedia) -> None:
            await BotSession(call, parts).run()

        log.info("the bot hears", extra={"languages": ", ".join(sorted(transcribers))})
        media = AudioSocketMedia if settings.audiosocket else WebsocketMedia
        yield media(settings.media, serve)
