"""Rates and room."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dialer.limits import Lines, Spacing, interval_of, next_slot, room, slots_until
from dialer.limits import given as slot_given
from dialer.rates import Rates
from dialer.settings import DialerSettings
from tests.dialer.clock import START
from tests.dialer.scene import TRUNK, campaign

SECOND = timedelta(seconds=1)
rates = st.floats(0.2, 200)
spans = st.timedeltas(timedelta(0), timedelta(seconds=3))


def slots(limits: list[float], waits: list[timedelta]) -> list[datetime]:
    """The slots of calls asked for one after the other, with pauses."""
    at, given_slots = START, []
    spacings = [Spacing(interval_of(rate)) for rate in limits]
    for wait in waits:
        at += wait
        slot = next_slot(spacings, at)
        spacings = [slot_given(spacing, slot) for spacing in spacings]
        given_slots.append(slot)
    return given_slots


@given(st.lists(rates, min_size=1, max_size=3), st.lists(spans, max_size=40))
def test_no_two_slots_are_closer_than_the_slowest_rate_allows(limits: list[float], waits: list[timedelta]) -> None:
    found = slots(limits, waits)
    apart = timedelta(seconds=1 / min(limits))
    assert all(b - a >= apart for a, b in itertools.pairwise(found))


@given(rates, st.lists(spans, max_size=60))
def test_no_second_holds_more_calls_than_the_rate(rate: float, waits: list[timedelta]) -> None:
    found = slots([rate], waits)
    for first in found:
        assert sum(first <= slot < first + SECOND for slot in found) <= max(1, -(-rate // 1))


@given(st.lists(rates, min_size=1, max_size=3), spans, spans)
def test_as_many_slots_are_promised_as_are_then_given(limits: list[float], asked: timedelta, ahead: timedelta) -> None:
    spacings = [slot_given(Spacing(interval_of(rate)), START) for rate in limits]
    now = START + asked
    promised, count = slots_until(spacings, now, now + ahead), 0
    while (slot := next_slot(spacings, now)) < now + ahead:
        spacings = [slot_given(spacing, slot) for spacing in spacings]
        count += 1
    assert promised == count


def test_a_rate_of_nothing_gives_no_slot() -> None:
    assert slots_until([Spacing(interval_of(0)), Spacing(interval_of(10))], START, START + timedelta(days=9)) == 0


counts = st.integers(0, 120)


@given(counts, counts, counts, counts, counts, counts)
def test_no_limit_of_lines_is_passed(ours: int, others: int, elsewhere: int, own: int, trunk: int, most: int) -> None:
    lines = Lines({"carrier": ours + others, "other": elsewhere}, {1: ours, 2: others + elsewhere})
    free = room(lines, campaign(max_lines=own), replace(TRUNK, max_lines=trunk), most)
    after = lines.more(campaign(), free)
    assert free >= 0
    if free:
        assert after.by_trunk["carrier"] <= trunk
        assert after.by_campaign[1] <= own
        assert sum(after.by_trunk.values()) <= most


def test_campaigns_share_the_rate_of_their_trunk() -> None:
    holder = Rates(DialerSettings(ahead=SECOND))
    slow = replace(TRUNK, calls_per_second=4.0)
    taken = [holder.take(campaign(1 + n % 2), slow, START) for n in range(4)]
    assert taken == [START + n * SECOND / 4 for n in range(4)]
    assert holder.slots(campaign(1), slow, START) == 0
    assert holder.slots(campaign(1), replace(slow, name="other"), START) > 0


def test_a_clock_set_back_does_not_stop_dialing() -> None:
    holder = Rates(DialerSettings())
    holder.take(campaign(), TRUNK, START)
    back = START - timedelta(hours=1)
    assert holder.take(campaign(), TRUNK, back) <= back + SECOND
