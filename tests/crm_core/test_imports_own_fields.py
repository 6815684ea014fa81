"""Columns of a file that fill fields of the site's own, of leads and of companies: found, checked, written."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from crm_core.db.custom_fields import add_field
from crm_core.db.engine import Database
from crm_core.db.tables import companies, contacts, leads
from crm_core.domain.lead_files import Duplicates
from crm_core.domain.own_fields import OwnField
from crm_core.errors import BadInput
from crm_core.handlers.imports import ImportLeads, ImportReport, import_leads
from crm_core.imports.rows import RowReader
from crm_core.imports.titles import SitesFields, columns_of
from tests.crm_core.crm import NOW
from tests.crm_core.import_files import csv_file

_LEAD = (
    OwnField("arrival", "Arrival day", "date"),
    OwnField("room", "Room", "choice", ("Single", "Double"), required=True),
    OwnField("pets", "Pets", "yes_no"),
)
_COMPANY = (OwnField("beds", "Beds", "number"),)
_SITES = SitesFields(_LEAD, _COMPANY)


def test_titles_that_are_names_or_keys_of_own_fields_are_guessed_so() -> None:
    columns = columns_of(["Phone", "arrival day", "room", "Beds", "Note"], {}, _SITES)
    assert [column.chosen for column in columns] == ["phone", "lead.arrival", "lead.room", "company.beds", "field"]
    said = columns_of(["Phone", "Note", "Beds"], {"Note": "company.beds"}, _SITES)
    assert [column.chosen for column in said] == ["phone", "company.beds", "field"]
    with pytest.raises(BadInput, match=r"lead\.arrival, lead\.room, lead\.pets, company\.beds"):
        columns_of(["Phone", "Note"], {"Note": "lead.nothing"}, _SITES)
    with pytest.raises(BadInput, match=r"two columns are mapped to lead\.pets"):
        columns_of(["Phone", "A", "B"], {"A": "lead.pets", "B": "lead.pets"}, _SITES)
    with pytest.raises(BadInput, match="which is no field"):
        columns_of(["Phone", "A"], {"A": "lead"}, _SITES)


def test_a_fault_names_column_value_and_what_is_expected() -> None:
    titles = ["Phone", "When", "Room", "Company", "Beds"]
    columns = columns_of(titles, {"When": "lead.arrival"}, _SITES)
    reader = RowReader(columns, "UZ", _SITES)
    good = reader.row(2, ["901112233", "2026-12-01", "single", "Silk", "1 200"])
    assert (good.fields, good.company_fields) == ({"arrival": "2026-12-01", "room": "Single"}, {"beds": 1200})
    assert (good.faults, good.warnings) == ((), ())
    odd = reader.row(3, ["901112233", "tomorrow", "Double", "", "many"])
    assert odd.warnings == (
        "left out: column 'When': 'tomorrow' is no date (Write year-month-day, such as 2026-11-30)",
        "left out: column 'Beds': 'many' is no number (Write digits, such as 12.5)",
    )
    assert odd.fields == {"room": "Double"}
    wrong = reader.row(4, ["901112233", "", "Suite", "", ""])
    assert wrong.faults == ("column 'Room': 'Suite' is none of its options (Choose of: Single, Double)",)
    empty = reader.row(5, ["901112233", "", "", "", ""])
    assert empty.faults == ("column 'Room': Room must not be empty (Write something into it)",)


async def _imported(site: Database, path: Path, name: str, **more: Any) -> ImportReport:
    return await import_leads(ImportLeads(path, name, "UZ", **more), site, NOW)


async def _add_fields(site: Database) -> None:
    async with site.work() as work:
        for noun, fields in (("lead", _LEAD), ("company", _COMPANY)):
            for one in fields:
                await add_field(work, noun, one)


async def test_values_reach_leads_and_companies_and_faults_the_file_of_failed_rows(
    site: Database, tmp_path: Path
) -> None:
    await _add_fields(site)
    head = ["Phone", "Name", "Company", "Room", "Pets", "Beds"]
    rows = [
        head,
        ["901112233", "Ann", "Silk", "Double", "yes", "12"],
        ["901112234", "Bob", "Silk", "Single", "maybe", "13"],  # the first who told of the company counts
        ["901112235", "Eve", "Dune", "Suite", "", "5"],
    ]
    report = await _imported(site, csv_file(tmp_path / "a.csv", rows), "A")
    assert (report.rows, report.created, report.invalid, report.incomplete) == (3, 2, 1, 1)
    assert report.failed_rows is not None
    failed = list(csv.reader(report.failed_rows.read_text("utf-8-sig").splitlines()))
    reasons = " | ".join(row[1] for row in failed[1:])
    assert "column 'Pets': 'maybe' is neither yes nor no (Write yes or no)" in reasons
    assert "column 'Room': 'Suite' is none of its options (Choose of: Single, Double)" in reasons
    async with site.reading() as work:
        query = select(contacts.c.name, leads.c.fields).join(contacts, contacts.c.id == leads.c.contact_id)
        found = {row.name: dict(row.fields) for row in await work.all(query)}
        firms = {row.name: dict(row.fields) for row in await work.all(select(companies))}
    assert found == {"Ann": {"room": "Double", "pets": "yes"}, "Bob": {"room": "Single"}}
    assert firms == {"Silk": {"beds": 12}}


@pytest.mark.parametrize(("duplicates", "beds"), [(Duplicates.ADD, 7), (Duplicates.UPDATE, 12)])
async def test_what_a_company_says_already_stays_unless_the_file_may_replace_it(
    site: Database, tmp_path: Path, duplicates: Duplicates, beds: int
) -> None:
    await _add_fields(site)
    async with site.work() as work:
        await work.run(insert(companies).values(name="Silk", fields={"beds": 7, "kept": "x"}, created_at=NOW))
    first = csv_file(tmp_path / "a.csv", [["Phone", "Room"], ["901112233", "Double"]])
    await _imported(site, first, "A")
    again = csv_file(tmp_path / "b.csv", [["Phone", "Company", "Beds"], ["901112233", "Silk", "12"]])
    report = await _imported(site, again, "B", duplicates=duplicates)
    assert report.updated == 1
    async with site.reading() as work:
        (row,) = await work.all(select(companies.c.fields))
    assert row.fields == {"beds": beds, "kept": "x"}
