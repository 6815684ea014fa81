"""The attempts of a fake hopper, as the hand-off writes them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from crm_core.domain.attempts import Attempt, Outcome, Verdict
from crm_core.domain.campaigns import Campaign
from crm_core.domain.conversations import HandedOn
from crm_core.errors import Unavailable
from tests.fakes.hopper import FakeHopper


@dataclass
class FakeAttemptBook:
    hopper: FakeHopper
    concluded: list[tuple[str, Outcome]] = field(default_factory=list)
    opt_outs: list[str] = field(default_factory=list)
    down: bool = False
    handed: dict[str, HandedOn] = field(default_factory=dict)
    not_taken_over: list[str] = field(default_factory=list)

    def _ask(self) -> None:
        if self.down:
            raise Unavailable("the database does not answer")

    async def answered(
        self, attempt_id: str, verdict: Verdict, verdict_cause: str, now: datetime
    ) -> tuple[Attempt, Campaign] | None:
        self._ask()
        attempt = self.hopper.attempts.get(attempt_id)
        if attempt is None:
            return None
        if attempt.verdict is None:
            attempt = replace(attempt, verdict=verdict, verdict_cause=verdict_cause, answered_at=now)
            self.hopper.attempts[attempt_id] = attempt
        return attempt, self.hopper.campaigns[attempt.campaign_id]

    async def conclude(self, attempt_id: str, outcome: Outcome, now: datetime) -> None:
        self._ask()
        attempt = self.hopper.attempts[attempt_id]
        if attempt.outcome is None:
            self.concluded.append((attempt_id, outcome))
            self.hopper.attempts[attempt_id] = replace(attempt, outcome=outcome)

    async def handed_on(self, call_id: str) -> HandedOn | None:
        self._ask()
        return self.handed.get(call_id)

    async def nobody_took_over(self, call_id: str, now: datetime) -> None:
        self._ask()
        self.not_taken_over.append(call_id)

    async def opted_out(self, attempt_id: str, now: datetime) -> None:
        self._ask()
        self.opt_outs.append(attempt_id)
