"""Every row has one fate, whatever is in the file and in the base."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.lead_files import Decider, Decision, Duplicates, LeadPhone, LeadRow, RowFate

A, B, C, D = (f"+99890111000{n}" for n in range(4))


def _row(number: int, *numbers: str, faults: tuple[str, ...] = ()) -> LeadRow:
    phones = tuple(LeadPhone(e164, e164, None) for e164 in numbers)
    return LeadRow(number, ("x",), phones, name=f"row {number}", faults=faults)


def _decide(policy: Duplicates, base: dict[str, int], *rows: LeadRow) -> list[Decision]:
    decider = Decider(policy)
    return [decider.decide(row, base) for row in rows]


def _numbers(decision: Decision) -> list[str]:
    assert decision.change is not None
    return [phone.e164 for phone in decision.change.phones]


def test_skip_leaves_rows_with_a_known_number_out_and_says_why() -> None:
    rows = (_row(2, A, B), _row(3, B, C), _row(4, D), _row(5, C))
    first, again, known, free = _decide(Duplicates.SKIP, {D: 7}, *rows)
    assert [d.fate for d in (first, again, known, free)] == ["created", "duplicate", "duplicate", "created"]
    assert again.reason == f"duplicate: {B} came with row 2 already"
    assert known.reason == f"duplicate: {D} is known already, contact 7"
    assert again.change is known.change is None


def test_add_brings_new_numbers_to_the_same_person_and_a_known_person_into_the_list_once() -> None:
    rows = (_row(2, A), _row(3, A, B), _row(4, B), _row(5, D, C), _row(6, D))
    created, added, nothing_new, joined, there_already = _decide(Duplicates.ADD, {D: 7}, *rows)
    assert [d.fate for d in (created, added, nothing_new, joined, there_already)] == [
        "created",
        "updated",
        "duplicate",
        "updated",
        "duplicate",
    ]
    assert (added.change.owner if added.change else 0, _numbers(added)) == (A, [B])
    assert (joined.change.owner if joined.change else 0, _numbers(joined)) == (7, [C])
    assert there_already.reason == f"duplicate: {D} came with row 5 already"


def test_update_lets_each_later_row_overwrite() -> None:
    decisions = _decide(Duplicates.UPDATE, {D: 7}, _row(2, A), _row(3, A), _row(4, D))
    assert [d.fate for d in decisions] == ["created", "updated", "updated"]
    assert [d.change.overwrite for d in decisions if d.change] == [False, True, True]


def test_a_number_of_somebody_else_is_not_added() -> None:
    [decision] = _decide(Duplicates.ADD, {A: 1, B: 2}, _row(2, A, B, C))
    assert (_numbers(decision), decision.reason) == ([C], f"{B} was not added: it is somebody else's")


def test_numbers_of_an_invalid_row_stay_free() -> None:
    invalid, created = _decide(Duplicates.SKIP, {}, _row(2, A, faults=("unknown time zone",)), _row(3, A))
    assert (invalid.fate, invalid.reason, created.fate) == ("invalid", "unknown time zone", "created")


_ROWS = st.lists(
    st.builds(
        lambda numbers, blank, bad: (sorted(numbers), blank, bad),
        st.sets(st.sampled_from([A, B, C, D]), max_size=3),
        st.integers(0, 5).map(lambda n: n == 0),
        st.integers(0, 5).map(lambda n: n == 0),
    ),
    max_size=12,
)


@pytest.mark.parametrize("policy", list(Duplicates))
@given(shapes=_ROWS, base=st.dictionaries(st.sampled_from([A, B, C, D]), st.integers(1, 2)))
def test_a_number_gets_one_owner_and_only_imported_rows_change_anything(
    policy: Duplicates, shapes: list[tuple[list[str], bool, bool]], base: dict[str, int]
) -> None:
    rows = [
        LeadRow(n) if blank else _row(n, *numbers, faults=("bad",) if bad else ())
        for n, (numbers, blank, bad) in enumerate(shapes, 2)
    ]
    owners: dict[str, int | str] = dict(base)
    for row, decision in zip(rows, _decide(policy, base, *rows), strict=True):
        assert (decision.fate is RowFate.SKIPPED) == (not row.cells)
        assert (decision.change is not None) == (decision.fate in (RowFate.CREATED, RowFate.UPDATED))
        assert decision.reason or decision.fate in (RowFate.CREATED, RowFate.UPDATED, RowFate.SKIPPED)
        if decision.change is None:
            continue
        owner = decision.change.owner
        assert (owner is None) == (decision.fate is RowFate.CREATED)
        for phone in decision.change.phones:
            assert owners.setdefault(phone.e164, owner or row.phones[0].e164) == (owner or row.phones[0].e164)
        if owner is not None:
            assert owner in {owners[phone.e164] for phone in row.phones}
