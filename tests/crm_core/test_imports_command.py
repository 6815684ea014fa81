"""`trunkline leads import`, as typed."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from crm_core.cli.leads import add_lead_commands
from crm_core.db.engine import Database
from crm_core.errors import BadInput
from crm_core.settings import settings_from_env
from tests.crm_core.import_files import csv_file

ROWS = [["whom", "call", "town"], ["[b]Ann[/b]", "901112233", "Nukus"], ["Bob", "12", ""], ["Eve", "901112233", ""]]


async def _run(database_url: str, *words: str) -> int:
    parser = argparse.ArgumentParser()
    add_lead_commands(parser.add_subparsers())
    args = parser.parse_args(["leads", "import", *words])
    return int(await args.run(args, settings_from_env({"DATABASE_URL": database_url})))


def _words(tmp_path: Path, *more: str) -> list[str]:
    path = csv_file(tmp_path / "a.csv", ROWS)
    return [str(path), "--country", "uz", "--map", "call=phone", "--map", "whom=name", *more]


async def test_an_import_with_invalid_rows_ran_and_tells_where_they_are(
    database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _run(database_url, *_words(tmp_path, "--list", "october", "--errors", str(tmp_path / "bad.csv"))) == 0
    shown = capsys.readouterr().out
    figures = dict(zip(("rows", "created", "updated", "duplicate", "invalid", "skipped"), "310110", strict=True))
    for name, figure in figures.items():
        [line] = [line for line in shown.splitlines() if f" {name} " in line]
        assert figure in line.split()
    assert str(tmp_path / "bad.csv") in shown


async def test_a_dry_run_says_so_and_writes_nothing(
    database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # the name is still free
        assert await _run(database_url, *_words(tmp_path, "--list", "october", "--dry-run")) == 0
        assert "dry run: nothing written" in capsys.readouterr().out


async def test_a_preview_shows_columns_and_rows_as_text_and_needs_no_base(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _run(f"sqlite:///{tmp_path}/none.db", *_words(tmp_path, "--preview")) == 0
    shown = capsys.readouterr().out
    for text in ("text in utf-8, delimiter ,", "[b]Ann[/b]", "+998901112233", "phone", "field"):
        assert text in shown
    assert not (tmp_path / "none.db").exists()


async def test_what_is_said_wrongly_is_refused_with_what_to_do(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the list needs a name"):
        await _run(database_url, *_words(tmp_path))
    with pytest.raises(BadInput, match="'phone' has no ="):
        await _run(database_url, *_words(tmp_path, "--preview", "--map", "phone"))
    with pytest.raises(BadInput, match=r"no column 'tel'. Its columns are: whom, call, town"):
        await _run(database_url, *_words(tmp_path, "--list", "october", "--map", "tel=phone"))
