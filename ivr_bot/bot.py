"""The bot of one process: recognisers, voices and scripts put together, and Asterisk let in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

from crm_core.ports import ConversationBook
from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.script import Script
from ivr_bot.dialog.shipped import found_script
from ivr_bot.hearing import Hearing, Nlu
from ivr_bot.media.ports import CallMedia
from ivr_bot.media.websocket import WebsocketMedia
from ivr_bot.player import Player
from ivr_bot.session import BotParts, BotSession
from ivr_bot.settings import BotSettings
from ivr_bot.speech.prompts import Prompts
from ivr_bot.speech.site import opened_transcribers, speakers_of

log = logging.getLogger(__name__)


class Scripts:
    """Scripts by name: a site's own, then the shipped ones. A file that has changed is read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[float, Script]] = {}

    def __call__(self, name: str) -> Script:
        """The script of this name. Raises NotFound, and BadScript for one that is not sound."""
        own = self._folder / f"{name}.yml"
        path = own if own.is_file() else found_script(name)
        changed_at = path.stat().st_mtime
        known = self._read.get(path)
        if known is None or known[0] != changed_at:
            known = self._read[path] = (changed_at, load_script(path))
        return known[1]


@asynccontextmanager
async def opened_bot(
    settings: BotSettings, book: ConversationBook, nlu: Nlu | None, env: Mapping[str, str], now: Callable[[], datetime]
) -> AsyncIterator[WebsocketMedia]:
    """The bot, ready to `run`. Raises BadInput or Unavailable when a recogniser or a voice cannot be had."""
    async with AsyncExitStack() as stack:
        transcribers = await stack.enter_async_context(opened_transcribers(settings.speech, env))
        speech = settings.speech
        prompts = Prompts(speech.prompts_folder, speakers_of(speech), speech.prompt_dbfs)
        stack.push_async_callback(prompts.close)
        parts = BotParts(
            script=Scripts(settings.scripts),
            player=lambda call: Player(call, prompts, settings.prompts),
            hearing=Hearing(transcribers, nlu),
            book=book,
            now=now,
        )

        async def serve(call: CallMedia) -> None:
            await BotSession(call, parts).run()

        log.info("the bot hears", extra={"languages": ", ".join(sorted(transcribers))})
        yield WebsocketMedia(settings.media, serve)
