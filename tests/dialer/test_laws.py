"""What a country allows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm_core.domain.campaigns import LawName
from dialer.laws import FCC, LAWS, OFCOM, STRICT, Law


def test_every_law_that_can_be_chosen_is_there() -> None:
    assert set(LAWS) == {name.value for name in LawName}


@pytest.mark.parametrize("law", LAWS.values(), ids=lambda law: law.name)
def test_each_says_where_it_is_written_and_lets_a_phone_ring(law: Law) -> None:
    assert law.source
    assert law.ring_at_least >= timedelta(seconds=15)
    assert timedelta(0) < law.connect_within <= timedelta(seconds=2)
    assert 0 <= law.limit <= 0.03


def test_three_per_cent_over_thirty_days_only_where_it_is_allowed() -> None:
    assert (FCC.limit, FCC.window) == (0.03, timedelta(days=30))
    assert OFCOM.limit == STRICT.limit == 0
    assert OFCOM.no_redial == timedelta(hours=72)
