"""A campaign rehearsed: every lead is accounted for, more operators finish sooner, rules and hours hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.campaigns import CampaignPolicy, DialMode, LawName, RetryPolicy, Trunk, Window
from crm_core.domain.past_calls import Part, PastCalls
from crm_core.domain.past_estimates import Estimate, likely
from crm_core.domain.rehearsal import LeadGroup, Questions, RehearsalRoom
from crm_core.domain.work_calendar import DEFAULT_CALENDAR
from dialer.rehearsal import best_hours, rehearse
from dialer.rehearsal_list import ListRun
from dialer.rehearsal_pace import Paces
from dialer.rehearsal_time import Future, binomial, timetable

TASHKENT = ZoneInfo("Asia/Tashkent")
#: A Monday, 09:00 in Tashkent.
BEGINS = datetime(2026, 11, 23, 4, tzinfo=UTC)
PART = Part("autumn", "Asia/Tashkent")
TRUNK = Trunk("carrier", "network", max_lines=60)


def room(leads: int = 400, operators: int = 5, mode: DialMode = DialMode.PREVIEW, **policy: object) -> RehearsalRoom:
    rules = CampaignPolicy("carrier", mode=mode, law=LawName.FCC, **policy)  # type: ignore[arg-type]
    asked = Questions(operators, BEGINS, runs=6)
    groups = (LeadGroup(PART, leads),)
    return RehearsalRoom("autumn", rules, TRUNK, groups, likely(PastCalls()), DEFAULT_CALENDAR, asked)


def future(of: RehearsalRoom, seed: int = 1, operators: int | None = None) -> Future:
    paces = Paces(of.policy, of.trunk, of.likely)
    return ListRun(of, paces, timetable(of), operators or of.questions.operators, seed).run()


def test_a_rehearsal_comes_to_an_end_and_counts_what_it_did() -> None:
    steps: list[tuple[int, int]] = []
    found = rehearse(room(), PastCalls(), lambda done, whole: steps.append((done, whole)))
    assert found.finish_low is not None
    assert found.finish is not None
    assert BEGINS < found.finish_low <= found.finish
    assert found.finished == 1.0
    assert found.leads == 400
    assert found.dials.low <= found.dials.value <= found.dials.high
    assert 0 < found.occupancy.value < 1
    assert found.abandoned_share.high == 0.0  # who dials himself abandons nobody
    assert "answered" in found.assumed
    assert sum(hour.dials for hour in found.hours) == pytest.approx(found.dials.value, rel=1e-6)
    assert steps[-1][0] == steps[-1][1]


def test_the_same_rehearsal_comes_to_the_same() -> None:
    assert rehearse(room(), PastCalls()) == rehearse(room(), PastCalls())


def test_more_operators_finish_sooner_until_the_retries_bound_it() -> None:
    of = room(3000)
    few, many = future(of, operators=3), future(of, operators=30)
    assert few.finished_at is not None
    assert many.finished_at is not None
    assert many.finished_at < few.finished_at


def test_nobody_is_dialed_more_often_than_the_policy_allows() -> None:
    found = future(room(500, retry=RetryPolicy(max_attempts=1)))
    again = found.total.talks * 0.4  # callbacks and results that ask for another attempt are no retries
    assert 500 <= found.total.dials <= 500 + again


def test_dials_fall_into_working_hours_and_calling_windows_only() -> None:
    of = room(2000, 3, windows=(Window(frozenset({0, 1}), time(10), time(12)),))
    for hour in future(of).dials_by_hour:
        local = hour.astimezone(TASHKENT)
        assert local.weekday() in (0, 1)
        assert local.hour in (10, 11)


def test_leads_in_another_zone_wait_for_their_own_hours() -> None:
    of = room(100, 20)
    far = Part("autumn", "Europe/Moscow")
    of = replace(of, groups=(LeadGroup(far, 100),))
    first = min(future(of).dials_by_hour)
    assert first.astimezone(ZoneInfo("Europe/Moscow")).hour == 9


def test_leads_not_due_yet_are_not_dialed_yet() -> None:
    due = BEGINS + timedelta(days=1)
    of = replace(room(), groups=(LeadGroup(PART, 50, due=due),))
    assert min(future(of).dials_by_hour) >= due


def test_callbacks_promised_before_are_counted_in_their_hour() -> None:
    due = BEGINS + timedelta(hours=3)
    of = replace(room(), groups=(LeadGroup(PART, 7, attempts=1, due=due, callback=True),))
    assert future(of).callbacks_by_hour[due] == 7


def test_a_daily_cap_is_kept() -> None:
    found = future(room(600, 20, daily_calls=100))
    days: dict[str, int] = {}
    for hour, dials in found.dials_by_hour.items():
        days[hour.date().isoformat()] = days.get(hour.date().isoformat(), 0) + dials
    assert max(days.values()) == 100


def test_a_list_that_never_ends_within_the_horizon_says_so() -> None:
    found = rehearse(room(5000, 1, daily_calls=10), PastCalls())
    assert (found.finish_low, found.finish, found.finish_high, found.finished) == (None, None, None, 0.0)


def test_how_many_operators_would_finish_by_a_time() -> None:
    of = room(1500, 4)
    asked = replace(of.questions, by=BEGINS + timedelta(days=4))
    found = rehearse(replace(of, questions=asked), PastCalls())
    assert found.operators_by is not None
    runs = [future(of, 1000 + seed, found.operators_by) for seed in range(10)]
    assert asked.by is not None
    assert sum(one.finished_at is not None and one.finished_at <= asked.by for one in runs) >= 9


def test_no_number_of_operators_makes_retries_come_sooner() -> None:
    of = room(1500, 4)
    asked = replace(of.questions, by=BEGINS + timedelta(hours=2))
    assert rehearse(replace(of, questions=asked), PastCalls()).operators_by is None


@pytest.mark.parametrize("mode", [DialMode.PROGRESSIVE, DialMode.POWER])
def test_modes_that_pace_are_tried_out_in_the_simulator(mode: DialMode) -> None:
    of = room(300, 5, mode)
    found = rehearse(replace(of, questions=replace(of.questions, runs=4)), PastCalls())
    assert found.finish is not None
    # A line each that rings out in vain costs more than a third of an operator's time at this share of answers.
    assert 0.02 < found.occupancy.value < 0.9
    assert found.talk_minutes.value > 0


def test_the_bot_needs_no_operator_and_dials_on_all_lines() -> None:
    found = rehearse(room(2000, 0, DialMode.BOT), PastCalls())
    assert found.finish is not None
    assert found.dials.value >= 2000


def test_hours_stand_out_only_when_it_is_no_chance() -> None:
    sure = {9: Estimate(0.1, 0.09, 0.11, 900), 18: Estimate(0.3, 0.28, 0.32, 900)}
    unsure = {9: Estimate(0.1, 0.0, 0.3, 9), 18: Estimate(0.3, 0.1, 0.5, 9)}
    assert best_hours(sure) == (18,)
    assert best_hours(unsure) == ()
    assert best_hours({}) == ()


@given(st.integers(0, 5000), st.floats(0, 1), st.integers())
def test_no_more_turn_out_than_there_are(count: int, share: float, seed: int) -> None:
    assert 0 <= binomial(Random(seed), count, share) <= count


def test_as_many_turn_out_as_expected() -> None:
    draw = Random(7)
    for count, share in ((10, 0.3), (100, 0.02), (2000, 0.6)):
        mean = sum(binomial(draw, count, share) for _ in range(4000)) / 4000
        assert mean == pytest.approx(count * share, rel=0.03)
