"""What all calls of the bot in one process share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crm_core.ports import ConversationBook
from ivr_bot.announcing import Announces
from ivr_bot.dialog.script import Script
from ivr_bot.hearing import Hearing
from ivr_bot.media.ports import CallMedia
from ivr_bot.player import Player
from ivr_bot.turn_taking import Confirms


@dataclass(frozen=True, slots=True)
class BotParts:
    """`script` finds one by its name; raises CrmError. `operators_language` None: each script's first."""

    script: Callable[[str], Script]
    player: Callable[[CallMedia], Player]
    hearing: Hearing
    book: ConversationBook
    now: Callable[[], datetime]
    announcer: Announces
    confirms: Confirms
    operators_language: str | None = None
