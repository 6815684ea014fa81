"""The command line as a person uses it, on a test's own database."""

from __future__ import annotations

import pytest

from crm_core.__main__ import parser
from crm_core.settings import Settings


class Shell:
    """Runs commands against one database and gives back what they print, in one line."""

    def __init__(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        self._settings, self._capsys = settings, capsys

    async def __call__(self, *line: str, code: int = 0) -> str:
        args = parser().parse_args(line)
        assert await args.run(args, self._settings) == code
        return " ".join(self._capsys.readouterr().out.split())
