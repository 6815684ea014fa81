"""People who were called by the bot, and what it wrote down of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from crm_core.db import campaigns
from crm_core.db.engine import Database
from crm_core.db.quotas import put_cells, quota_states
from crm_core.db.tables import attempts, campaign_leads, leads
from crm_core.domain.attempts import Attempt, Outcome
from crm_core.domain.campaigns import Campaign, DialMode
from crm_core.domain.conversations import Answer, Conversation, Ending, Party, Turn
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.handlers.hopper import DatabaseHopper
from dialer.retry import settled
from tests.crm_core.dialing import NOW, TRUNK, add_campaign, attempt_for

CITY = "city"
#: How a conversation differs whose person hung up before anything was concluded.
HUNG_UP: dict[str, Any] = {"ending": Ending.HUNG_UP, "disposition": None}


async def bot_campaign(
    database: Database,
    cities: Sequence[str | None] = ("Tashkent",),
    name: str = "autumn",
    first: int = 0,
    **policy: Any,
) -> Campaign:
    """A running campaign of the bot with one lead for each of `cities`; None: the list says no city of this one."""
    rules = {"mode": DialMode.BOT, "script": "satisfaction_survey"} | policy
    campaign = await add_campaign(database, name, leads_wanted=len(cities), first=first, **rules)
    async with database.work() as work:
        ids = select(campaign_leads.c.lead_id).where(campaign_leads.c.campaign_id == campaign.id)
        found = [row.lead_id for row in await work.all(ids.order_by(campaign_leads.c.lead_id))]
        for lead_id, city in zip(found, cities, strict=True):
            fields = {} if city is None else {CITY: city}
            await work.run(update(leads).where(leads.c.id == lead_id).values(fields=fields))
        await put_cells(work, campaign.id, campaign.policy.quotas)
    return campaign


async def dial(database: Database, campaign: Campaign, count: int, now: datetime = NOW) -> list[Attempt]:
    """Lease at most `count` of the due leads, as the dialer does."""
    hopper = DatabaseHopper(database, lambda: now)
    due = await hopper.due(campaign, now, count)
    wanted = [attempt_for(campaign, lead.id, lead.numbers[0].e164, now) for lead in due]
    return await hopper.lease(wanted, TRUNK, now)


async def end_call(database: Database, attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    """The switch tells of the end; the lead is settled later, by `settle`."""
    async with database.work() as work:
        row = update(attempts).where(attempts.c.id == attempt.id)
        await work.run(row.values(ended_at=now, outcome=outcome.value))


async def settle(database: Database, now: datetime) -> int:
    """One batch of the settler; how many attempts it held."""
    hopper = DatabaseHopper(database, lambda: now)
    ended = await hopper.ended(200)
    policies = await hopper.policies({one.attempt.campaign_id for one in ended})
    await hopper.settle([settled(one, policies[one.attempt.campaign_id], now) for one in ended], now)
    return len(ended)


def talk(call_id: str, answers: Mapping[str, str] | None = None, began: datetime = NOW, **changes: Any) -> Conversation:
    """A conversation of half a minute in which each of `answers` took five seconds."""
    given = {"rating": "8"} if answers is None else answers
    turns: list[Turn] = []
    heard: list[Answer] = []
    for place, (question, value) in enumerate(given.items()):
        at = began + timedelta(seconds=5 * place)
        turns.append(Turn(Party.BOT, f"{question}?", question, at, at + timedelta(seconds=2)))
        begins = at + timedelta(seconds=2.5)
        said = f"well {value}"
        turns.append(Turn(Party.PERSON, said, question, begins, begins + timedelta(seconds=1), "whisper", 0.9))
        heard.append(Answer(question, value, said, begins))
    last = list(given)[-1] if given else "may_ask"
    end = began + timedelta(seconds=30)
    whole = Conversation(
        call_id, "survey", "en", began, end, Ending.FINISHED, last, tuple(turns), tuple(heard), disposition="surveyed"
    )
    return replace(whole, **changes)


async def talked(
    database: Database,
    attempt: Attempt,
    answers: Mapping[str, str] | None = None,
    *,
    first: str = "talk",
    **changes: Any,
) -> None:
    """The bot talks on this call; `first`: which of the two is told first, its "talk" or the call's "end"."""
    began = attempt.created_at + timedelta(seconds=10)
    whole = talk(attempt.id, answers, began, **changes)
    book = DatabaseConversationBook(database)
    await book.begin(attempt.id)
    if first == "end":
        await end_call(database, attempt, Outcome.ANSWERED, whole.ended_at)
    await book.record(whole, whole.ended_at)
    if first != "end":
        await end_call(database, attempt, Outcome.ANSWERED, whole.ended_at)


async def standing(database: Database, campaign: Campaign) -> dict[str, tuple[int, int]]:
    """Of each quota how many are complete and how many calls are under way."""
    async with database.reading() as work:
        return {str(one.quota): (one.complete, one.under_way) for one in await quota_states(work, campaign)}


async def campaign_now(database: Database, campaign: Campaign) -> Campaign:
    async with database.reading() as work:
        found = await campaigns.campaign(work, campaign.id)
    assert found is not None
    return found
