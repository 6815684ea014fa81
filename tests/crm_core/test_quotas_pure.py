"""Quotas: how they are written, whom they group, and that room is never given out twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.campaigns import CampaignPolicy, Quota
from crm_core.domain.dispositions import DEFAULT_DISPOSITIONS
from crm_core.domain.quotas import (
    Room,
    cell_of,
    counting,
    parse_quota,
    places_in,
    quota_fields,
    states,
    with_quotas,
)
from crm_core.errors import BadInput

CITIES = (Quota("city", "Tashkent", 3), Quota("city", "Samarkand", 2), Quota("city", None, 1), Quota("sex", "f", 2))


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("city=Tashkent:100", Quota("city", "Tashkent", 100)),
        (" city = New York : 5", Quota("city", "New York", 5)),
        ("city=*:20", Quota("city", None, 20)),
        ("visit=10:30:7", Quota("visit", "10:30", 7)),
        ("rate=a=b:0", Quota("rate", "a=b", 0)),
    ],
)
def test_a_quota_is_read_as_it_is_written(text: str, quota: Quota) -> None:
    assert parse_quota(text) == quota


@pytest.mark.parametrize("text", ["city:100", "=Tashkent:3", "city=:3", "city=Tashkent", "city=Tashkent:many", "3", ""])
def test_what_is_no_quota_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match="city=Tashkent:100"):
        parse_quota(text)


def test_a_changed_quota_replaces_the_one_of_its_group_and_others_are_added() -> None:
    before = (Quota("city", "Tashkent", 3), Quota("city", None, 1))
    changed = [Quota("city", "TASHKENT", 9), Quota("sex", "f", 4)]
    assert with_quotas(before, changed) == (changed[0], before[1], changed[1])


@pytest.mark.parametrize(
    ("fields", "cell"),
    [
        ({"city": "Tashkent", "sex": "f"}, "0,3"),
        ({"city": " tashkent "}, "0,-"),
        ({"city": "Bukhara", "sex": "m"}, "2,-"),
        ({}, "2,-"),
        ({"city": None, "sex": "F"}, "2,3"),
    ],
)
def test_a_cell_names_the_quota_of_each_field(fields: dict[str, object], cell: str) -> None:
    assert quota_fields(CITIES) == ["city", "sex"]
    assert cell_of(fields, CITIES) == cell


def test_without_a_quota_of_the_others_they_are_not_counted() -> None:
    assert cell_of({"city": "Bukhara"}, CITIES[:2]) == "-"
    assert places_in("-") == []
    assert Room(states(CITIES[:2], {}, {})).left("-") is None


def test_a_quota_counts_over_all_cells_it_is_part_of() -> None:
    found = states(CITIES, {"0,3": 1, "0,-": 1, "2,3": 1}, {"1,3": 1})
    assert [(one.complete, one.under_way, one.room) for one in found] == [(2, 0, 1), (0, 1, 1), (1, 0, 0), (2, 1, 0)]
    assert str(found[1]) == "city=Samarkand: 0 of 2, 1 under way"


def test_the_full_quota_of_a_cell_is_the_one_that_keeps_it_waiting() -> None:
    room = Room(states(CITIES, {"0,-": 1, "1,3": 2}, {}))
    assert str(room.full("0,3")) == "sex=f: 2 of 2"
    assert room.full("0,-") is None
    assert not room.take("0,3")
    assert room.take("0,-")


cells = st.sampled_from(["0,3", "0,-", "1,3", "1,-", "2,3", "2,-", "-,-"])


@given(st.dictionaries(cells, st.integers(0, 4)), st.dictionaries(cells, st.integers(0, 4)), st.lists(cells))
def test_room_is_given_out_once_and_wholly(done: dict[str, int], busy: dict[str, int], asked: list[str]) -> None:
    before = states(CITIES, done, busy)
    room = Room(before)
    given_out = [cell for cell in asked if room.take(cell)]
    more = {cell: busy.get(cell, 0) + given_out.count(cell) for cell in {*busy, *given_out}}
    after = states(CITIES, done, more)
    for old, new in zip(before, after, strict=True):
        assert new.complete + new.under_way <= max(old.complete + old.under_way, old.quota.completes)
    for cell in set(asked) - set(given_out):  # refused: a quota of it is full, then and now
        assert any(after[place].room == 0 for place in places_in(cell))


def test_what_counts_are_results_that_answer_what_was_asked_or_those_a_campaign_names() -> None:
    usual = counting(CampaignPolicy("carrier"), DEFAULT_DISPOSITIONS)
    assert {"surveyed", "accepted", "declined", "moved"} <= usual
    assert not usual & {"not_interested", "do_not_call", "wrong_number", "callback", "unfinished", "passed_on"}
    assert counting(CampaignPolicy("carrier", counts_as_complete=("accepted",)), DEFAULT_DISPOSITIONS) == {"accepted"}
