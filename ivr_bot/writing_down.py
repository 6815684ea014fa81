"""The end of a call: what was said and what follows from it is written down, whatever it takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from crm_core.domain.conversations import Conversation
from crm_core.errors import BadInput, Unavailable
from crm_core.ports import ConversationBook
from ivr_bot.call_log import without_effects

log = logging.getLogger(__name__)

_TRIES, _PAUSE = 5, 2.0  # seconds: a database that restarts is back by then


async def write_down(book: ConversationBook, whole: Conversation, now: Callable[[], datetime]) -> None:
    """Record it, again if the database is away; what the site refuses is left to a person. Raises nothing of ours."""
    facts = {"call_id": whole.call_id}
    for left in reversed(range(_TRIES)):
        try:
            await book.record(whole, now())
            return
        except BadInput as error:
            log.exception("what the script wants cannot be done", extra=facts)
            whole = without_effects(whole, str(error))
        except Unavailable as error:
            log.warning("conversation not recorded yet", extra={**facts, "error": str(error)})
            if left:
                await asyncio.sleep(_PAUSE)
    log.error("conversation lost to the database", extra={**facts, "conversation": repr(whole)})
