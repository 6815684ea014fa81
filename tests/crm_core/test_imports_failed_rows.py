"""The file of failed rows: complete, safe to open in a spreadsheet, and the same when it is imported again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.lead_files import LeadRow
from crm_core.errors import BadInput
from crm_core.imports.failed_rows import FailedRows, failed_rows_path
from crm_core.imports.guards import guarded, unguarded
from crm_core.imports.titles import REASON_TITLE, ROW_TITLE, Column, Field, columns_of
from tests.crm_core.import_files import rows_of

#: What spreadsheets take for formulas, numbers and marks of their own is likelier than chance would have it.
_CELLS = st.text(alphabet="ab'=+-@\"0123456789;,|\t \n\rяʻ", max_size=16) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), max_size=8
)


def _written(path: Path, titles: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str | None) -> Path:
    columns = columns_of(titles, {})
    failed = FailedRows(path, columns, delimiter)
    failed.write([(LeadRow(number, tuple(row)), "why, indeed") for number, row in enumerate(rows, 2)])
    assert failed.finish() == path
    return path


@given(st.text())
def test_a_guard_comes_off_as_it_went_on(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("cell", ["+998901234567", "=1+1", "998901234567", "007", "-5", "'=x"])
def test_what_a_spreadsheet_would_spoil_is_guarded(cell: str) -> None:
    assert guarded(cell) == "'" + cell
    assert unguarded(cell) == cell.removeprefix("'")


@given(rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), min_size=1, max_size=6), delimiter=st.sampled_from(",;\t|"))
def test_failed_rows_as_csv_are_imported_again_unchanged(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], delimiter: str
) -> None:
    path = _written(tmp_path_factory.mktemp("f") / "f.csv", ["phone", "=a", "b;c,d"], rows, delimiter)
    again = rows_of(path)
    assert [row.cells[2:] for row in again] == rows
    assert [row.cells[:2] for row in again] == [(str(n), "why, indeed") for n in range(2, len(rows) + 2)]
    assert all(set(row.fields) <= {"=a", "b;c,d"} for row in again)


@given(rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), min_size=1, max_size=4))
def test_failed_rows_as_a_spreadsheet_are_imported_again_unchanged(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    """XML knows no difference between the kinds of line ends."""
    rows = [(a.replace("\r", "\n"), b.replace("\r", "\n"), c.replace("\r", "\n")) for a, b, c in rows]
    path = _written(tmp_path_factory.mktemp("f") / "f.xlsx", ["phone", "=a", "b"], rows, None)
    assert [row.cells[2:] for row in rows_of(path)] == rows


def test_formulas_are_guarded_in_the_file_and_marks_of_the_writer_survive(tmp_path: Path) -> None:
    cells = ["+998901112233", "=HYPERLINK(1)", "'-quoted'"]
    path = _written(tmp_path / "f.csv", ["phone", "a", "b"], [cells], ",")
    assert path.read_text("utf-8-sig").splitlines()[1].endswith('"\'+998901112233","\'=HYPERLINK(1)","\'\'-quoted\'"')
    assert list(rows_of(path)[0].cells[2:]) == cells


def test_a_row_with_too_many_cells_keeps_them_and_own_columns_are_not_doubled(tmp_path: Path) -> None:
    titles = [ROW_TITLE, REASON_TITLE, "phone", "name"]
    path = _written(tmp_path / "f.csv", titles, [["7", "old reason", "12", "Kim", " Ann"]], ";")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert path.read_text("utf-8-sig").splitlines() == [
        '"import row";"import reason";"phone";"name"',
        '"2";"why, indeed";"12";"Kim";" Ann"',
    ]


def test_a_rare_delimiter_is_not_used_again(tmp_path: Path) -> None:
    path = _written(tmp_path / "f.csv", ["phone", "name"], [["12", "Ann"]], "^")
    assert '"12","Ann"' in path.read_text("utf-8-sig")


def test_nothing_is_left_behind_without_failures_or_when_discarded(tmp_path: Path) -> None:
    columns = (Column("phone", Field.PHONE),)
    assert FailedRows(tmp_path / "none.csv", columns, ",").finish() is None
    for name in ("f.csv", "f.xlsx"):
        failed = FailedRows(tmp_path / name, columns, ",")
        failed.write([(LeadRow(2, ("12",)), "why")])
        failed.discard()
    assert list(tmp_path.iterdir()) == []


def test_where_failed_rows_go(tmp_path: Path) -> None:
    lead_file = tmp_path / "leads.csv"
    assert failed_rows_path(lead_file, None, is_sheet=False) == tmp_path / "leads.failed.csv"
    assert failed_rows_path(lead_file, None, is_sheet=True) == tmp_path / "leads.failed.xlsx"
    with pytest.raises(BadInput, match="this is the lead file itself"):
        failed_rows_path(lead_file, tmp_path / "." / "leads.csv", is_sheet=False)
    with pytest.raises(BadInput, match="in a folder that exists"):
        failed_rows_path(lead_file, tmp_path / "none" / "f.csv", is_sheet=False)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.csv.part").mkdir()
    failed = FailedRows(tmp_path / "f.csv", (Column("phone", Field.PHONE),), ",")
    with pytest.raises(BadInput, match="cannot be written: Is a directory"):
        failed.write([(LeadRow(2, ("12",)), "why")])
