"""Everything that one call of the bot left behind, as it was written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crm_core.domain.conversations import Answer, Ending, Turn


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """One conversation and what came of it. Deals and tasks are those of the script, not of rules.

    `deals` are title, stage, amount and currency as text, what is empty left out; `tasks` are titles, `messages`
    templates; `refused` is "all" or "campaign" where the person is on a do-not-call list by his own word.
    """

    call_id: str
    ending: Ending
    last_node: str
    language: str
    turns: tuple[Turn, ...]
    answers: tuple[Answer, ...]
    disposition: str | None = None
    callback_at: datetime | None = None
    deals: tuple[Mapping[str, str], ...] = ()
    tasks: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    refused: str | None = None
