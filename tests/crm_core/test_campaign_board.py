"""What a board reckons: the last hour without gaps, the time to finish, the counts of an outlook."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.campaign_board import Minute, last_hour, time_left
from crm_core.domain.campaign_orders import Order, orders_allowed, state_after
from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState
from crm_core.domain.leads import WhyNot
from crm_core.domain.outlook import Tally
from crm_core.errors import BadInput
from tests.crm_core.dialing import NOW, after

_START = int(NOW.timestamp())


def _hour(*dialed: int) -> list[Minute]:
    """The last of the minutes is under way."""
    return [Minute(_START + 60 * place, n, 0) for place, n in enumerate(dialed)]


def test_the_last_hour_has_no_gaps() -> None:
    hour = last_hour([Minute(_START - 600, 7, 3)], NOW)
    assert len(hour) == 61
    assert [b.at - a.at for a, b in pairwise(hour)] == [60] * 60
    assert (hour[-1].at, sum(minute.dialed for minute in hour)) == (_START, 7)


def test_the_time_to_finish_is_leads_by_speed() -> None:
    assert time_left(100, 0, 0, _hour(0, 0, 10, 10, 3)) == timedelta(minutes=10)
    assert time_left(100, 50, 100, _hour(10, 10, 3)) == timedelta(minutes=20)  # two dials brought each to its end
    assert time_left(0, 50, 100, _hour(10, 10)) == timedelta(0)


def test_nobody_can_say_how_long_what_stands_still_takes() -> None:
    assert time_left(100, 0, 0, _hour(0, 0, 0)) is None
    assert time_left(10**9, 0, 0, _hour(1, 1)) is None


@given(st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**6), st.lists(st.integers(0, 600), max_size=61))
def test_it_is_never_less_than_nothing(open_leads: int, closed: int, dialed: int, counts: list[int]) -> None:
    left = time_left(open_leads, closed, dialed, _hour(*counts))
    assert left is None or left >= timedelta(0)


_answers = st.tuples(st.none() | st.sampled_from(WhyNot), st.none() | st.integers(0, 10**6).map(after))


@given(st.lists(_answers))
def test_every_lead_is_counted_once(answers: list[tuple[WhyNot | None, object]]) -> None:
    tally = Tally()
    for why, until in answers:
        tally.add(why, until)  # type: ignore[arg-type]
    found = tally.summary()
    later = sum(one.count for one in found.later.values())
    assert found.total == len(answers) == found.now + later + sum(found.never.values())
    assert all(one.first <= one.last for one in found.later.values())


def test_every_order_that_is_allowed_can_be_given() -> None:
    for state in CampaignState:
        campaign = Campaign(1, "autumn", state, CampaignPolicy("carrier"))
        for order in Order:
            try:
                state_after(campaign, order)
            except BadInput:
                assert order not in orders_allowed(state)
            else:
                assert order in orders_allowed(state)
