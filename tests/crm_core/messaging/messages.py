"""A message as the sender hands it to a gateway."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from crm_core.domain.messages import Message, MessageChannel, MessageState

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def a_message(**changes: Any) -> Message:
    """An SMS under way; `changes` are fields of `Message`."""
    usual = Message(
        id=7,
        key="t-1 sms offer",
        token="0123456789abcdef0123456789abcdef",
        channel=MessageChannel.SMS,
        to="+998901234567",
        template="offer",
        subject="",
        body="Чай & нон: 50% {off}\nкелинг",
        state=MessageState.SENDING,
        attempts=1,
        due_at=NOW,
        created_at=NOW,
    )
    return replace(usual, **changes)
