"""The arithmetic of reports, at random and by hand."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.calling import HourCount, best_hours, hours_of_week
from crm_core.domain.customers import A_UP_TO, CustomerClass, classes
from crm_core.domain.funnel import Closed, Ways, funnel, velocity
from crm_core.domain.plans import Measure, Plan, check_plan, elapsed_share, month_days, progress
from crm_core.domain.reports import runs_of, share, span, wilson_low
from crm_core.domain.sales import DEFAULT_STAGES, Stage, StageKind
from crm_core.domain.work_calendar import DEFAULT_CALENDAR, WorkCalendar
from crm_core.errors import BadInput

_STAGES = [Stage(n, 1, name, n, kind) for n, (name, kind) in enumerate(DEFAULT_STAGES)]
_GOING_ON = [stage for stage in _STAGES if stage.kind in (StageKind.UNSORTED, StageKind.OPEN)]
_days = st.dates(date(1990, 1, 1), date(2150, 1, 1))


# --- spans --------------------------------------------------------------------------------------------------
@given(_days, st.integers(0, 800), st.sampled_from(["Asia/Tashkent", "Europe/Berlin", "Asia/Kathmandu"]))
def test_a_span_holds_each_of_its_days_and_no_instant_more(since: date, length: int, zone: str) -> None:
    whole = span(since, since + timedelta(days=length), zone)
    assert len(whole.days) == length + 1
    assert whole.begins.date() == since
    assert whole.begins.time() == time()
    assert whole.ends.date() == since + timedelta(days=length + 1)
    assert runs_of(whole.days) == [(whole.since, whole.until)]


@given(st.sets(st.integers(0, 60)))
def test_runs_hold_exactly_the_days(numbers: set[int]) -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in sorted(numbers)]
    runs = runs_of(days)
    held = [first + timedelta(days=n) for first, last in runs for n in range((last - first).days + 1)]
    assert held == days
    assert all(b[0] - a[1] > timedelta(days=1) for a, b in itertools.pairwise(runs))


def test_days_that_make_no_span_are_refused() -> None:
    with pytest.raises(BadInput, match="is before"):
        span(date(2026, 1, 2), date(2026, 1, 1), "UTC")
    with pytest.raises(BadInput, match="five years at most"):
        span(date(2001, 1, 1), date(2026, 1, 1), "UTC")


def test_a_day_is_as_long_as_its_zone_makes_it() -> None:
    changed = span(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")  # the clocks go forward
    assert changed.ends.timestamp() - changed.begins.timestamp() == 23 * 3600


# --- shares -------------------------------------------------------------------------------------------------
@given(st.integers(1, 100_000), st.data())
def test_what_a_share_is_surely_above_lies_below_it_and_grows_with_proof(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    low, seen = wilson_low(successes, trials), share(successes, trials)
    assert seen is not None
    assert 0 <= low <= seen + 1e-12
    assert wilson_low(successes * 10, trials * 10) >= low - 1e-12


def test_nothing_tried_proves_nothing() -> None:
    assert wilson_low(0, 0) == 0.0
    assert share(1, 0) is None
    assert wilson_low(8, 10) == pytest.approx(0.4902, abs=1e-4)  # Wilson's interval of 8 in 10 at 95 %: 0.490…0.943


# --- funnel -------------------------------------------------------------------------------------------------
@st.composite
def _ways(draw: st.DrawFn) -> Ways:
    here = draw(st.sampled_from(_GOING_ON))
    furthest = draw(st.integers(here.position, _GOING_ON[-1].position))
    kind = draw(st.sampled_from([StageKind.OPEN, StageKind.WON, StageKind.LOST]))
    amount = Decimal(draw(st.integers(0, 10**6)))
    return Ways(furthest, here.id, kind, draw(st.integers(1, 50)), {"UZS": amount} if amount else {})


@given(st.lists(_ways(), min_size=1))
def test_a_funnel_only_narrows_and_loses_nobody(ways: list[Ways]) -> None:
    steps = funnel(_STAGES, ways)
    total = sum(way.deals for way in ways)
    assert steps[0].reached == total
    assert steps[0].of_all == 1.0
    for wider, narrower in itertools.pairwise(steps):
        assert narrower.reached <= wider.reached
        if narrower.conversion is not None:
            assert 0 <= narrower.conversion <= 1
    lost = sum(way.deals for way in ways if way.kind is StageKind.LOST)
    assert sum(step.lost for step in steps) == lost
    assert sum(step.here for step in steps) + lost == total


def test_a_deal_lost_at_once_was_lost_out_of_the_first_stage() -> None:
    first, *others = funnel(_STAGES, [Ways(None, None, StageKind.LOST, 2), Ways(0, 0, StageKind.UNSORTED, 1)])
    assert (first.reached, first.lost, first.here) == (3, 2, 1)
    assert [step.reached for step in others] == [0, 0, 0, 0]


def test_velocity_is_deals_times_rate_times_sum_by_days() -> None:
    # 10 in work, 2 of 5 closed were won, 300 on average, in 4 days: 10 × 0.4 × 300 ÷ 4 = 300 a day.
    found = velocity(Closed("USD", won=2, lost=3, won_amount=Decimal(600), cycle_seconds=4 * 86400.0, open=5))
    assert (found.in_work, found.win_rate, found.average, found.cycle_days) == (10, 0.4, Decimal(300), 4.0)
    assert found.per_day == Decimal("300.00")
    nothing = velocity(Closed("USD", 0, 0, Decimal(0), None, 3))
    assert (nothing.win_rate, nothing.average, nothing.per_day) == (None, None, None)


# --- customers ----------------------------------------------------------------------------------------------
@given(st.lists(st.integers(1, 10**6).map(Decimal), min_size=1, max_size=60))
def test_classes_follow_the_worth(values: list[Decimal]) -> None:
    values.sort(reverse=True)
    found = classes(values)
    assert found == sorted(found, key=list(CustomerClass).index)
    assert found[0] is CustomerClass.A
    a = sum(float(v) for v, letter in zip(values, found, strict=True) if letter is CustomerClass.A)
    assert a >= A_UP_TO * float(sum(values)) * (1 - 1e-9)  # A brings at least its 80 %


# --- plans --------------------------------------------------------------------------------------------------
def _plan(**values: object) -> Plan:
    told: dict[str, object] = {"user_id": 1, "team_id": None, "month": "2026-11", "measure": Measure.TALKS}
    return Plan(**(told | {"target": Decimal(100)} | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"team_id": 2}, "neither for one user nor for one team"),
        ({"user_id": None}, "neither for one user nor for one team"),
        ({"month": "2026-13"}, "no month"),
        ({"target": Decimal(0)}, "cannot be reached"),
        ({"target": Decimal("NaN")}, "cannot be reached"),
        ({"target": Decimal("1.234")}, "cannot be reached"),
        ({"currency": "UZS"}, "belongs to a sum of money"),
        ({"measure": Measure.WON_AMOUNT}, "belongs to a sum of money"),
        ({"measure": Measure.WON_AMOUNT, "currency": "uzs"}, "three capital letters"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(values: dict[str, object], fault: str) -> None:
    with pytest.raises(BadInput, match=fault):
        check_plan(_plan(**values))


@given(st.integers(0, 60 * 24 * 40), st.integers(0, 60 * 24))
def test_time_over_only_grows_from_none_to_all(minutes: int, more: int) -> None:
    begins = datetime(2026, 10, 28, tzinfo=UTC)
    earlier = elapsed_share("2026-11", begins + timedelta(minutes=minutes), DEFAULT_CALENDAR)
    later = elapsed_share("2026-11", begins + timedelta(minutes=minutes + more), DEFAULT_CALENDAR)
    assert 0 <= earlier <= later <= 1


def test_time_over_counts_working_time() -> None:
    # November 2026 has 21 working days of nine hours; Wednesday the 18th at noon is 12 of them and 3 hours.
    noon = datetime(2026, 11, 18, 7, tzinfo=UTC)
    assert elapsed_share("2026-11", noon, DEFAULT_CALENDAR) == pytest.approx((12 * 9 + 3) / (21 * 9))
    nobody_works = WorkCalendar("UTC", {})
    assert elapsed_share("2026-11", datetime(2026, 11, 16, tzinfo=UTC), nobody_works) == 0.5
    assert month_days("2024-02") == (date(2024, 2, 1), date(2024, 2, 29))


def test_progress_says_what_is_expected_and_where_it_ends() -> None:
    half = progress(_plan(), "Ann", Decimal(60), 0.5)
    assert (half.expected, half.ahead, half.forecast, half.reached) == (Decimal(50), Decimal(10), Decimal(120), 0.6)
    assert progress(_plan(), "Ann", Decimal(0), 0.0).forecast is None


# --- hours --------------------------------------------------------------------------------------------------
def test_the_best_hour_is_the_one_that_is_proven() -> None:
    counts = [
        HourCount(0, 10, "answered", 60, 60),
        HourCount(0, 10, "no_answer", 40, 0),
        HourCount(1, 11, "answered", 14, 14),  # 70 % of few is less sure than 60 % of many
        HourCount(1, 11, "busy", 6, 0),
        HourCount(2, 12, "answered", 5, 5),  # too few to say anything
    ]
    hours = hours_of_week(counts)
    assert [(h.weekday, h.hour, h.calls, h.people) for h in hours] == [(0, 10, 100, 60), (1, 11, 20, 14), (2, 12, 5, 5)]
    assert [(h.weekday, h.hour) for h in best_hours(hours)] == [(0, 10), (1, 11)]
