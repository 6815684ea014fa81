"""A survey that goes its way by chance: whatever happens, its quotas are met and never passed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import leads
from crm_core.domain.attempts import Attempt, Outcome
from crm_core.domain.campaigns import Campaign, Quota, RetryPolicy
from crm_core.handlers.campaigns import change_policy
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.handlers.hopper import DatabaseHopper
from tests.crm_core.dialing import NOW, TRUNK, attempt_for, rows_of
from tests.crm_core.talks import HUNG_UP, bot_campaign, end_call, settle, standing, talk


@dataclass
class Survey:
    """A survey that goes its way by chance: what it has cost and brought by group, as a person would count it."""

    database: Database
    other: Database
    campaign: Campaign
    chance: random.Random
    now: datetime = NOW
    ringing: list[Attempt] = field(default_factory=list)
    told: list[Attempt] = field(default_factory=list)  # the conversation is written down, the call not over
    over: list[tuple[Attempt, datetime]] = field(default_factory=list)  # the other way round, and since when
    answered: Counter[str] = field(default_factory=Counter)
    city: dict[int, str] = field(default_factory=dict)

    async def step(self) -> None:
        acts = (self.dial, self.dial, self.dial, self.talk, self.talk, self.end, self.end, self.tell, self.rest)
        await self.chance.choice(acts)()
        while self.over and self.now - self.over[0][1] > timedelta(seconds=20):  # the bot is a little late, no more
            await self._write(self.over.pop(0)[0])
        self.now += timedelta(seconds=self.chance.randint(1, 5))

    async def dial(self) -> None:
        """Two dialers look at once, and both want the same leads."""
        seen = [DatabaseHopper(one, lambda: self.now) for one in (self.database, self.other)]
        wanted = [
            [
                attempt_for(self.campaign, lead.id, lead.numbers[0].e164, self.now, f"tl-{self.chance.getrandbits(60)}")
                for lead in due
            ]
            for due in await asyncio.gather(*(hopper.due(self.campaign, self.now, 4) for hopper in seen))
        ]
        leased = await asyncio.gather(
            *(hopper.lease(some, TRUNK, self.now) for hopper, some in zip(seen, wanted, strict=True))
        )
        self.ringing += [attempt for some in leased for attempt in some]

    async def end(self) -> None:
        """A call ends: nobody answered, or its conversation is written down already."""
        if self.told and self.chance.random() < 0.5:
            await end_call(self.database, self._some(self.told), Outcome.ANSWERED, self.now)
        elif self.ringing:
            outcome = self.chance.choice([Outcome.BUSY, Outcome.NO_ANSWER, Outcome.HUNG_UP])
            await end_call(self.database, self._some(self.ringing), outcome, self.now)

    async def talk(self) -> None:
        """Somebody talks; his call may be over before his conversation is written down."""
        if not self.ringing:
            return
        attempt = self._some(self.ringing)
        await DatabaseConversationBook(self.database).begin(attempt.id)
        if self.chance.random() < 0.5:
            await end_call(self.database, attempt, Outcome.ANSWERED, self.now)
            self.over.append((attempt, self.now))
        else:
            await self._write(attempt)
            self.told.append(attempt)

    async def tell(self) -> None:
        if self.over:
            await self._write(self.over.pop(self.chance.randrange(len(self.over)))[0])

    async def rest(self) -> None:
        await settle(self.database, self.now)

    async def _write(self, attempt: Attempt) -> None:
        kinds: list[dict[str, Any]] = [{}, {}, HUNG_UP, {"disposition": "not_interested"}]
        changes = self.chance.choice(kinds)
        await DatabaseConversationBook(self.database).record(talk(attempt.id, None, self.now, **changes), self.now)
        self.answered[self.city[attempt.lead_id]] += not changes

    def _some(self, attempts: list[Attempt]) -> Attempt:
        return attempts.pop(self.chance.randrange(len(attempts)))

    def busy(self) -> Counter[str]:
        return Counter(self.city[attempt.lead_id] for attempt in (*self.ringing, *(one for one, _ in self.over)))


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_a_quota_is_met_and_never_passed(
    database: Database, database_url: str, seed: int
) -> None:
    needed = {"Tashkent": 3, "Samarkand": 1, "Bukhara": 2}
    rules = tuple(Quota("city", city, count) for city, count in needed.items())
    retry = RetryPolicy(max_attempts=2, after={Outcome.BUSY: timedelta(seconds=20)})
    campaign = await bot_campaign(database, [*needed] * 80, quotas=rules, retry=retry)
    async with opened_database(database_url) as other:
        survey = Survey(database, other, campaign, random.Random(seed))
        survey.city = {row.id: row.fields["city"] for row in await rows_of(database, leads)}
        for turn in range(800):
            if turn == 60:  # enough is not enough
                needed = {city: count + 1 for city, count in needed.items()}
                rules = tuple(Quota("city", city, count) for city, count in needed.items())
                survey.campaign = await change_policy(database, "autumn", replace(campaign.policy, quotas=rules))
            if turn > 60 and survey.answered == needed:
                break
            await survey.step()
            busy = survey.busy()
            assert all(survey.answered[city] + busy[city] <= count for city, count in needed.items()), (turn, busy)
            found = await standing(database, survey.campaign)
            assert {city: found[f"city={city}"][0] for city in needed} == {c: survey.answered[c] for c in needed}
            assert all(found[f"city={city}"][1] >= busy[city] for city in needed)  # more: not settled yet
    assert survey.answered == needed, turn
