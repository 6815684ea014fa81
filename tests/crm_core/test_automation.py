"""Rules at work on a real database: what calls make, and how rules are looked after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import update

from crm_core.commands import RecordDisposition
from crm_core.db.engine import Database
from crm_core.db.rules import all_rules
from crm_core.db.site import put_calendar
from crm_core.db.tables import (
    calls,
    contacts,
    deal_stages,
    deals,
    notes,
    outbox,
    phones,
    recordings,
    rule_runs,
    stages,
    tasks,
)
from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import CallSnapshot, Direction, Leg, LegRole
from crm_core.domain.recordings import RecordingFile
from crm_core.domain.rules import ActionKind, Condition, Op, RuleAction
from crm_core.domain.work_calendar import DEFAULT_CALENDAR
from crm_core.errors import BadInput
from crm_core.events import AttemptEnded, CallAbandoned
from crm_core.handlers.automation import RuleRunner
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.dispositions import record_disposition
from crm_core.handlers.rules import change_rule, install_defaults, list_runs, rule_named, switch_rule, try_rule
from crm_core.streams import InProcessStream
from tests.crm_core.crm import (
    NOW,
    STRANGER,
    add_call,
    add_contact,
    add_user,
    bridged,
    disposed,
    effects,
    ended,
    happened,
    missed,
    ran,
    rows,
    rule_runner,
)
from tests.crm_core.dialing import add_campaign, lead_ids, lead_row, number_of


async def stage_names(database: Database) -> list[str]:
    """The stages all deals went through, in order."""
    names = {row["id"]: row["name"] for row in await rows(database, stages)}
    return [names[row["stage_id"]] for row in await rows(database, deal_stages)]


# --- what calls make ----------------------------------------------------------------------------------------
async def test_a_call_with_a_new_number_makes_a_contact_and_an_unsorted_deal_of_whoever_picked_up(
    site: Database,
) -> None:
    ann = await add_user(site, "Ann")
    await add_call(site, "c1", number=STRANGER)
    await ran(site, ended(agent_id=ann))
    (contact,) = await rows(site, contacts)
    (phone,) = await rows(site, phones)
    (deal,) = await rows(site, deals)
    (call,) = await rows(site, calls)
    assert (contact["name"], contact["owner_id"]) == (STRANGER, ann)
    assert (phone["e164"], phone["contact_id"], phone["zone"]) == (STRANGER, contact["id"], "Asia/Tashkent")
    assert (deal["contact_id"], deal["owner_id"], deal["call_id"]) == (contact["id"], ann, "c1")
    assert call["contact_id"] == contact["id"]
    assert await stage_names(site) == ["Unsorted"]
    assert (await rows(site, deal_stages))[0]["by"] == "rule: New number makes a deal"
    assert await effects(site) == [{"contact": contact["id"], "deal": deal["id"], "deal_was": "made"}]


async def test_a_second_call_before_the_first_was_looked_at_makes_no_second_deal(site: Database) -> None:
    await ran(site, ended("c1"), ended("c2"))
    await ran(site, ended("c3"))
    assert len(await rows(site, contacts)) == len(await rows(site, deals)) == 1


async def test_a_known_number_makes_nothing(site: Database) -> None:
    contact_id = await add_contact(site, "Bo", STRANGER)
    await ran(site, ended(known=True, contact_id=contact_id))
    assert await rows(site, deals) == []
    assert await rows(site, rule_runs) == []


async def test_a_withheld_number_is_noted_on_its_call(site: Database) -> None:
    await ran(site, ended(number=None), missed(number=None))
    (note,) = await rows(site, notes)
    assert (note["call_id"], note["contact_id"]) == ("c1", None)
    assert await rows(site, deals) == await rows(site, tasks) == await rows(site, contacts) == []


async def test_interest_moves_the_open_deal_and_a_sale_wins_it(site: Database) -> None:
    await ran(site, ended("c1"), disposed("interested", "c1"))
    await ran(site, disposed("sale", "c2"))
    assert len(await rows(site, deals)) == 1
    assert await stage_names(site) == ["Unsorted", "New", "Won"]


async def test_interest_makes_a_deal_where_there_is_none_and_again_once_the_last_is_closed(site: Database) -> None:
    await ran(site, disposed("sale", "c1"))
    await ran(site, disposed("interested", "c2"))
    assert await stage_names(site) == ["Won", "New"]


async def test_a_deal_further_along_is_not_moved_back(site: Database) -> None:
    await ran(site, disposed("interested", "c1"))
    (deal,) = await rows(site, deals)
    offer = next(row["id"] for row in await rows(site, stages) if row["name"] == "Offer sent")
    async with site.work() as work:
        await work.run(update(deals).values(stage_id=offer))
        await work.run(update(deal_stages).values(stage_id=offer, by="Ann"))
    await ran(site, disposed("interested", "c1"), disposed("interested", "c2"))
    assert (await rows(site, deals)) == [deal | {"stage_id": offer}]


async def test_a_corrected_result_takes_the_rules_own_move_back(site: Database) -> None:
    await ran(site, disposed("sale", "c1"))
    await ran(site, disposed("interested", "c1"))
    assert await stage_names(site) == ["Won", "New"]
    assert len(await rows(site, deals)) == 1


async def test_a_callback_makes_a_task_of_the_agent_at_its_time_and_a_correction_changes_it(site: Database) -> None:
    ann = await add_user(site, "Ann")
    contact_id = await add_contact(site, "Bo", STRANGER)
    at = NOW + timedelta(days=2)
    await ran(site, disposed("callback", agent_id=ann, callback_at=at))
    (task,) = await rows(site, tasks)
    assert (task["kind"], task["due_at"], task["responsible_id"]) == ("callback", at, ann)
    assert (task["contact_id"], task["number"], task["call_id"]) == (contact_id, STRANGER, "c1")
    await ran(site, disposed("callback", agent_id=ann, callback_at=at + timedelta(hours=1)))
    assert await rows(site, tasks) == [task | {"due_at": at + timedelta(hours=1)}]
    await ran(site, disposed("not_interested", agent_id=ann))
    (task,) = await rows(site, tasks)
    assert (task["done_at"], task["done_by"]) == (NOW, "rule: Changed result withdraws the callback")


@pytest.mark.parametrize(
    ("at", "due_at"),
    [
        (NOW, NOW),  # working: at once
        (datetime(2026, 11, 20, 20, 0, tzinfo=UTC), datetime(2026, 11, 23, 4, 0, tzinfo=UTC)),  # Saturday 01:00 there
    ],
)
async def test_a_missed_call_makes_a_task_for_the_next_working_time(
    site: Database, at: datetime, due_at: datetime
) -> None:
    await ran(site, missed(at=at))
    (task,) = await rows(site, tasks)
    assert (task["due_at"], task["kind"], task["number"]) == (due_at, "callback", STRANGER)


async def test_the_firms_own_hours_hold(site: Database) -> None:
    async with site.work() as work:
        await put_calendar(work, replace(DEFAULT_CALENDAR, zone="America/New_York"))
    await ran(site, missed())  # 02:00 there
    assert (await rows(site, tasks))[0]["due_at"] == datetime(2026, 11, 18, 14, 0, tzinfo=UTC)


async def test_missed_calls_of_one_number_make_one_task_until_it_is_done(site: Database) -> None:
    owner = await add_user(site, "Ann")
    await add_contact(site, "Bo", STRANGER, owner_id=owner)
    await ran(site, missed("c1"), missed("c2"))
    await ran(site, missed("c3"), CallAbandoned("c4", STRANGER, None, 1, 1, NOW))
    (task,) = await rows(site, tasks)
    assert (task["call_id"], task["responsible_id"]) == ("c1", owner)
    await ran(site, bridged("c5"))
    await ran(site, missed("c6", at=NOW + timedelta(hours=1)))
    assert [row["call_id"] for row in await rows(site, tasks)] == ["c1", "c6"]


async def test_whoever_reaches_the_number_closes_the_task(site: Database) -> None:
    ann = await add_user(site, "Ann")
    await ran(site, missed("c1"), missed("c9", number="+998907654321"))
    await ran(site, bridged("c2", agent_id=ann))
    first, second = await rows(site, tasks)
    assert (first["done_at"], first["done_by"]) == (NOW + timedelta(minutes=5), "reached by Ann")
    assert second["done_at"] is None


async def test_a_task_is_not_made_when_the_number_was_reached_before_the_rule_ran(site: Database) -> None:
    await add_call(site, "c2", number=STRANGER, bridged_at=NOW + timedelta(minutes=5))
    await ran(site, missed("c1"))
    assert await rows(site, tasks) == []
    assert await effects(site) == [{"task_was": "not needed: reached since"}]


async def test_a_call_does_not_close_the_callback_it_made_itself_in_whatever_order_it_is_heard(site: Database) -> None:
    at = NOW + timedelta(days=1)
    await ran(site, disposed("callback", "c1", callback_at=at))
    await ran(site, bridged("c1", at=NOW - timedelta(minutes=3)))
    assert (await rows(site, tasks))[0]["done_at"] is None


async def test_three_attempts_without_an_answer_close_the_lead_with_a_note_once(site: Database) -> None:
    campaign = await add_campaign(site, leads_wanted=2)
    lead, other = await lead_ids(site, campaign)
    contact = (await rows(site, contacts))[0]["id"]

    def attempt(number: int, unanswered: int, lead_id: int) -> AttemptEnded:
        at = (Outcome.NO_ANSWER, unanswered, NOW)
        return AttemptEnded(f"a{number}", campaign.id, lead_id, contact, number_of(0), *at)

    await ran(site, attempt(1, 2, lead), attempt(2, 2, other))
    assert (await lead_row(site, campaign, lead)).state == "open"
    await ran(site, attempt(3, 3, lead), attempt(4, 4, lead))
    row = await lead_row(site, campaign, lead)
    assert (row.state, row.close_reason, row.next_attempt_at) == ("closed", "unanswered", None)
    assert (await lead_row(site, campaign, other)).state == "open"
    (note,) = await rows(site, notes)
    assert (note["text"], note["contact_id"]) == ("Closed after 3 attempts without an answer", contact)
    closed = [row["payload"] for row in await rows(site, outbox) if row["type"] == "LeadClosed"]
    assert [(c["lead_id"], c["reason"]) for c in closed] == [(lead, "unanswered")]


# --- looking after rules ------------------------------------------------------------------------------------
async def test_a_rule_switched_off_does_not_run_and_the_runner_hears_of_it_within_five_seconds(site: Database) -> None:
    clock = [NOW]
    runner = RuleRunner(site, InProcessStream(), lambda: clock[0])
    await runner.apply(await happened(site, missed("c1")))
    await switch_rule("missed call makes a callback task", site, enabled=False)
    clock[0] += timedelta(seconds=4)
    await runner.apply(await happened(site, missed("c2", "+998907654321")))
    clock[0] += timedelta(seconds=1)
    await runner.apply(await happened(site, missed("c3", "+998907654322")))
    assert [row["call_id"] for row in await rows(site, tasks)] == ["c1", "c2"]
    await switch_rule("Missed call makes a callback task", site, enabled=True)
    runner.forget()
    await runner.apply(await happened(site, missed("c4", "+998907654323")))
    assert [row["call_id"] for row in await rows(site, tasks)] == ["c1", "c2", "c4"]


async def test_a_rule_can_be_tried_on_the_past_without_effect(site: Database) -> None:
    await happened(site, missed("c1"), missed("c2", None), ended("c3"), disposed("sale", "c4"))
    rule = await rule_named(site, "Missed call makes a callback task")
    found = await try_rule(replace(rule, enabled=False), site)
    assert [envelope.event for envelope, _ in found] == [missed("c1")]
    sale = await try_rule(await rule_named(site, "Sale wins the deal"), site)
    assert len(sale) == 1
    assert await rows(site, tasks) == await rows(site, deals) == await rows(site, rule_runs) == []


async def test_a_changed_rule_is_checked_first(site: Database) -> None:
    rule = await rule_named(site, "Sale wins the deal")
    for bad, fault in (
        (replace(rule, trigger="CallLost"), "no event is called"),
        (replace(rule, conditions=(Condition("colour", Op.IS, "red"),)), "LeadDisposed has no 'colour'"),
        (replace(rule, conditions=(Condition("disposition", Op.ONE_OF, "sale"),)), "one_of needs a list"),
        (replace(rule, actions=(RuleAction(ActionKind.CREATE_TASK, {"title": "x", "kind": "chore"}),)), "'chore'"),
        (replace(rule, actions=(RuleAction(ActionKind.ADD_NOTE),)), "no text given"),
    ):
        with pytest.raises(BadInput, match=fault):
            await change_rule(bad, site)
    better = replace(rule, conditions=(Condition("disposition", Op.ONE_OF, ["sale", "interested"]),))
    await change_rule(better, site)
    assert await rule_named(site, str(rule.id)) == better


async def test_defaults_are_stored_once(site: Database) -> None:
    await install_defaults(site)
    async with site.reading() as work:
        stored, bad = await all_rules(work)
    assert len({rule.name for rule in stored}) == len(stored) == 10
    assert bad == []
    assert len(await rows(site, stages)) == 6


async def test_the_log_of_runs_says_which_event_made_what(site: Database) -> None:
    (envelope,) = await ran(site, missed())
    (run,) = await list_runs(site)
    assert (run.rule, run.event_id, run.event_type) == (
        "Missed call makes a callback task",
        envelope.id,
        "CallMissed",
    )
    assert run.effects["task"] == (await rows(site, tasks))[0]["id"]


# --- any order ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("order", list(permutations(("ended", "disposed", "recording"))), ids="-".join)
async def test_call_end_result_and_recording_in_any_order_land_on_one_call(
    site: Database, order: tuple[str, ...]
) -> None:
    ann = await add_user(site, "Ann")

    book = DatabaseCallBook(site, lambda: NOW)

    async def call_ended() -> None:
        began = NOW - timedelta(minutes=2)
        leg = Leg("c1", LegRole.CALLER, "carrier", began, began, NOW)
        snapshot = CallSnapshot(
            "c1",
            "pbx",
            Direction.INCOMING,
            began,
            STRANGER,
            answered_at=began,
            bridged_at=began,
            ended_at=NOW,
            legs=(leg,),
        )
        await book.record_calls([snapshot])

    async def result() -> None:
        await record_disposition(RecordDisposition("c1", "interested", ann, note="call on Monday"), site, NOW)

    async def recording() -> None:
        file = RecordingFile("c1", "2026/11/18/c1.wav", 1, 1.0, "0" * 64, 2, -20.0, -20.0)
        await book.link_recording(file, NOW)

    for step in order:
        await {"ended": call_ended, "disposed": result, "recording": recording}[step]()
        await rule_runner(site).sweep(datetime.now(UTC) + timedelta(days=1))
    (call,) = await rows(site, calls)
    (contact,) = await rows(site, contacts)
    (deal,) = await rows(site, deals)
    (recorded,) = await rows(site, recordings)
    assert (call["disposition"], call["note"], call["contact_id"]) == ("interested", "call on Monday", contact["id"])
    assert (call["number"], call["ended_at"], call["direction"]) == (STRANGER, NOW, "incoming")
    assert (deal["call_id"], deal["contact_id"], recorded["call_id"]) == ("c1", contact["id"], "c1")
    assert (await stage_names(site))[-1] == "New"
