"""Times promised in a lead's own zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.callback_time import local_to_utc
from crm_core.errors import BadInput


def test_a_time_is_meant_on_the_leads_clocks() -> None:
    assert local_to_utc("2026-11-03 15:30", "Asia/Tashkent") == datetime(2026, 11, 3, 10, 30, tzinfo=UTC)
    assert local_to_utc("2026-07-01T09:00", "Europe/Berlin") == datetime(2026, 7, 1, 7, 0, tzinfo=UTC)
    assert local_to_utc("2026-07-01T09:00+05:00", "Europe/Berlin") == datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    assert local_to_utc("2026-10-25 02:30", "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "fault"),
    [
        ("2026-03-29 02:30", "Europe/Berlin", "does not exist"),
        ("tomorrow", "Asia/Tashkent", "is not a time"),
        ("", "Asia/Tashkent", "is not a time"),
        ("2026-11-03 15:30", "Mars/Base", "is not a time zone"),
        ("2026-11-03 15:30", "Asia", "is not a time zone"),
        ("2026-11-03 15:30", "../etc/passwd", "is not a time zone"),
        ("2026-11-03 15:30", "", "is not a time zone"),
        ("0001-01-01 00:00", "Asia/Tashkent", "out of range"),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused(text: str, zone: str, fault: str) -> None:
    with pytest.raises(BadInput, match=fault):
        local_to_utc(text, zone)


@given(
    st.integers(0, 40 * 365 * 24 * 60).map(lambda m: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=m)),
    st.sampled_from(["Asia/Tashkent", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_an_instant_read_off_the_leads_clocks_is_found_again(at: datetime, zone: str) -> None:
    local = at.astimezone(ZoneInfo(zone))
    found = local_to_utc(local.replace(tzinfo=None).isoformat(), zone)
    assert found in (at, at - timedelta(hours=1), at - timedelta(minutes=30))
    assert found == at or local.fold == 1
