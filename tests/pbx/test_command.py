"""The switch's commands look where the service looks."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pbx.command import add_commands


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_commands(parser)
    return parser.parse_args(words)


def test_the_instances_live_where_the_service_has_its_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRUNKLINE_HOME", raising=False)
    assert parsed("up").folder == Path("var")
    monkeypatch.setenv("TRUNKLINE_HOME", "/srv/trunkline")
    assert parsed("up").folder == Path("/srv/trunkline")
    assert parsed("up", "--folder", "elsewhere").folder == Path("elsewhere")
