"""A `MessageGateway` that notes what it is given and answers as the test says."""

from __future__ import annotations

import asyncio

from crm_core.domain.messages import Message


class FakeGateway:
    """`answers`: for each send in turn the provider's id or an error to raise; then ids counted up. While `gate` is
    closed, sends wait before it."""

    def __init__(self, *answers: str | Exception, is_repeatable: bool = False) -> None:
        self.is_repeatable = is_repeatable
        self.sent: list[Message] = []
        self.most_at_once = 0
        self.under_way = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._answers = list(answers)

    async def send(self, message: Message) -> str | None:
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await self.gate.wait()
            self.sent.append(message)
            answer = self._answers.pop(0) if self._answers else f"p{len(self.sent)}"
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            self.under_way -= 1
