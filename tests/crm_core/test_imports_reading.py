"""Lead files of all encodings, delimiters and kinds become the rows their writer meant."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import BadInput
from crm_core.imports.limits import ReadLimits
from crm_core.imports.reader import open_leads
from tests.crm_core.import_files import Cell, csv_file, rows_of, xlsx_file

HEADER = ["Имя", "Телефон", "Город"]
ROW = ["Ольга Ким", "+998901234567", "Нукус"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251"])
def test_any_encoding_with_any_delimiter_is_recognised(tmp_path: Path, encoding: str, delimiter: str) -> None:
    [row] = rows_of(csv_file(tmp_path / "a.csv", [HEADER, ROW], delimiter, encoding))
    assert (row.number, row.name, row.phones[0].e164, row.fields) == (2, ROW[0], ROW[1], {"Город": "Нукус"})


def test_quotes_keep_delimiters_and_new_lines_and_rows_are_counted_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [HEADER, ["A; B\r\nC", ROW[1], 'say "hi"'], [], ["D", "901112233", ""]], ";")
    first, blank, last = rows_of(path)
    assert (first.number, first.name, first.fields["Город"]) == (2, "A; B C", 'say "hi"')
    assert (blank.number, blank.cells) == (3, ())
    assert (last.number, last.phones[0].e164) == (4, "+998901112233")


def test_excels_separator_line_is_obeyed_and_counts_as_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=^\nname^phone\nA, B^901112233\n")
    [row] = rows_of(path)
    assert (row.number, row.name) == (3, "A, B")


def test_a_comma_in_most_cells_is_not_taken_for_the_delimiter(tmp_path: Path) -> None:
    rows = [["name", "phone", "price"], *(["Ann", "901112233", f"{n},5"] for n in range(20))]
    assert rows_of(csv_file(tmp_path / "a.csv", rows, ";"))[3].fields == {"price": "3,5"}


def test_spreadsheet_cells_become_what_people_see(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [["Name", "Phone", "Sum", "Since", "VIP"], ["Ann", 998901234567, 1.5, 20.0, True]]
    [row] = rows_of(xlsx_file(tmp_path / "a.xlsx", rows))
    assert row.phones[0].e164 == "+998901234567"
    assert row.fields == {"Sum": "1.5", "Since": "20", "VIP": "TRUE"}


def test_rows_above_the_header_are_skipped_and_numbers_stay_those_of_the_sheet(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["List of October"],
        [],
        ["Name", "Phone"],
        ["Ann", "901112233"],
        [None, None],
        ["Bob", "901112234"],
    ]
    read = rows_of(xlsx_file(tmp_path / "a.xlsx", rows, first_row=2))
    assert [(row.number, row.name) for row in read] == [(6, "Ann"), (7, ""), (8, "Bob")]


def test_a_row_with_more_cells_than_the_header_is_a_fault_not_a_shifted_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,phone\nKim, Ann,901112233\n")
    [row] = rows_of(path)
    assert "3 cells, the header 2" in row.faults[0]


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("blank.csv", b"\r\n \r\n", "the file is empty"),
        ("scan.pdf", b"%PDF-1.7\n...", "this is a PDF"),
        ("page.xls", b"\n<HTML><table>", "this is a web page"),
        ("photo.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x98", "no text in UTF-8, UTF-16 or Windows-1251"),
        ("broken.xlsx", b"PK\x03\x04rubbish", "no spreadsheet we can read"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "no spreadsheet we can read"),
        ("quote.csv", b'name,phone\n"Ann,901112233\nBob,901112234\n', "row 2: a quotation mark is opened"),
        (
            "no_phone.csv",
            b"name,town\nAnn,Nukus\n",
            "no column seems to hold phone numbers; the columns are: name, town",
        ),
        ("no_header.csv", b"Ann,901112233\nBob,901112234\n", "no column seems to hold phone numbers"),
    ],
)
def test_what_is_no_lead_file_is_refused_with_the_reason(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        rows_of(path)
    assert what in str(refused.value)
    assert refused.value.do


def test_a_file_that_is_not_there_and_a_country_that_does_not_exist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        rows_of(tmp_path / "none.csv")
    with pytest.raises(BadInput, match="'XX' is no country"):
        rows_of(csv_file(tmp_path / "a.csv", [HEADER, ROW]), country="XX")


def test_each_limit_is_named_when_it_is_passed(tmp_path: Path) -> None:
    limits = ReadLimits(file_bytes=10_000, rows=3, columns=4, cell_characters=50)
    many = csv_file(tmp_path / "rows.csv", [HEADER, *[ROW] * 4])
    wide = csv_file(tmp_path / "wide.csv", [HEADER, ROW, ["x"] * 7])
    long = csv_file(tmp_path / "long.csv", [HEADER, ROW, ["x" * 60, *ROW[1:]]])
    large = csv_file(tmp_path / "large.csv", [HEADER, *[ROW] * 1000])
    wide_sheet = xlsx_file(tmp_path / "wide.xlsx", [HEADER, ["x"] * 7])
    long_sheet = xlsx_file(tmp_path / "long.xlsx", [HEADER, ROW, ["x" * 60, *ROW[1:]]])
    for path, what in (
        (many, "more than 3 rows"),
        (wide, "row 3: 7 columns, more than 4"),
        (long, "row 3: a cell is longer than 50 characters"),
        (large, "bytes, more than 10,000"),
        (wide_sheet, "7 columns, more than 6"),
        (long_sheet, "row 3: a cell is longer than 50 characters"),
    ):
        with pytest.raises(BadInput, match=what):
            rows_of(path, limits=limits)
    assert len(rows_of(csv_file(tmp_path / "fits.csv", [HEADER, *[ROW] * 3]), limits=limits)) == 3


_TEXT = st.text(alphabet="aб'\"=+-@;,|\t \n0123456789", max_size=14)


@given(st.lists(st.tuples(_TEXT, _TEXT), max_size=8), st.sampled_from(",;\t|"))
def test_whatever_a_csv_writer_quotes_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]], delimiter: str
) -> None:
    """Apostrophes in front are taken for guards of ours, so cells here begin with a letter."""
    rows = [["phone", "x", "y"], *(["901112233", f"a{a}", f"a{b}"] for a, b in cells)]
    path = csv_file(tmp_path_factory.mktemp("csv") / "a.csv", rows, delimiter, quoting=csv.QUOTE_ALL)
    opened = open_leads(path, "UZ", {}, ReadLimits())
    assert opened.delimiter == delimiter
    assert [list(row.cells) for row in opened.rows] == rows[1:]
