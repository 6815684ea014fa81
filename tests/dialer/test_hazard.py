"""Lengths of time are learned as chances to end at each age."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.hazard import Ages, cumulated, prior

EDGES = tuple(float(second) for second in range(11))


def nothing(memory: float = 1000.0) -> Ages:
    return Ages(EDGES, (0.0,) * 11, (0.0,) * 11, memory)


def test_half_of_those_that_reach_an_age_end_in_it() -> None:
    rates = nothing(1e9).with_samples([3.5, 3.2, 7.0, 8.0]).rates()
    assert rates[3] == pytest.approx(math.log(2), rel=1e-4)
    assert rates[0] == rates[5] == 0


def test_a_sample_cut_short_says_that_it_lasted_until_then_and_no_more() -> None:
    ages = nothing(1e9).with_samples([5.5, 5.5], cut=[2.0, 2.0])
    assert ages.rates()[2] == 0
    assert ages.rates()[5] == pytest.approx(-math.log1p(-0.99999), rel=1e-3), "all that came so far ended there"


@given(st.lists(st.floats(0, 50), max_size=200), st.lists(st.floats(0, 50), max_size=50))
def test_rates_are_never_negative_nor_endless(ended: list[float], cut: list[float]) -> None:
    assert all(0 <= rate < 20 for rate in nothing(20.0).with_samples(ended, cut).rates())


def test_old_samples_fade() -> None:
    ages = nothing(memory=20.0).with_samples([2.5] * 500).with_samples([8.5] * 200)
    assert ages.mean() == pytest.approx(8.5, abs=0.1)


def test_weights_that_grow_without_end_are_scaled_down() -> None:
    ages = nothing(memory=10.0).with_samples([4.5] * 1000)
    assert ages.weight < 1e10
    assert ages.mean() == pytest.approx(4.5)


def test_a_prior_has_the_mean_of_its_curve_and_weighs_so_many_samples() -> None:
    survival = [math.exp(-edge / 2) for edge in EDGES]
    ages = prior(EDGES, survival, 30.0, 100.0)
    assert sum(ages.ended) == pytest.approx(30.0)
    assert ages.rates()[0] == pytest.approx(0.5, rel=1e-6)


def test_the_integral_of_rates_follows_the_bins() -> None:
    assert cumulated((0.0, 1.0, 3.0), (0.0, 2.0, 1.0), 0.5, 9) == pytest.approx([0, 0, 0, 1, 2, 3, 4, 4.5, 5])
