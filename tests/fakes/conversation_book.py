"""The core as the bot's calls see it: briefings given, conversations kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from crm_core.domain.conversations import Briefing, Conversation


@dataclass
class FakeConversationBook:
    """`faults` are raised by `record`, one at each call, before anything is kept."""

    briefings: dict[str, Briefing] = field(default_factory=dict)
    recorded: list[Conversation] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)

    async def begin(self, call_id: str) -> Briefing | None:
        return self.briefings.get(call_id)

    async def record(self, conversation: Conversation, now: datetime) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.recorded.append(conversation)
