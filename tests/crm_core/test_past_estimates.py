"""What is learned from past calls: true shares are found, few data leave wide ranges, and what is assumed says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.attempts import Outcome
from crm_core.domain.past_calls import AgentSpan, Part, PastCalls, PastDial, quantiles
from crm_core.domain.past_estimates import hour_share, likely, spread_of

PART = Part("autumn", "Asia/Tashkent")
OTHER = Part("winter", "Europe/Moscow")
#: 09:00 in Tashkent, a Monday.
MORNING = datetime(2026, 11, 16, 4, tzinfo=UTC)


def made(
    count: int, share: float, *, seed: int = 1, part: Part = PART, hour: int = 0, **more: object
) -> list[PastDial]:
    draw = Random(seed)
    found = []
    for n in range(count):
        is_person = draw.random() < share
        at = MORNING + timedelta(days=n % 10, hours=hour)
        outcome = Outcome.ANSWERED if is_person else Outcome.NO_ANSWER
        talked = draw.expovariate(1 / 80) if is_person else None
        values = {"nth": 1, "rang": draw.uniform(5, 20), "talked": talked} | more
        found.append(PastDial(at, part, outcome=outcome, **values))  # type: ignore[arg-type]
    return found


def test_without_any_call_everything_is_assumed_and_the_range_is_wide() -> None:
    found = likely(PastCalls())
    for figure in (found.answered, found.failed, found.talk.mean, found.wrap_up.mean, found.pauses, found.callbacks):
        assert figure.is_assumed
        assert figure.low < figure.value < figure.high
    assert found.answered.high > 4 * found.answered.low
    assert found.spread == 0.7


def test_an_assumed_wrap_up_is_no_longer_than_the_campaign_gives() -> None:
    assert likely(PastCalls(), wrap_up_limit=5.0).wrap_up.mean.value == 5.0


def test_the_share_that_was_answered_is_found_and_its_range_narrows() -> None:
    few, many = PastCalls(), PastCalls()
    few.add(made(60, 0.4))
    many.add(made(6000, 0.4))
    small, large = likely(few), likely(many)
    assert abs(large.answered.value - 0.4) < 0.02
    assert large.answered.low < 0.4 < large.answered.high
    assert large.answered.high - large.answered.low < (small.answered.high - small.answered.low) / 4
    assert large.spread < small.spread


def test_hours_are_told_apart_and_shrink_to_the_whole_while_few() -> None:
    past = PastCalls()
    past.add(made(3000, 0.15, hour=0))
    past.add(made(3000, 0.45, hour=8, seed=2))
    past.add(made(2, 1.0, hour=4))
    found = likely(past)
    assert found.share(PART, 9, 1) < 0.2 < 0.4 < found.share(PART, 17, 1)
    assert abs(found.share(PART, 13, 1) - found.answered.value) < 0.03
    morning, evening = hour_share(past, found, PART, 9), hour_share(past, found, PART, 17)
    assert morning.high < evening.low
    assert hour_share(past, found, PART, 13).high > 1.2 * hour_share(past, found, PART, 13).value


def test_parts_of_a_list_are_told_apart() -> None:
    past = PastCalls()
    past.add(made(2000, 0.5))
    past.add(made(2000, 0.1, part=OTHER, seed=3))
    found = likely(past)
    assert found.share(PART, 20, 1) > 3 * found.share(OTHER, 20, 1)


def test_further_attempts_are_answered_less_often_where_that_was_so() -> None:
    past = PastCalls()
    past.add(made(2000, 0.4))
    past.add(made(2000, 0.1, nth=2, seed=4))
    found = likely(past)
    assert found.share(PART, 20, 1) > 2.5 * found.share(PART, 20, 2)


def test_lines_that_we_gave_up_count_neither_way() -> None:
    past = PastCalls()
    past.add([PastDial(MORNING, PART, 1, Outcome.GIVEN_UP, 16.0)])
    assert past.dials == 0


def test_calls_of_other_campaigns_leave_more_doubt_than_its_own() -> None:
    own, others = PastCalls(), PastCalls()
    own.add(made(4000, 0.3))
    others.add(made(4000, 0.3, own=False))
    assert likely(others).spread > likely(own).spread + 0.1


def test_days_that_differ_are_seen() -> None:
    calm, wild = PastCalls(), PastCalls()
    calm.add(made(5000, 0.3))
    for day, share in enumerate((0.1, 0.5, 0.15, 0.45, 0.2, 0.4)):
        wild.add(
            PastDial(one.at.replace(day=day + 2), *[getattr(one, n) for n in PastDial.__slots__[1:]])
            for one in made(500, share, seed=day)
        )
    assert likely(wild).day_spread > 3 * likely(calm).day_spread


def test_lengths_keep_their_tail_once_enough_were_seen() -> None:
    past = PastCalls()
    past.add(made(3000, 0.5))
    past.add_spans([AgentSpan("wrap_up", 10.0 + n % 20) for n in range(200)])
    found = likely(past)
    assert abs(found.talk.mean.value - 80) < 8
    assert found.talk.quantiles[-1] > 4 * found.talk.mean.value
    assert abs(found.wrap_up.mean.value - 19.5) < 0.1
    assert not found.wrap_up.mean.is_assumed


def test_pauses_are_reckoned_by_the_hour_at_work() -> None:
    past = PastCalls()
    past.add_spans([AgentSpan("on_call", 3600.0)] * 10 + [AgentSpan("paused", 300.0)] * 20)
    found = likely(past)
    assert found.pauses.value == 2.0
    assert found.pauses.low < 2.0 < found.pauses.high
    assert past.logged_in == 36000.0


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.integers(1, 9), st.floats(0, 90)), max_size=40))
def test_every_figure_stays_within_its_range(calls: list[tuple[Outcome, int, float]]) -> None:
    past = PastCalls()
    past.add(
        PastDial(MORNING, PART, nth, outcome, rang, 60.0 if outcome is Outcome.ANSWERED else None)
        for outcome, nth, rang in calls
    )
    found = likely(past)
    for one in (found.answered, found.failed, found.dead, found.busy, found.machines, found.callbacks, found.retries):
        assert 0 <= one.low <= one.value <= one.high <= 1
    for nth in range(1, 9):
        assert 0 < found.share(PART, 9, nth) < 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.integers(2, 30))
def test_quantiles_rise_from_the_least_to_the_greatest(samples: list[float], count: int) -> None:
    found = quantiles(samples, count)
    assert list(found) == sorted(found)
    assert (found[0], found[-1]) == (min(samples), max(samples))


def test_a_spread_holds_nine_of_ten_runs() -> None:
    found = spread_of(list(range(101)))
    assert (found.low, found.value, found.high) == (5, 50, 95)
