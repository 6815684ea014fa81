"""A lead file becomes a list: all of it or nothing, every row accounted for, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.tables import companies, contacts, import_chunks, imports, leads, lists, phones
from crm_core.domain.lead_files import Duplicates
from crm_core.errors import BadInput
from crm_core.handlers.imports import ImportLeads, ImportReport, import_leads
from tests.crm_core.import_files import csv_file, rows_of, xlsx_file

NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)
FATES = ("created", "updated", "duplicate", "invalid", "skipped")
HEADER = ["name", "phone", "phone 2", "company", "email", "language", "zone", "priority", "note"]


async def _import(database: Database, path: Path, name: str = "october", **rest: Any) -> ImportReport:
    return await import_leads(ImportLeads(path, name, "UZ", **rest), database, NOW)


async def _rows(database: Database, *columns: Any, **where: Any) -> list[tuple[Any, ...]]:
    query = select(*columns).order_by(columns[0])
    async with database.reading() as work:
        return [tuple(row) for row in await work.all(query.filter_by(**where))]


async def _count(database: Database, table: Any) -> int:
    async with database.reading() as work:
        return int(await work.scalar(select(func.count()).select_from(table)))


async def _lead(database: Database, list_id: int, number: str) -> dict[str, Any]:
    """The lead of the list who has this number, with contact and numbers."""
    mine = select(phones.c.contact_id).where(phones.c.e164 == number)
    query = (
        select(leads.c.contact_id, leads.c.zone, leads.c.priority, leads.c.fields, contacts.c.name, contacts.c.email)
        .add_columns(contacts.c.language, companies.c.name.label("company"))
        .select_from(leads.join(contacts).outerjoin(companies, companies.c.id == contacts.c.company_id))
        .where(leads.c.list_id == list_id, leads.c.contact_id.in_(mine))
    )
    async with database.reading() as work:
        [row] = await work.all(query)
    numbers = await _rows(database, phones.c.id, phones.c.e164, contact_id=row.contact_id)
    return {**row._mapping, "numbers": [number for _, number in numbers]}


def _names(folder: Path, part: str) -> list[str]:
    return [path.name for path in folder.iterdir() if part in path.name]


def _fates(report: ImportReport) -> tuple[int, ...]:
    assert report.rows == sum(getattr(report, fate) for fate in FATES)
    return tuple(getattr(report, fate) for fate in FATES)


def _row(name: str, phone: str, phone2: str = "", **cells: str) -> list[str]:
    return [name, phone, phone2, *(cells.get(title, "") for title in HEADER[3:])]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_each_row_has_one_fate_and_what_failed_is_written_down(
    database: Database, tmp_path: Path, kind: str
) -> None:
    rows = [
        HEADER,
        _row("Ann", "+998901112233", "90 111-22-34", company="Anor", email="a@b.uz", language="ru", note="+50 %"),
        _row("Bob", "901112235", "12", company="Anor", zone="asia/samarkand", priority="7"),
        _row("Eve", "901112233"),
        _row("Dan", "ask Vera"),
        [],
        _row("Fay", "901112236", zone="Mars"),
    ]
    path = csv_file(tmp_path / "a.csv", rows, ";") if kind == "csv" else xlsx_file(tmp_path / "a.xlsx", rows)
    report = await _import(database, path)
    assert _fates(report) == (2, 0, 1, 2, 1)
    assert (report.incomplete, report.do_not_call, report.resumed) == (1, 0, False)
    assert report.list_id is not None
    ann = await _lead(database, report.list_id, "+998901112234")
    assert (ann["name"], ann["company"], ann["email"], ann["language"]) == ("Ann", "Anor", "a@b.uz", "ru")
    assert (ann["numbers"], ann["fields"]) == (["+998901112233", "+998901112234"], {"note": "+50 %"})
    bob = await _lead(database, report.list_id, "+998901112235")
    assert (bob["zone"], bob["priority"], ann["zone"], ann["priority"]) == ("Asia/Samarkand", 7, None, 0)
    assert await _count(database, companies) == 1
    assert report.failed_rows == tmp_path / f"a.failed.{kind}"
    failed = [(row.cells[0], row.cells[2], row.cells[1]) for row in rows_of(report.failed_rows)]
    assert [(number, name) for number, name, _ in failed] == [("3", "Bob"), ("4", "Eve"), ("5", "Dan"), ("7", "Fay")]
    assert [reason.split(":")[0] for _, _, reason in failed][:2] == ["left out", "duplicate"]
    assert "unknown time zone 'Mars'" in failed[3][2]
    [(counts, source, made)] = await _rows(database, lists.c.counts, lists.c.source, lists.c.created_at)
    assert {fate: counts.get(fate, 0) for fate in FATES} == {fate: getattr(report, fate) for fate in FATES}
    assert (source, made) == (path.name, NOW)
    assert await _count(database, imports) == await _count(database, import_chunks) == 0


async def test_failed_rows_once_mended_are_imported_with_the_same_mapping(database: Database, tmp_path: Path) -> None:
    rows = [HEADER, _row("Ann", "901112233", "90111223"), _row("Bob", "90111223", note="=cmd")]
    report = await _import(database, csv_file(tmp_path / "a.csv", rows))
    assert report.failed_rows is not None
    text = report.failed_rows.read_text("utf-8-sig")
    report.failed_rows.write_text(text.replace('"90111223"', '"901112239"', 1).replace('"90111223"', '"+998901112238"'))
    again = await _import(database, report.failed_rows, "mended", duplicates=Duplicates.ADD)
    assert _fates(again) == (1, 1, 0, 0, 0)
    assert again.list_id is not None
    assert (await _lead(database, again.list_id, "+998901112239"))["numbers"] == ["+998901112233", "+998901112239"]
    bob = await _lead(database, again.list_id, "+998901112238")
    assert (bob["name"], bob["fields"]) == ("Bob", {"note": "=cmd"})


async def _two_known(database: Database, tmp_path: Path) -> None:
    rows = [HEADER, _row("Ann", "901112233", email="old@b.uz", company="Anor"), _row("Bob", "901112235")]
    await _import(database, csv_file(tmp_path / "known.csv", rows), "known")


async def test_skip_leaves_known_people_out_of_the_new_list(database: Database, tmp_path: Path) -> None:
    await _two_known(database, tmp_path)
    path = csv_file(tmp_path / "a.csv", [HEADER, _row("X", "901112233", "901112240"), _row("New", "901112241")])
    report = await _import(database, path)
    assert _fates(report) == (1, 0, 1, 0, 0)
    assert len(await _rows(database, leads.c.id, list_id=report.list_id)) == 1
    assert await _count(database, phones) == 3


async def test_update_overwrites_with_filled_cells_and_add_only_brings_numbers(
    database: Database, tmp_path: Path
) -> None:
    await _two_known(database, tmp_path)
    rows = [HEADER, _row("Anna", "901112233", "901112240", language="uz", company="Buloq", note="vip", priority="3")]
    updated = await _import(database, csv_file(tmp_path / "u.csv", rows), "u", duplicates=Duplicates.UPDATE)
    rows = [HEADER, _row("Robert", "901112235", "901112242", email="r@b.uz", note="new", zone="Asia/Samarkand")]
    added = await _import(database, csv_file(tmp_path / "d.csv", rows), "d", duplicates=Duplicates.ADD)
    assert _fates(updated) == _fates(added) == (0, 1, 0, 0, 0)
    assert updated.list_id is not None
    assert added.list_id is not None
    ann = await _lead(database, updated.list_id, "+998901112240")
    assert (ann["name"], ann["email"], ann["language"], ann["company"]) == ("Anna", "old@b.uz", "uz", "Buloq")
    assert (ann["fields"], ann["priority"], len(ann["numbers"])) == ({"note": "vip"}, 3, 2)
    bob = await _lead(database, added.list_id, "+998901112242")
    assert (bob["name"], bob["email"], len(bob["numbers"])) == ("Bob", None, 2)
    assert (bob["fields"], bob["zone"]) == ({"note": "new"}, "Asia/Samarkand")


async def test_later_rows_of_the_file_reach_the_person_made_by_an_earlier_chunk(
    database: Database, tmp_path: Path
) -> None:
    fill = [_row(f"N{n}", f"90222{n:04d}") for n in range(600)]
    rows = [
        HEADER,
        _row("Ann", "901112233", note="first", priority="1"),
        _row("", "901112233", "901112234", email="a@b.uz"),
        *fill,
        _row("Anna", "901112234", "901112235", note="last"),
        _row("N0 again", "902220000", company="Buloq"),
    ]
    report = await _import(database, csv_file(tmp_path / "a.csv", rows), duplicates=Duplicates.UPDATE)
    assert _fates(report) == (601, 3, 0, 0, 0)
    assert report.list_id is not None
    ann = await _lead(database, report.list_id, "+998901112235")
    assert (ann["name"], ann["email"], ann["priority"], ann["fields"]) == ("Anna", "a@b.uz", 1, {"note": "last"})
    assert len(ann["numbers"]) == 3
    assert (await _lead(database, report.list_id, "+998902220000"))["company"] == "Buloq"
    assert await _count(database, contacts) == await _count(database, leads) == 601


async def test_numbers_on_the_do_not_call_list_are_imported_and_counted(database: Database, tmp_path: Path) -> None:
    async with database.work() as work:
        entries = [Blocked(BlockKind.NUMBER, "+998901112233"), Blocked(BlockKind.PREFIX, "+99893")]
        await add_blocks(work, [*entries, Blocked(BlockKind.NUMBER, "+998901112235", campaign_id=5)], NOW)
    rows = [HEADER, _row("A", "901112233"), _row("B", "901112234", "931112233"), _row("C", "901112235")]
    report = await _import(database, csv_file(tmp_path / "a.csv", rows))
    assert (report.created, report.do_not_call, report.failed_rows) == (3, 2, None)


async def test_a_dry_run_counts_the_same_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    rows = [HEADER, _row("A", "901112233"), _row("B", "901112233"), _row("C", "12"), [], _row("D", "901112239", "5")]
    path = csv_file(tmp_path / "a.csv", rows)
    dry = await _import(database, path, dry_run=True)
    assert _names(tmp_path, "failed") == []
    assert await _count(database, lists) == await _count(database, contacts) == await _count(database, imports) == 0
    errors = tmp_path / "e.csv"
    assert (await _import(database, path, dry_run=True, errors=errors)).failed_rows == errors
    real = await _import(database, path)
    assert asdict(dry) == {**asdict(real), "dry_run": True, "list_id": None, "failed_rows": None}


async def test_a_list_name_that_is_taken_is_refused_with_one_that_is_free(database: Database, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [HEADER, _row("A", "901112233")])
    for name in ("october", "october 2"):
        await _import(database, path, name)
    with pytest.raises(BadInput, match=r"a list 'october' exists already\. Choose another name, such as 'october 3'"):
        await _import(database, csv_file(tmp_path / "b.csv", [HEADER, _row("B", "901112239")]), " october ")
    with pytest.raises(BadInput, match="the list needs a name"):
        await _import(database, path, " ")
    with pytest.raises(BadInput, match="No such file"):
        await _import(database, tmp_path / "none.csv")


async def test_a_file_that_breaks_in_the_middle_leaves_nothing(database: Database, tmp_path: Path) -> None:
    rows = [HEADER, *(_row(f"N{n}", f"90222{n:04d}", "1") for n in range(1_500)), ["x" * 40_000]]
    with pytest.raises(BadInput, match="row 1502"):
        await _import(database, csv_file(tmp_path / "a.csv", rows))
    for table in (lists, contacts, imports, import_chunks):
        assert await _count(database, table) == 0
    assert _names(tmp_path, "a.") == ["a.csv"]


async def test_an_import_cancelled_while_it_reads_leaves_nothing(database: Database, tmp_path: Path) -> None:
    rows = [HEADER, *(_row(f"N{n}", f"90222{n:04d}") for n in range(3_000))]
    path = csv_file(tmp_path / "a.csv", rows)
    started = asyncio.Event()
    command = ImportLeads(path, "october", "UZ")
    task = asyncio.create_task(import_leads(command, database, NOW, lambda done, whole: started.set()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (
        await _count(database, imports) == await _count(database, import_chunks) == await _count(database, lists) == 0
    )


async def test_progress_grows_to_all_rows(database: Database, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = csv_file(tmp_path / "a.csv", [HEADER, *(_row(f"N{n}", f"90222{n:04d}") for n in range(1_100))])
    command = ImportLeads(path, "october", "UZ")
    await import_leads(command, database, NOW, lambda done, whole: seen.append((done, whole)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (1_100, 1_100)


async def test_two_imports_at_once_both_come_through(database: Database, tmp_path: Path) -> None:
    paths = [
        csv_file(tmp_path / f"{k}.csv", [HEADER, *(_row(f"N{n}", f"90{k}22{n:04d}") for n in range(700))])
        for k in (2, 3)
    ]
    reports = await asyncio.gather(*(_import(database, path, path.stem) for path in paths))
    assert [report.created for report in reports] == [700, 700]
    assert await _count(database, leads) == 1_400


_CELL = st.sampled_from(["", "", " ", "901112233", "+998901112234", "90 111-22-35", "12", "ask", "Ann", "Mars"])


@pytest.mark.parametrize("policy", list(Duplicates))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(st.lists(_CELL, max_size=9), max_size=14))
async def test_rows_in_are_always_the_sum_of_rows_out(
    database: Database, tmp_path: Path, policy: Duplicates, table: Sequence[list[str]]
) -> None:
    """The base keeps what earlier examples brought, so rows meet known people too."""
    name = f"list {await _count(database, lists)}"
    path = csv_file(tmp_path / "a.csv", [HEADER, *table])
    dry = await _import(database, path, name, duplicates=policy, dry_run=True)
    people = await _count(database, contacts)
    real = await _import(database, path, name, duplicates=policy)
    assert real.rows == len(table)
    assert _fates(dry) == _fates(real)
    assert await _count(database, contacts) == people + real.created
    members = len(await _rows(database, leads.c.id, list_id=real.list_id))
    assert real.created <= members <= real.created + real.updated
    if policy is Duplicates.SKIP:
        assert (members, real.updated) == (real.created, 0)
