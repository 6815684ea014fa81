"""Conversations as a table file: whole, safe to open in a spreadsheet, and the same when it is read again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from crm_core.db.engine import Database
from crm_core.db.tables import contacts, leads
from crm_core.errors import BadInput, NotFound
from crm_core.handlers.survey_files import export_talks
from crm_core.handlers.surveys import Which
from tests.crm_core.dialing import number_of
from tests.crm_core.import_files import rows_of
from tests.crm_core.shell import Shell
from tests.crm_core.talks import bot_campaign, dial, talked
from tests.crm_core.test_surveys import listed, record_calls

#: What spreadsheets take for formulas, numbers and marks of their own.
NASTY = [
    "=1+1",
    "+998901234567",
    "007",
    "998901234567",
    '"quoted"; yes, indeed',
    "'apostrophe",
    "-5",
    "@home",
    "line\nend",
]
ZONE = "Asia/Tashkent"


async def surveyed(database: Database, said: list[str]) -> None:
    """So many people whose list says nasty things of them, and who say these themselves."""
    campaign = await bot_campaign(database, ["Tashkent"] * len(said))
    async with database.work() as work:
        for lead_id, words in zip(
            [r.id for r in await work.all(select(leads.c.id).order_by(leads.c.id))], said, strict=True
        ):
            fields = {"city": "Tashkent", "number": words, "=note": words, "rating": "old"}
            await work.run(update(leads).where(leads.c.id == lead_id).values(fields=fields))
        await work.run(update(contacts).values(name="=Dilnoza"))
    for attempt, words in zip(await dial(database, campaign, len(said)), said, strict=True):
        await talked(database, attempt, {"rating": "8", "comment": words})


def made_in(folder: Path) -> list[str]:
    """What lies there beside the database."""
    return [path.name for path in folder.iterdir() if not path.name.startswith("trunkline.db")]


def sheet_of(path: Path) -> list[list[Any]]:
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


TITLES = [
    *("name", "number", "=note", "city", "number (2)", "rating"),
    *("call", "language", f"began at ({ZONE})", f"ended at ({ZONE})", "ending", "result", "ended in", "recording"),
    *("rating (2)", "rating: words", "rating: second", "comment", "comment: words", "comment: second"),
]


async def test_a_csv_file_comes_back_through_the_import_unchanged(database: Database, tmp_path: Path) -> None:
    await surveyed(database, NASTY)
    await record_calls(database, await listed(database))
    path = tmp_path / "answers.csv"
    assert await export_talks("autumn", database, path, Which(), Path("/rec")) == len(NASTY)
    assert made_in(tmp_path) == ["answers.csv"]
    again = rows_of(path)
    assert len(again) == len(NASTY)
    for row, talk in zip(again, await listed(database), strict=True):
        cells = dict(zip(TITLES, row.cells, strict=True))
        words = talk.answers["comment"].value
        assert (row.name, row.phones[0].e164) == ("=Dilnoza", talk.number)
        assert [cells[title] for title in ("=note", "number (2)", "comment", "comment: words")] == [words] * 3 + [
            f"well {words}"
        ]
        assert (cells["rating"], cells["rating (2)"], cells["rating: second"]) == ("old", "8", "2")
        assert cells[f"began at ({ZONE})"] == "2026-11-18 12:00:10"
        assert cells["recording"] == f"/rec/2026/11/18/{talk.call_id}.wav"
        assert (cells["ending"], cells["result"], cells["call"]) == ("finished", "surveyed", talk.call_id)
        assert row.fields["=note"] == words.strip()


async def test_a_spreadsheet_has_numbers_and_times_and_runs_no_formula(database: Database, tmp_path: Path) -> None:
    await surveyed(database, NASTY)
    path = tmp_path / "answers.xlsx"
    await export_talks("autumn", database, path, Which(), Path("/rec"))
    titles, *rows = sheet_of(path)
    assert titles == TITLES
    assert [row[TITLES.index("comment")] for row in rows] == [int(w) if w == "998901234567" else w for w in NASTY]
    assert rows[0][TITLES.index("rating (2)")] == 8
    assert rows[0][TITLES.index(f"ended at ({ZONE})")] == datetime.fromisoformat("2026-11-18 12:00:40")
    assert rows[0][TITLES.index("number")] == number_of(0)
    assert rows[0][TITLES.index("recording")] == ""


async def test_who_was_not_asked_a_question_has_empty_cells(database: Database, tmp_path: Path) -> None:
    campaign = await bot_campaign(database, ["Tashkent", None])
    first, second = await dial(database, campaign, 2)
    await talked(database, first, {"rating": "8"})
    await talked(database, second, {"comment": "fine"})
    path = tmp_path / "answers.csv"
    await export_talks("autumn", database, path, Which(), Path("/rec"))
    titles = [*TITLES[:2], "city", *TITLES[6:14], *TITLES[17:], *("rating", "rating: words", "rating: second")]
    found = [dict(zip(titles, row.cells, strict=True)) for row in rows_of(path)]
    assert [(cells["city"], cells["rating"], cells["comment"]) for cells in found] == [
        ("Tashkent", "8", ""),
        ("", "", "fine"),
    ]


async def test_what_cannot_be_written_is_refused_and_leaves_nothing(database: Database, tmp_path: Path) -> None:
    await surveyed(database, ["fine"])
    for name, why in (("answers.txt", "neither .csv nor .xlsx"), ("no/folder.csv", "does not exist")):
        with pytest.raises(BadInput, match=why):
            await export_talks("autumn", database, tmp_path / name, Which(), tmp_path)
    (tmp_path / "answers.csv").mkdir()
    with pytest.raises(BadInput, match="cannot be written"):
        await export_talks("autumn", database, tmp_path / "answers.csv", Which(), tmp_path)
    with pytest.raises(NotFound):
        await export_talks("spring", database, tmp_path / "spring.csv", Which(), tmp_path)
    await bot_campaign(database, name="winter", first=50)
    with pytest.raises(BadInput, match="no such conversations"):
        await export_talks("winter", database, tmp_path / "winter.xlsx", Which(), tmp_path)
    assert made_in(tmp_path) == ["answers.csv"]


async def test_the_command_line_exports_those_who_are_chosen(shell: Shell, database: Database, tmp_path: Path) -> None:
    campaign = await bot_campaign(database, ["Tashkent", "Samarkand"])
    for attempt in await dial(database, campaign, 2):
        await talked(database, attempt)
    path = tmp_path / "answers.csv"
    said = await shell("survey", "export", "autumn", str(path), "--where", "city=Samarkand")
    assert "1 conversations written" in said
    assert [row.fields["city"] for row in rows_of(path)] == ["Samarkand"]
