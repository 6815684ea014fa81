"""Rules decide: conditions, plans, and what steps do to the desk; nothing here touches a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.rule_acts import carry_out, stage_named
from crm_core.domain.rule_desk import ContactEntry, DealEntry, Desk, Subject, TaskEntry, shown, subject_of
from crm_core.domain.rule_plans import (
    CloseLead,
    CloseTasks,
    MakeDeal,
    MakeNote,
    MakeTask,
    Step,
    check_rule,
    dry_run,
    fill,
    plan,
)
from crm_core.domain.rules import DEFAULT_RULES, ActionKind, Condition, Op, Rule, RuleAction, applies
from crm_core.domain.sales import DEFAULT_STAGES, Stage, TaskKind
from crm_core.domain.work_calendar import DEFAULT_CALENDAR, is_working_time
from crm_core.errors import BadInput
from crm_core.handlers.rules import EVENT_KINDS
from tests.crm_core.crm import NOW, STRANGER, bridged, disposed, ended, missed

STAGES = [Stage(i, 1, name, i, kind) for i, (name, kind) in enumerate(DEFAULT_STAGES)]
MAKE = MakeDeal("New", "x", move=True)
ONCE = MakeTask(TaskKind.CALLBACK, "call", NOW, once=True)


def rule(*conditions: Condition, trigger: str = "LeadDisposed", actions: tuple[RuleAction, ...] = ()) -> Rule:
    return Rule(1, "mine", trigger, conditions, actions)


def subject(call_id: str = "c1", number: str | None = STRANGER, at: datetime = NOW, **values: Any) -> Subject:
    return Subject(at, "rule: mine", number, call_id=call_id, **values)


@pytest.mark.parametrize(
    ("op", "value", "holds"),
    [
        (Op.IS, "sale", True),
        (Op.IS, "other", False),
        (Op.IS_NOT, "other", True),
        (Op.ONE_OF, ["sale", "interested"], True),
        (Op.ONE_OF, [], False),
    ],
)
def test_conditions_hold_as_they_read(op: Op, value: Any, holds: bool) -> None:
    assert applies(rule(Condition("disposition", op, value)), disposed("sale")) is holds


def test_a_field_nobody_has_never_holds_and_facts_count_as_fields() -> None:
    unknown = rule(Condition("colour", Op.IS_NOT, "red"))
    assert not applies(unknown, disposed("sale"))
    assert applies(unknown, disposed("sale"), {"colour": "blue"})
    assert not applies(rule(Condition("callback_at", Op.AT_LEAST, NOW)), disposed("sale"))  # it is None


def test_every_shipped_rule_can_run() -> None:
    for shipped in DEFAULT_RULES:
        check_rule(shipped, EVENT_KINDS)
    assert len({shipped.name for shipped in DEFAULT_RULES}) == len(DEFAULT_RULES)


@given(st.integers(0, 15 * 365 * 24 * 60))
def test_a_missed_call_is_due_when_people_work_and_never_before_it(minutes: int) -> None:
    at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    (missed_rule,) = [r for r in DEFAULT_RULES if r.trigger == "CallMissed"]
    (step,) = plan(missed_rule, missed(at=at), DEFAULT_CALENDAR)
    assert isinstance(step, MakeTask)
    assert step.due_at >= at
    assert is_working_time(step.due_at, DEFAULT_CALENDAR)


def test_titles_take_fields_and_nothing_else() -> None:
    assert fill("Call {number}, {nobody}", missed()) == f"Call {STRANGER}, unknown"
    assert fill("{number.__class__} {0} {", missed()) == "{number.__class__} unknown {"
    assert len(fill("{number}" * 100, missed())) == 200


def test_a_wrong_option_names_rule_action_and_option() -> None:
    wrong = rule(actions=(RuleAction(ActionKind.CREATE_TASK, {"title": "x", "kind": "callback", "due": "soon"}),))
    with pytest.raises(BadInput, match=r"rule 'mine', create_task, option 'due': 'soon' is unknown"):
        plan(wrong, disposed("sale"), DEFAULT_CALENDAR)
    timeless = rule(actions=(RuleAction(ActionKind.CREATE_TASK, {"title": "x", "kind": "callback", "due": "event"}),))
    with pytest.raises(BadInput, match="carries no time to call back"):
        plan(timeless, disposed("sale"), DEFAULT_CALENDAR)


def test_a_dry_run_tells_the_steps_of_the_events_it_applies_to() -> None:
    sale = next(r for r in DEFAULT_RULES if r.name == "Sale wins the deal")
    past: list[tuple[int, object, dict[str, Any]]] = [
        (1, disposed("sale"), {}),
        (2, disposed("later"), {}),
        (3, missed(), {}),
    ]
    assert dry_run(sale, past, DEFAULT_CALENDAR) == [(1, (MakeDeal("Won", f"Sale: {STRANGER}", move=True),))]


def test_the_subject_of_an_event_is_told_by_the_event() -> None:
    found = subject_of(bridged("c7", agent_id=3), "mine")
    assert (found.call_id, found.number, found.agent_id, found.by) == ("c7", STRANGER, 3, "rule: mine")


# --- the desk -----------------------------------------------------------------------------------------------
def test_an_unknown_stage_changes_nothing() -> None:
    desk = Desk(STAGES)
    with pytest.raises(BadInput, match="there is no stage 'Gone'"):
        carry_out(desk, [MakeNote("n"), MAKE, MakeDeal("Gone", "x", move=False)], subject())
    assert desk == Desk(STAGES)
    assert stage_named(STAGES, " won ").name == "Won"


def test_a_deal_of_a_call_of_nobody_is_adopted_when_the_caller_becomes_known() -> None:
    desk = Desk(STAGES, deals=[DealEntry(7, STAGES[1], None, "c1", "rule: mine")])
    effects = carry_out(desk, [MakeDeal("Unsorted", "x", move=False)], subject())
    assert shown(effects) == {"contact": None, "deal": 7, "deal_was": "kept"}
    assert desk.deals[0].adopted
    assert desk.deals[0].contact is desk.by_number[STRANGER]


@pytest.mark.parametrize(
    ("call_id", "moved_by", "moves"),
    [("c1", "rule: other", True), ("c1", "Ann", False), ("c2", "rule: other", False)],
)
def test_a_deal_goes_back_only_where_a_rule_put_it_for_this_call(call_id: str, moved_by: str, moves: bool) -> None:
    contact = ContactEntry(5, None)
    desk = Desk(STAGES, contacts={5: contact}, deals=[DealEntry(7, STAGES[3], contact, call_id, moved_by)])
    carry_out(desk, [MAKE], subject(contact_id=5))
    assert (desk.deals[0].stage.name == "New") is moves


def test_a_lead_is_closed_and_noted_once() -> None:
    desk = Desk(STAGES, open_leads={(1, 2)})
    steps = [CloseLead("unanswered", "note"), CloseLead("other", "note")]
    carry_out(desk, steps, subject(campaign_id=1, lead_id=2))
    carry_out(desk, steps, subject(campaign_id=1, lead_id=3))
    carry_out(desk, steps, subject())
    assert [c.reason for c in desk.closings] == ["unanswered"]
    assert len(desk.notes) == 1


instants = st.integers(0, 60).map(lambda m: NOW + timedelta(minutes=m))
happenings = st.lists(st.tuples(st.sampled_from(["missed", "reached", "ended", "interested"]), instants), max_size=12)


@given(happenings)
def test_whatever_happens_a_number_has_one_open_callback_one_contact_and_one_open_deal(
    told: list[tuple[str, datetime]],
) -> None:
    desk = Desk(STAGES)
    for index, (what, at) in enumerate(told):
        about = subject(f"c{index}", at=at)
        steps: dict[str, Step] = {
            "missed": ONCE,
            "reached": CloseTasks(TaskKind.CALLBACK, of_call=False),
            "ended": MakeDeal("Unsorted", "x", move=False),
            "interested": MAKE,
        }
        carry_out(desk, [steps[what]], about)
        still_open = desk.open_tasks(TaskKind.CALLBACK, STRANGER)
        assert len(still_open) <= 1
        if what == "reached":
            assert all(task.created_at > at for task in still_open)
    assert len({id(deal.contact) for deal in desk.deals}) == len(desk.deals) <= 1
    assert all(len({stage.id for stage, _ in deal.moves}) == len(deal.moves) for deal in desk.deals)


@given(happenings, st.integers(0, 11))
def test_the_same_call_told_twice_in_a_row_changes_nothing_more(told: list[tuple[str, datetime]], twice: int) -> None:
    def run(times: int) -> tuple[int, int, list[list[str]]]:
        desk = Desk(STAGES)
        for index, (what, at) in enumerate(told):
            step = ONCE if what == "missed" else MAKE
            for _ in range(times if index == twice else 1):
                carry_out(desk, [step], subject(f"c{index}", at=at))
        moves = [[stage.name for stage, _ in deal.moves] for deal in desk.deals]
        return len(desk.tasks), len(desk.by_number), moves

    assert run(1) == run(2)


def test_a_callback_promised_for_one_call_is_kept_beside_one_of_another_call() -> None:
    other = TaskEntry(3, TaskKind.CALLBACK, STRANGER, "c0", NOW, NOW)
    desk = Desk(STAGES, tasks=[other])
    promise = MakeTask(TaskKind.CALLBACK, "x", NOW + timedelta(hours=1), once=False)
    assert carry_out(desk, [promise], subject())["task_was"] == "made"
    assert carry_out(desk, [promise], subject())["task_was"] == "changed"
    assert len(desk.tasks) == 2


def test_an_event_of_the_stream_fits_the_shipped_rules() -> None:
    kinds = {type(event).__name__ for event in (ended(), missed(), bridged(), disposed("sale"))}
    assert kinds <= {shipped.trigger for shipped in DEFAULT_RULES} <= set(EVENT_KINDS)
