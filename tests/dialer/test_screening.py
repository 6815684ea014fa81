"""Screening refuses whatever it does not know to be right, for the first reason that holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.campaigns import Campaign, CampaignState, RetryPolicy, Window
from crm_core.domain.leads import Block, Lead, LeadState, WhyNot
from dialer.screening import REVISIT, put_off, screened, why_not
from tests.dialer.clock import START
from tests.dialer.scene import TRUNK, campaign, lead, number

HOUR = timedelta(hours=1)
CLOSED_NOW = (Window(frozenset(range(7)), time(1), time(2)),)

numbers = st.builds(
    number,
    st.integers(1, 9),
    zone=st.sampled_from(["Asia/Tashkent", "Europe/Berlin", None, "Nowhere"]),
    attempts=st.integers(0, 4),
    dead=st.booleans(),
    block=st.sampled_from([None, None, *Block]),
    recent_dials=st.lists(st.timedeltas(timedelta(0), timedelta(hours=30)), max_size=5).map(
        lambda ages: tuple(START - age for age in ages)
    ),
    abandoned_at=st.sampled_from([None, START - HOUR, START - timedelta(days=9)]),
    e164=st.sampled_from(["+998901234567", "+79161234567", "+998711234567"]),
)
moments = st.sampled_from([None, START - HOUR, START, START + HOUR])
leads = st.builds(
    lead,
    st.integers(1, 9),
    state=st.sampled_from(LeadState),
    attempts=st.integers(0, 7),
    next_attempt_at=moments,
    callback_at=moments,
    callback_agent_id=st.sampled_from([None, None, 1, 2]),
    zone=st.sampled_from([None, "Asia/Tashkent", "Nowhere"]),
    in_progress=st.booleans(),
    numbers=st.lists(numbers, max_size=3).map(tuple),
)
campaigns = st.builds(
    lambda state, hours: replace(campaign(windows=hours), state=state),
    st.sampled_from(CampaignState),
    st.sampled_from([campaign().policy.windows, CLOSED_NOW, ()]),
)


@given(leads, campaigns, st.sampled_from([TRUNK, None]), st.booleans())
def test_a_lead_has_a_number_or_exactly_one_reason(of: Lead, in_: Campaign, trunk: Any, guaranteed: bool) -> None:
    answer = screened(of, in_, trunk, START, {1}, guaranteed=guaranteed)
    assert (answer.number is None) == (answer.why is not None)
    assert answer.why == why_not(of, in_, trunk, START, {1}, guaranteed=guaranteed)
    assert answer.until is None or answer.until > START


@given(leads, campaigns, st.booleans())
def test_the_number_to_dial_is_above_suspicion(of: Lead, in_: Campaign, guaranteed: bool) -> None:
    chosen = screened(of, in_, TRUNK, START, {1}, guaranteed=guaranteed).number
    if chosen is None:
        return
    assert in_.state is CampaignState.RUNNING
    assert of.state is LeadState.OPEN
    assert not of.in_progress
    assert chosen in of.numbers
    assert not chosen.dead
    assert chosen.block is None
    assert chosen.e164.startswith(TRUNK.prefixes)
    assert of.zone != "Nowhere"
    assert sum(at > START - in_.policy.number_rest for at in chosen.recent_dials) < in_.policy.number_rest_calls
    assert of.callback_agent_id in (None, 1)
    if chosen.abandoned_at == START - HOUR:
        assert guaranteed or of.callback_agent_id == 1


@given(leads, campaigns)
def test_who_waits_may_be_dialed_when_the_wait_is_over_or_waits_for_a_later_reason(of: Lead, in_: Campaign) -> None:
    first = screened(of, in_, TRUNK, START, {1})
    if first.until is None or first.why is WhyNot.CALLBACK_OF_OTHER:
        return
    second = screened(of, in_, TRUNK, first.until, {1})
    assert second.number is not None or second.why is not first.why or second.until != first.until


def test_of_several_numbers_the_one_least_tried_is_dialed() -> None:
    of = lead(1, numbers=(number(1, attempts=2), number(2, attempts=1), number(3, attempts=0, dead=True)))
    assert screened(of, campaign(), TRUNK, START).number == of.numbers[1]


def test_a_number_that_may_be_dialed_later_outweighs_one_that_never_may() -> None:
    blocked, rested = number(1, block=Block.SYSTEM), number(2, recent_dials=(START - HOUR,) * 3)
    answer = screened(lead(1, numbers=(blocked, rested)), campaign(), TRUNK, START)
    assert (answer.why, answer.until) == (WhyNot.NUMBER_RESTED, START + 23 * HOUR)


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        (WhyNot.CLOSED, {"state": LeadState.CLOSED}),
        (WhyNot.IN_PROGRESS, {"in_progress": True}),
        (WhyNot.CALLBACK_OF_OTHER, {"callback_at": START - HOUR, "callback_agent_id": 2}),
        (WhyNot.NOT_DUE, {"next_attempt_at": START + HOUR}),
        (WhyNot.NOT_DUE, {"callback_at": START + HOUR}),
        (WhyNot.ATTEMPTS_USED, {"attempts": 5}),
        (WhyNot.NO_NUMBER, {"numbers": ()}),
        (WhyNot.NO_NUMBER, {"numbers": (number(1, dead=True),)}),
        (WhyNot.DO_NOT_CALL, {"numbers": (number(1, block=Block.SYSTEM),)}),
        (WhyNot.DO_NOT_CALL_CAMPAIGN, {"numbers": (number(1, block=Block.CAMPAIGN),)}),
        (WhyNot.DO_NOT_CALL_PREFIX, {"numbers": (number(1, block=Block.PREFIX),)}),
        (WhyNot.PREFIX_NOT_ALLOWED, {"numbers": (number(1, e164="+12025550123"),)}),
        (WhyNot.ZONE_UNKNOWN, {"numbers": (number(1, zone=None),)}),
        (WhyNot.ZONE_UNKNOWN, {"zone": "Mars/Olympus"}),
        (WhyNot.NUMBER_RESTED, {"numbers": (number(1, recent_dials=(START,) * 3),)}),
        (WhyNot.ABANDONED_REST, {"numbers": (number(1, abandoned_at=START - HOUR),)}),
    ],
)
def test_each_reason_is_given(why: WhyNot, changes: dict[str, Any]) -> None:
    assert why_not(lead(1, **changes), campaign(), TRUNK, START) is why


def test_campaign_and_hours_refuse_too() -> None:
    assert why_not(lead(1), replace(campaign(), state=CampaignState.PAUSED), TRUNK, START) is (
        WhyNot.CAMPAIGN_NOT_RUNNING
    )
    assert why_not(lead(1), campaign(windows=()), TRUNK, START) is WhyNot.WINDOW_NEVER_OPENS
    answer = screened(lead(1), campaign(windows=CLOSED_NOW), TRUNK, START)
    assert (answer.why, answer.until) == (WhyNot.OUTSIDE_WINDOW, START.replace(hour=20))


def test_a_trunk_without_prefixes_dials_nothing() -> None:
    for prefixes in ((), ("",)):
        assert why_not(lead(1), campaign(), replace(TRUNK, prefixes=prefixes), START) is WhyNot.PREFIX_NOT_ALLOWED


def test_a_guaranteed_agent_lifts_the_rest_after_an_abandoned_call_and_nothing_else() -> None:
    of = lead(1, numbers=(number(1, abandoned_at=START - HOUR),))
    assert why_not(of, campaign(), TRUNK, START, guaranteed=True) is None
    assert why_not(replace(of, callback_agent_id=1), campaign(), TRUNK, START, {1}) is None
    rested = lead(1, numbers=(number(1, recent_dials=(START,) * 3),))
    assert why_not(rested, campaign(), TRUNK, START, guaranteed=True) is WhyNot.NUMBER_RESTED


def test_a_callback_asked_for_is_dialed_once_more_than_the_cap() -> None:
    of = lead(1, attempts=5, callback_at=START - HOUR)
    assert why_not(of, campaign(retry=RetryPolicy(max_attempts=5)), TRUNK, START) is None


def test_what_a_person_can_set_right_leaves_the_lead_open() -> None:
    of = lead(1, numbers=(number(1, zone=None),))
    answer = screened(of, campaign(), TRUNK, START)
    resting = put_off(of, answer, START)
    assert answer.until is None
    assert resting is not None
    assert resting.until == START + REVISIT


def test_what_nobody_waits_for_is_closed_and_what_is_not_ours_is_left_alone() -> None:
    blocked = lead(1, numbers=(number(1, block=Block.SYSTEM),))
    closing = put_off(blocked, screened(blocked, campaign(), TRUNK, START), START)
    assert closing is not None
    assert closing.until is None
    busy = lead(1, in_progress=True)
    assert put_off(busy, screened(busy, campaign(), TRUNK, START), START) is None
