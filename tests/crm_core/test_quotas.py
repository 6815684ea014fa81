"""Quotas: enough answers of a group, and nobody of it is dialed any more, whoever dials and in whatever order."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, text, update

from crm_core.commands import RecordDisposition
from crm_core.db.engine import Database, opened_database
from crm_core.db.quotas import due_within, put_cells
from crm_core.db.tables import campaign_leads, leads
from crm_core.domain.attempts import Attempt, Outcome
from crm_core.domain.campaigns import DialMode, Quota
from crm_core.domain.conversations import Ending
from crm_core.errors import BadInput
from crm_core.handlers.campaigns import attach_list, change_policy
from crm_core.handlers.dispositions import record_disposition
from crm_core.handlers.hopper import DatabaseHopper
from tests.crm_core.dialing import NOW, TRUNK, add_campaign, after, attempt_for, rows_of
from tests.crm_core.shell import Shell
from tests.crm_core.talks import HUNG_UP, bot_campaign, dial, end_call, settle, standing, talked

TASHKENT, SAMARKAND, OTHERS = Quota("city", "Tashkent", 2), Quota("city", "Samarkand", 1), Quota("city", None, 1)


async def cities_of(database: Database, dialed: list[Attempt]) -> Counter[str]:
    named = {row.id: row.fields.get("city", "") for row in await rows_of(database, leads)}
    return Counter(named[attempt.lead_id] for attempt in dialed)


async def test_no_more_are_dialed_than_a_group_still_needs(database: Database) -> None:
    cities = ["Tashkent"] * 5 + ["Samarkand"] * 3 + ["Bukhara"] * 2 + [None] * 2
    campaign = await bot_campaign(database, cities, quotas=(TASHKENT, SAMARKAND, OTHERS))
    dialed = await dial(database, campaign, 50)
    assert await cities_of(database, dialed) == {"Tashkent": 2, "Samarkand": 1, "Bukhara": 1}
    assert await dial(database, campaign, 50) == []
    assert await standing(database, campaign) == {"city=Tashkent": (0, 2), "city=Samarkand": (0, 1), "city=*": (0, 1)}


async def test_those_of_no_group_are_dialed_as_ever(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent", None, "Bukhara", "Tashkent", "Tashkent"], quotas=(TASHKENT,))
    assert await cities_of(database, await dial(database, campaign, 50)) == {"Tashkent": 2, "": 1, "Bukhara": 1}


async def test_a_call_that_brings_no_answer_makes_room_for_the_next(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 6, quotas=(TASHKENT,))
    first, second = await dial(database, campaign, 50)
    await talked(database, first)
    await end_call(database, second, Outcome.BUSY, after(20))
    assert await dial(database, campaign, 50, after(21)) == []  # nobody has been told yet
    await settle(database, after(41))
    assert await standing(database, campaign) == {"city=Tashkent": (1, 0)}
    (third,) = await dial(database, campaign, 50, after(42))
    await talked(database, third, **HUNG_UP)
    (fourth,) = await dial(database, campaign, 50, after(100))
    assert len({first.lead_id, second.lead_id, third.lead_id, fourth.lead_id}) == 4
    await talked(database, fourth)
    await settle(database, after(200))
    assert await dial(database, campaign, 50, after(90000)) == []


@pytest.mark.parametrize("first", ["talk", "end"])
async def test_an_answer_is_counted_once_whichever_is_told_first(database: Database, first: str) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 4, quotas=(replace(TASHKENT, completes=1),))
    (attempt,) = await dial(database, campaign, 50)
    if first == "end":
        await end_call(database, attempt, Outcome.ANSWERED, after(40))
        assert await settle(database, after(41)) == 0  # the bot has not told yet
        assert await dial(database, campaign, 50, after(42)) == []
    await talked(database, attempt)
    assert await standing(database, campaign) == {"city=Tashkent": (1, 0)}
    assert await settle(database, after(43)) == 1
    assert await dial(database, campaign, 50, after(44)) == []


async def test_a_bot_that_never_tells_holds_the_group_for_half_a_minute_only(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 2, quotas=(replace(TASHKENT, completes=1),))
    (attempt,) = await dial(database, campaign, 50)
    await end_call(database, attempt, Outcome.ANSWERED, after(40))
    assert await settle(database, after(69)) == 0
    assert await settle(database, after(70)) == 1
    assert len(await dial(database, campaign, 50, after(71))) == 1


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"disposition": None}, True),
        ({"disposition": "surveyed", "ending": Ending.HUNG_UP}, True),  # during the goodbye
        ({"disposition": "not_interested"}, False),
        ({"disposition": "do_not_call"}, False),
        ({"disposition": "wrong_number"}, False),
        ({"disposition": "unfinished", "ending": Ending.HUNG_UP}, False),
        ({"disposition": "passed_on", "ending": Ending.TRANSFERRED}, False),
        (HUNG_UP, False),
        ({"ending": Ending.FAILED, "disposition": None}, False),
    ],
)
async def test_only_answers_count(database: Database, changes: dict[str, Any], counts: bool) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 2, quotas=(TASHKENT,))
    (attempt, *_) = await dial(database, campaign, 1)
    await talked(database, attempt, **changes)
    assert await standing(database, campaign) == {"city=Tashkent": (int(counts), 0)}


async def test_a_result_changed_by_hand_changes_the_count(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 2, quotas=(replace(TASHKENT, completes=1),))
    (attempt,) = await dial(database, campaign, 50)
    await talked(database, attempt)
    assert await dial(database, campaign, 50, after(60)) == []
    await record_disposition(RecordDisposition(attempt.id, "wrong_number", None), database, after(61))
    assert await standing(database, campaign) == {"city=Tashkent": (0, 0)}
    assert len(await dial(database, campaign, 50, after(62))) == 1


async def test_a_raised_quota_lets_the_group_be_dialed_at_once(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 5 + ["Bukhara"], quotas=(replace(TASHKENT, completes=1),))
    for attempt in await dial(database, campaign, 50):
        await talked(database, attempt)
    await settle(database, after(60))
    assert await dial(database, campaign, 50, after(61)) == []
    raised = await change_policy(database, "autumn", replace(campaign.policy, quotas=(TASHKENT,)))
    assert len(await dial(database, raised, 50, after(62))) == 1
    free = await change_policy(database, "autumn", replace(campaign.policy, quotas=()))
    assert len(await dial(database, free, 50, after(63))) == 3
    assert {row.cell for row in await rows_of(database, campaign_leads)} == {None}


async def test_quotas_given_later_count_what_was_answered_before(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent", " TASHKENT", "Bukhara", "tashkent"])
    for attempt in await dial(database, campaign, 3):
        await talked(database, attempt)
    await settle(database, after(60))
    changed = await change_policy(database, "autumn", replace(campaign.policy, quotas=(TASHKENT, OTHERS)))
    assert await standing(database, changed) == {"city=Tashkent": (2, 0), "city=*": (1, 0)}
    assert await dial(database, changed, 50, after(61)) == []
    named = await change_policy(database, "autumn", replace(changed.policy, counts_as_complete=("accepted",)))
    assert await standing(database, named) == {"city=Tashkent": (0, 0), "city=*": (0, 0)}
    with pytest.raises(BadInput, match="no result 'acepted'"):
        await change_policy(database, "autumn", replace(changed.policy, counts_as_complete=("acepted",)))


async def test_leads_attached_later_are_grouped_too(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 2, quotas=(TASHKENT, OTHERS))
    await add_campaign(database, "winter", leads_wanted=3, first=50)
    assert await attach_list(database, "autumn", "winter-list") == 3
    assert await cities_of(database, await dial(database, campaign, 50)) == {"Tashkent": 2, "": 1}


async def test_callbacks_of_a_full_group_wait_too(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 4, quotas=(replace(TASHKENT, completes=1),))
    first, *_ = await dial(database, campaign, 1)
    await talked(database, first, disposition="callback", callback_at=after(100))
    await settle(database, after(60))
    (promised,) = await dial(database, campaign, 50, after(101))
    assert promised.lead_id == first.lead_id
    await talked(database, promised, disposition="callback", callback_at=after(300))
    await settle(database, after(200))
    (other,) = await dial(database, campaign, 50, after(201))
    await talked(database, other)
    await settle(database, after(299))
    assert await dial(database, campaign, 50, after(301)) == []


async def test_two_dialers_at_once_do_not_dial_a_call_too_many(database: Database, database_url: str) -> None:
    cities = ["Tashkent", "Samarkand", "Bukhara"] * 12
    rules = (replace(TASHKENT, completes=5), replace(SAMARKAND, completes=3), replace(OTHERS, completes=4))
    campaign = await bot_campaign(database, cities, quotas=rules)
    ids = [row.lead_id for row in await rows_of(database, campaign_leads)]
    async with database.reading() as work:
        numbers = {
            r.id: r.e164
            for r in await work.all(text("SELECT l.id, p.e164 FROM leads l JOIN phones p USING (contact_id)"))
        }
    wanted = [attempt_for(campaign, lead_id, numbers[lead_id]) for lead_id in ids]
    async with opened_database(database_url) as other:
        hoppers = [DatabaseHopper(database, lambda: NOW), DatabaseHopper(other, lambda: NOW)]
        batches = [wanted[start : start + 4] for start in range(0, len(wanted), 4)]
        leased = await asyncio.gather(
            *(hoppers[place % 2].lease(batch, TRUNK, NOW) for place, batch in enumerate(batches))
        )
    dialed = [attempt for batch in leased for attempt in batch]
    assert await cities_of(database, dialed) == {"Tashkent": 5, "Samarkand": 3, "Bukhara": 4}


async def test_a_full_group_of_high_priority_keeps_nobody_else_waiting(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 30 + ["Bukhara"] * 5, quotas=(TASHKENT,))
    async with database.work() as work:
        await work.run(update(campaign_leads).where(campaign_leads.c.cell == "0").values(priority=9))
    dialed = await dial(database, campaign, 4)
    assert await cities_of(database, dialed) == {"Tashkent": 2, "Bukhara": 2}
    assert await cities_of(database, await dial(database, campaign, 2)) == {"Bukhara": 2}


async def test_groups_of_several_fields_are_held_together(database: Database) -> None:
    rules = (Quota("city", "Tashkent", 3), Quota("sex", "f", 2), Quota("sex", "m", 9))
    campaign = await bot_campaign(database, ["Tashkent"] * 8, quotas=rules)
    ids = [row.lead_id for row in await rows_of(database, campaign_leads)]
    async with database.work() as work:
        for place, lead_id in enumerate(ids):
            who = {"city": "Tashkent" if place % 4 else "Bukhara", "sex": "fm"[place % 2]}
            await work.run(update(leads).where(leads.c.id == lead_id).values(fields=who))
        await put_cells(work, campaign.id, rules)
    await dial(database, campaign, 50)
    found = await standing(database, campaign)
    assert found["city=Tashkent"] == (0, 3)
    assert found["sex=f"][1] <= 2
    assert sum(busy for _, busy in found.values()) >= 5


async def test_groups_are_counted_and_searched_by_index(database: Database) -> None:
    """A hundred thousand leads of full groups must cost no more than a few."""
    rules: dict[str, Any] = {"mode": DialMode.BOT, "script": "survey", "quotas": (TASHKENT, OTHERS)}
    campaign = await add_campaign(database, leads_wanted=3000, **rules)
    async with database.work() as work:
        await put_cells(work, campaign.id, campaign.policy.quotas)
    asked: list[tuple[str, Any]] = []

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def _note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.append((statement, values))

    async with database.reading() as work:
        assert await due_within(work, campaign, NOW, 50)
        event.remove(database.engine.sync_engine, "before_cursor_execute", _note)
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        plans = []
        for statement, values in asked:
            rows = (await work.connection.exec_driver_sql(explain + statement, values)).all()
            plans.append("\n".join(str(row[-1]) for row in rows))
    wanted = ("complete", "under_way", "callbacks", "cells", "hopper", "cells")  # in the order of asking
    assert [f"ix_campaign_leads_{name}" in plan for name, plan in zip(wanted, plans, strict=True)] == [True] * 6, (
        "\n\n".join(plans)
    )


async def test_why_a_lead_of_a_full_group_is_not_dialed_is_said(shell: Shell, database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 4 + ["Bukhara"], quotas=(TASHKENT, OTHERS))
    for attempt in await dial(database, campaign, 1):
        await talked(database, attempt)
    await settle(database, after(60))
    (attempt,) = await dial(database, campaign, 1, after(61))
    assert "quota: city=Tashkent │ 1 of 2, 1 under way (full)" in await shell("campaign", "report", "autumn")
    assert "2 │ not at all: quota full" in await shell("why", "autumn")
    said = await shell("why", "autumn", "--lead", str(attempt.lead_id + 1))
    assert "the quota of its group is full (city=Tashkent: 1 of 2, 1 under way)" in said


async def test_quotas_from_the_command_line(shell: Shell, database: Database) -> None:
    await bot_campaign(database, ["Tashkent", "Bukhara"], name="source")
    common = ("--trunk", "carrier", "--list", "source-list", "--script", "satisfaction_survey")
    await shell("campaign", "create", "autumn", *common, "--quota", "city=Tashkent:100", "--quota", "city=Tashkant:5")
    said = await shell("campaign", "start", "autumn")
    assert "But no lead has city=Tashkant; there is Bukhara, Tashkent." in said
    assert "its policy changed" in await shell("campaign", "change", "autumn", "--quota", "city=tashkent:7")
    assert "quota: city=tashkent │ 0 of 7" in await shell("campaign", "report", "autumn")
    assert "quota" not in await shell("campaign", "change", "autumn", "--quota", "none")
    with pytest.raises(BadInput, match="mode bot"):
        await shell("campaign", "create", "winter", "--trunk", "carrier", "--quota", "city=Tashkent:100")
