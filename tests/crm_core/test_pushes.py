"""What is pushed to whom, without anything around it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.access import Actor, Right, Role, Sees, actor_of
from crm_core.domain.pushes import Pending, Push, Reach, Topic, View, told, view

NUMBER = "+998901234567"
ME, MATE, STRANGER = 1, 2, 3


def reach(role: Role, *, sees: Sees | None = None, campaigns: frozenset[int] | None = frozenset()) -> Reach:
    actor: Actor = actor_of(ME, "Me", role, sees=sees, team_id=1)
    users = {Sees.OWN: frozenset({ME}), Sees.TEAM: frozenset({ME, MATE}), Sees.ALL: None}[actor.sees]
    return Reach(actor, users, users if actor.may(Right.SEE_FLOOR) else frozenset({ME}), campaigns)


def call(owner: int | None, **more: Any) -> Push:
    body = {"id": "c1", "number": NUMBER, "contact": "Dilnoza", "contact_id": 7, "lead_id": 9, "state": "talking"}
    return Push(Topic.CALL, "c1", body, owner=owner, numbers=("number",), texts=("contact",), **more)


@pytest.mark.parametrize(
    ("role", "owner", "seen"),
    [
        (Role.AGENT, ME, True),
        (Role.AGENT, MATE, False),
        (Role.AGENT, None, False),  # nobody's belongs to teams, not to each of their members
        (Role.HEAD, MATE, True),
        (Role.HEAD, None, True),
        (Role.HEAD, STRANGER, False),
        (Role.MANAGER, STRANGER, True),
        (Role.MANAGER, None, True),
    ],
)
def test_a_call_is_seen_by_whoever_reaches_its_agent(role: Role, owner: int | None, seen: bool) -> None:
    assert (view(call(owner), reach(role)) is not None) is seen


def test_a_colleagues_state_is_seen_with_the_right_to_the_floor_and_ones_own_without() -> None:
    of = {user: Push(Topic.AGENT, str(user), {"state": "available"}, owner=user) for user in (ME, MATE)}
    assert view(of[ME], reach(Role.AGENT)) is View.WHOLE
    assert view(of[MATE], reach(Role.SELLER, sees=Sees.TEAM)) is None  # no right to the floor
    assert view(of[MATE], reach(Role.HEAD)) is View.WHOLE


def test_who_sees_the_floor_of_a_team_is_asked_about_more_than_his_own() -> None:
    assert reach(Role.AGENT).is_narrow
    assert not reach(Role.HEAD).is_narrow
    assert not reach(Role.MANAGER).is_narrow


def test_a_notice_is_for_one_person_whatever_others_may_see() -> None:
    notice = Push(Topic.NOTICE, "1", {"text": "call back"}, owner=ME)
    assert view(notice, reach(Role.AGENT)) is View.WHOLE
    other = Push(Topic.NOTICE, "2", {"text": "call back"}, owner=MATE)
    assert view(other, reach(Role.ADMINISTRATOR)) is None


def test_a_campaign_is_seen_by_whoever_is_in_it() -> None:
    push = Push(Topic.CAMPAIGN, "4", {"name": "autumn"}, campaign_id=4)
    assert view(push, reach(Role.AGENT, campaigns=frozenset({4}))) is View.WHOLE
    assert view(push, reach(Role.AGENT, campaigns=frozenset({5}))) is None
    assert view(push, reach(Role.MANAGER, campaigns=None)) is View.WHOLE


def test_a_task_that_was_handed_on_goes_from_the_one_and_comes_to_the_other() -> None:
    task = Push(Topic.TASK, "1", {"title": "call"}, owner=MATE, formerly=ME)
    assert view(task, reach(Role.SELLER)) is View.GONE
    assert told(task, View.GONE, masked=False) == {"topic": "task", "key": "1", "gone": True}
    assert view(task, reach(Role.HEAD)) is View.WHOLE  # whoever sees both does not see it go


@pytest.mark.parametrize(
    ("more", "seen"),
    [
        ({"contact_owner": MATE}, View.WHOLE),
        ({"contact_owner": None}, View.WHOLE),  # nobody's person is every team's
        ({"contact_owner": STRANGER}, None),
        ({"contact_owner": STRANGER, "campaign_id": 4}, View.NUMBERLESS),  # the campaign is the team's
        ({"contact_owner": STRANGER, "campaign_id": 5}, None),
        ({"contact_owner": MATE, "campaign_id": 5}, View.WHOLE),
    ],
)
def test_a_call_nobody_took_is_whose_its_campaign_or_its_person_is(more: dict[str, Any], seen: View | None) -> None:
    assert view(call(None, **more), reach(Role.HEAD, campaigns=frozenset({4}))) is seen
    assert view(call(None, **more), reach(Role.MANAGER, campaigns=None)) is View.WHOLE


def test_a_call_of_a_person_out_of_reach_tells_neither_name_nor_number() -> None:
    seen = told(call(None, contact_owner=STRANGER, campaign_id=4), View.NUMBERLESS, masked=False)
    assert [seen[name] for name in ("contact", "contact_id", "lead_id", "number")] == [None] * 4
    assert seen["state"] == "talking"
    mates = call(MATE, contact_owner=STRANGER)
    assert view(mates, reach(Role.HEAD)) is View.WHOLE


@given(st.sampled_from(list(View)), st.text(st.sampled_from(" -()"), max_size=2))
def test_whoever_is_masked_gets_no_digits_of_a_number_anywhere(how: View, gap: str) -> None:
    grouped = gap.join(("+998", "90", "123", "45", "67"))
    push = Push(
        Topic.TASK,
        "1",
        {"number": NUMBER, "title": f"call {grouped} back", "contact": None},
        numbers=("number",),
        texts=("title", "contact"),
    )
    digits = "".join(character for character in str(told(push, how, masked=True)) if character.isdigit())
    assert "1234567" not in digits
    assert "12345" not in digits


@given(st.lists(st.tuples(st.integers(0, 5), st.integers())))
def test_a_browser_that_is_behind_is_told_the_last_state_of_each_thing_once(states: list[tuple[int, int]]) -> None:
    pending = Pending(limit=100)
    for key, state in states:
        assert pending.put(Push(Topic.AGENT, str(key), {"state": state}), View.WHOLE)
    taken = [(push.key, push.body["state"]) for push, _ in pending.take()]
    assert dict(taken) == {str(key): state for key, state in states}
    assert len(taken) == len({key for key, _ in states})
    assert pending.take() == []


def test_a_browser_that_is_too_far_behind_has_to_start_again() -> None:
    pending = Pending(limit=2)
    fits = [pending.put(Push(Topic.CALL, str(key), {}), View.WHOLE) for key in (1, 2, 1, 3)]
    assert fits == [True, True, True, False]
