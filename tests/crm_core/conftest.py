"""Fixtures of the CRM's own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.db.engine import Database
from crm_core.handlers.rules import install_defaults
from crm_core.settings import settings_from_env
from tests.crm_core.shell import Shell


@pytest.fixture
async def site(database: Database) -> Database:
    """A database with the shipped dispositions, pipeline and rules."""
    await install_defaults(database)
    return database


@pytest.fixture
def shell(
    database: Database,
    database_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line on `database`."""
    monkeypatch.setenv("COLUMNS", "240")  # rich asks how wide to print
    return Shell(settings_from_env({"DATABASE_URL": database_url, "TRUNKLINE_HOME": str(tmp_path)}), capsys)
