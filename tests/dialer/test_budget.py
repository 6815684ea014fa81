"""The price of a line follows the budget of people who may be abandoned."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.floor import Floor
from dialer import budget
from dialer.budget import Spending, begun, held_back, is_spent, kept_free, price
from tests.dialer.test_pacing import a_floor

LIMIT, HANDLING = 0.03, 100.0


def of(people: int, abandoned: int, left: float = 28_800.0, **changes: object) -> Floor:
    return a_floor(people=people, abandoned=abandoned, seconds_left=left, **changes)


def paid(people: int, abandoned: int, left: float = 28_800.0, agents: int = 10) -> float:
    return price(Spending(), of(people, abandoned, left), LIMIT, agents, HANDLING)


def test_an_early_burst_hardly_changes_the_price_and_a_late_one_does() -> None:
    early = paid(100, 9) / paid(100, 3)
    late = paid(2000, 66, 1800.0) / paid(2000, 60, 1800.0)
    assert 0.75 < early < 1
    assert late < 0.4


def test_one_bad_burst_of_a_month_does_not_cost_a_day() -> None:
    assert 0.5 * paid(100_000, 2_910) < paid(100_000, 2_940) < paid(100_000, 2_910)


def test_what_was_not_spent_is_spent_later() -> None:
    assert paid(1500, 20, 7200.0) > 1.5 * paid(1500, 45, 7200.0)


def test_without_hours_left_the_balance_alone_counts() -> None:
    assert paid(1000, 10, 0.0) >= paid(1000, 25, 0.0) > paid(1000, 28, 0.0) > paid(1000, 29, 0.0) > 0


@given(st.integers(0, 100_000), st.integers(0, 10_000), st.floats(0, 1e7), st.integers(1, 2000), st.floats(0, 1))
def test_a_price_is_a_chance(people: int, abandoned: int, left: float, agents: int, limit: float) -> None:
    found = price(Spending(), of(people, abandoned, left), limit, agents, HANDLING)
    assert budget.ZERO_RISK <= found < 1


def test_the_budget_is_spent_before_the_limit_is_touched() -> None:
    assert not is_spent(Spending(), of(1000, 28, 0.0), LIMIT, 10, HANDLING, 0.0)
    assert is_spent(Spending(), of(1000, 29, 0.0), LIMIT, 10, HANDLING, 0.0)
    assert is_spent(Spending(), of(1000, 28, 0.0), LIMIT, 10, HANDLING, 20.0), "who rings may be lost too"


def test_people_taken_for_machines_are_counted_with_the_doubt_of_their_number() -> None:
    floor, unseen = of(1000, 22, 0.0), Spending(unseen=6.0)
    assert not is_spent(Spending(), floor, LIMIT, 10, HANDLING, 0.0)
    assert not is_spent(unseen, of(1000, 22, 0.0), LIMIT, 10, HANDLING, 0.0), "six may be eleven"
    assert is_spent(unseen, of(1000, 24, 0.0), LIMIT, 10, HANDLING, 0.0)
    assert price(unseen, floor, LIMIT, 10, HANDLING) < price(Spending(), floor, LIMIT, 10, HANDLING)


def test_of_the_people_to_come_as_many_are_taken_for_machines() -> None:
    floor = of(500, 17, 7200.0)
    assert not is_spent(Spending(), floor, LIMIT, 5, HANDLING, 0.0)
    assert is_spent(Spending(unseen=4.0), floor, LIMIT, 5, HANDLING, 0.0)


def test_the_doubt_of_those_unseen_narrows_as_a_share_and_is_nothing_where_nobody_is_unseen() -> None:
    few, many = Spending(unseen=5.0), Spending(unseen=500.0)
    assert few.unseen_beyond(0.0, of(1000, 20)) / 1000 > 5 * many.unseen_beyond(0.0, of(100_000, 2000)) / 100_000
    assert Spending().unseen_beyond(1000.0, of(1000, 20)) == 0
    assert few.unseen_beyond(1000.0, of(0, 0)) > 0, "also in a window in which nobody has answered yet"


def test_hours_to_come_count_in_part() -> None:
    assert is_spent(Spending(), of(0, 0, 0.0), LIMIT, 10, HANDLING, 0.0)
    assert not is_spent(Spending(), of(0, 0), LIMIT, 10, HANDLING, 0.0)


def test_where_nobody_may_be_lost_nothing_is_ever_left_to_spend() -> None:
    assert is_spent(Spending(), of(100_000, 0), 0.0, 10, HANDLING, 0.0)
    assert price(Spending(), of(100_000, 0), 0.0, 10, HANDLING) == budget.ZERO_RISK


def test_the_price_that_meets_the_limit_is_learned_from_what_was_lost() -> None:
    def after(share: float) -> float:
        spending, people, lost = begun(of(0, 0)), 0, 0.0
        for _ in range(200):
            people, lost = people + 20, lost + 20 * share
            spending = spending.after(of(people, int(lost)), 10, 0.1, 60.0)
        return spending.reference(LIMIT, 10)

    assert after(0.03) == pytest.approx(0.1, rel=0.1)
    assert after(0.06) < 0.06
    assert after(0.015) > 0.18


def test_people_of_before_and_a_window_that_moves_on_teach_nothing() -> None:
    spending = begun(of(5000, 140))
    assert spending.after(of(5000, 140), 10, 0.1, 1.0).reference(LIMIT, 10) == Spending().reference(LIMIT, 10)
    assert spending.after(of(4000, 100), 10, 0.1, 1.0).risked == 0


def leaking(after: float, unseen: float = 0.0) -> Spending:
    """The budget is spent; one person is abandoned so many seconds later."""
    spending = begun(of(1000, 30, 0.0)).after(of(1000, 30, 0.0), 5, 0.0, after)
    return spending.after(of(1001, 31, 0.0), 5, 0.0, 1.0, unseen)


def test_an_agent_is_kept_free_once_lines_that_should_cost_nobody_did_and_nobody_more_may_be_lost() -> None:
    def kept(spending: Spending, floor: Floor, limit: float = LIMIT, agents: int = 5) -> int:
        return kept_free(spending, floor, limit, agents, HANDLING)

    edge, below = of(1001, 31, 0.0), of(1100, 31, 0.0)
    assert kept(leaking(60.0), edge) == 1
    assert kept(leaking(60.0), below) == 0, "one more would not break the limit"
    assert kept(leaking(10.0), edge) == 0, "his line was dialed before the budget was spent"
    assert kept(Spending(), edge) == 0, "nobody has been lost"
    assert kept(leaking(60.0), edge, agents=2) == 0, "two would hardly dial any more"
    assert kept(leaking(60.0), edge, limit=0.0) == 0, "the law's own care is enough"
    assert kept(leaking(60.0, unseen=0.6), edge) == 0, "nobody knows whether he was lost or is reckoned with"


def test_a_budget_that_is_not_spent_any_more_starts_to_count_again() -> None:
    spending = begun(of(1000, 30, 0.0)).after(of(1000, 30, 0.0), 5, 0.0, 60.0)
    assert spending.after(of(1010, 30, 0.0), 5, 0.05, 1.0).after(of(1011, 31, 0.0), 5, 0.0, 1.0).leaked == 0


def test_the_pace_of_people_to_come_follows_the_agents() -> None:
    floor, spending = of(0, 0, 3600.0, agents_on_call=9, agents_available=1), Spending()
    for _ in range(100):
        spending = spending.after(floor, 10, 0.1, 60.0)
    assert spending.busy == pytest.approx(0.9, abs=0.01)
    assert spending.people_to_come(floor, 10, HANDLING) == pytest.approx(0.9 * 10 * 36, rel=0.02)
    assert math.isclose(replace(spending).after(floor, 0, 0.1, 60.0).busy, spending.busy)


def test_agents_are_held_back_only_when_too_busy() -> None:
    assert held_back(Spending(busy=0.99), 0.0, 20) == 0
    assert held_back(Spending(busy=0.7), 0.2, 20) == 0
    assert 0 < held_back(Spending(busy=0.79), 0.2, 20) < held_back(Spending(busy=0.9), 0.2, 20) <= 5
