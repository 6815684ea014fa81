"""The process that reads lead files: what it sends, and what happens when a file asks for too much."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from crm_core.errors import BadInput
from crm_core.imports.lead_file import ReaderCrashed, opened_lead_file, preview
from crm_core.imports.limits import ReadLimits
from crm_core.imports.titles import Field
from tests.crm_core.import_files import csv_file, rows_of

ROWS = [["name", "phone"], *([f"N{n}", f"90111{n:04d}"] for n in range(1_200))]


async def _read_all(path: Path, limits: ReadLimits | None = None) -> int:
    async with opened_lead_file(path, "UZ", limits=limits) as file:
        return sum([len(batch) async for batch in file.batches()])


async def test_the_process_sends_the_rows_that_are_read_here(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [["name", "phone", "phone2"], ["Ann", "901112233", "12"], [], *ROWS[1:]], ";")
    async with opened_lead_file(path, "UZ") as file:
        assert [column.field for column in file.columns] == [Field.NAME, Field.PHONE, Field.PHONE]
        assert (file.delimiter, file.count) == (";", 1_202)
        batches = [batch async for batch in file.batches()]
    assert [row for batch in batches for row in batch] == rows_of(path)
    assert [len(batch) for batch in batches] == [1_000, 202]


async def test_a_crafted_sheet_ends_at_the_memory_limit_with_what_to_do(tmp_path: Path) -> None:
    """Two cells far apart: the library asks for half a terabyte."""
    path = tmp_path / "far.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_string(0, 0, "phone")
    sheet.write_string(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(BadInput, match=r"far\.xlsx: reading it takes more than 1,500 MB of memory\. Copy the rows"):
        await _read_all(path)


async def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("phone\n" + "+998901112233,+998901112234\n" * 400_000)
    with pytest.raises(BadInput, match="reading it takes too long"):
        await _read_all(path, ReadLimits(cpu_seconds=1))
    with pytest.raises(BadInput, match="reading it takes too long"):
        await _read_all(path, ReadLimits(silent_seconds=0.001))


async def test_an_error_in_the_middle_of_a_file_arrives(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [*ROWS, ["x" * 40_000, "901112233"]])
    with pytest.raises(BadInput, match=r"a\.csv row 1202: a cell is longer than 32,767 characters"):
        await _read_all(path)


async def test_a_fault_of_the_reader_itself_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", ROWS)
    with pytest.raises(ReaderCrashed, match="ended with code 1"):
        await _read_all(path, ReadLimits(memory_bytes=10**30))


async def test_no_process_stays_behind_when_reading_is_broken_off(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [ROWS[0], *ROWS[1:] * 50])
    before = {child.pid for child in psutil.Process().children()}
    async with opened_lead_file(path, "UZ") as file:
        async for batch in file.batches():
            assert len(batch) == 1_000
            break
    assert {child.pid for child in psutil.Process().children()} <= before


async def test_a_preview_reads_the_beginning_only(tmp_path: Path) -> None:
    shown = await preview(csv_file(tmp_path / "a.csv", ROWS), "UZ", {"name": "company"}, 3)
    assert [row.company for row in shown.rows] == ["N0", "N1", "N2"]
    assert shown.form == "text in utf-8, delimiter ,"
