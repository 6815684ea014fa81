"""The list shipped for the demo: every kind of callee, eight rows that are wrong, and a maker that makes just this."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

from crm_core.db.engine import Database
from crm_core.handlers.imports import ImportLeads, import_leads
from tests.crm_core.import_files import rows_of

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = PROJECT / "docs" / "demo" / "leads.xlsx"


def test_the_maker_makes_the_shipped_file_to_the_byte(tmp_path: Path) -> None:
    maker = tmp_path / "tools" / "make_demo_leads.py"
    maker.parent.mkdir()
    (tmp_path / "docs" / "demo").mkdir(parents=True)
    copyfile(PROJECT / "tools" / "make_demo_leads.py", maker)
    subprocess.run([sys.executable, str(maker)], check=True)
    assert (tmp_path / "docs" / "demo" / "leads.xlsx").read_bytes() == SHIPPED.read_bytes()


async def test_two_hundred_are_imported_and_eight_are_not(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "leads.xlsx"
    copyfile(SHIPPED, path)
    report = await import_leads(ImportLeads(path, "demo", "UZ"), database, datetime(2026, 11, 18, tzinfo=UTC))
    fates = (report.rows, report.created, report.updated, report.duplicate, report.invalid, report.skipped)
    assert fates == (208, 200, 0, 2, 5, 1)
    assert report.incomplete == 0
    assert report.failed_rows is not None
    failed = rows_of(report.failed_rows)
    assert len(failed) == 7
    reasons = " | ".join(row.cells[1] for row in failed)
    for reason in ("no phone number", "'спросить у Веры' is not", "'90 12' is not", "'+1 000 000 0000' is not"):
        assert reason in reasons
    assert reasons.count("came with row") == 2
    assert "unknown time zone 'Asia/Atlantis'" in reasons


def test_the_numbers_choose_a_good_mix_of_callees() -> None:
    good = [row for row in rows_of(SHIPPED) if row.cells and not row.faults]
    numbers = {phone.e164 for row in good for phone in row.phones}
    assert len(numbers) == 200
    assert all(number.startswith("+99890") and len(number) == 13 for number in numbers)
    kinds = Counter(number[6] for number in numbers)
    assert (kinds["1"], kinds["2"], kinds["3"]) == (110, 20, 20)
    assert min(kinds[kind] for kind in "4567890") >= 4
    assert {number[7] for number in numbers} == set("1234")
    assert {number[8] for number in numbers} == set("0123")
    assert len({number[9:] for number in numbers}) == 200
    written = {row.cells[1] for row in good}
    assert sum(not cell.startswith("+998") for cell in written) >= 20
