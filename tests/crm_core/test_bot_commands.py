"""`trunkline bot` checks, tries out, draws and lists scripts, and its exit code says how it went."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from crm_core.cli.bot import add_bot_commands
from crm_core.errors import BadInput, NotFound
from ivr_bot.dialog.marks import BadScript

_SCRIPT = """script: small
languages: [en]
who: "Lola calls."
start: first
nodes:
  first: {kind: yes_no, prompt: "Well?", if_yes: good, if_no: bye}
  good: {kind: disposition, code: good, next: bye}
  bye: {kind: hang_up}
"""
_TESTS = """now: 2026-11-25T10:00:00+05:00
conversations:
  - name: Says yes
    moves:
      - {presses: "1", expect: {result: good}}
"""


def _run(*line: str) -> int:
    parser = argparse.ArgumentParser()
    add_bot_commands(parser.add_subparsers())
    args = parser.parse_args(["bot", *line])
    return int(args.handler(args))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yml"
    path.write_text(_SCRIPT, encoding="utf-8")
    (tmp_path / "small.test.yml").write_text(_TESTS, encoding="utf-8")
    return path


def test_a_good_script_is_called_good(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("check", str(small)) == 0
    assert "good (3 nodes; en)" in capsys.readouterr().out


def test_every_fault_of_every_script_is_told(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = small.with_name("bad.yml")
    bad.write_text(_SCRIPT.replace("next: bye", "next: by"), encoding="utf-8")
    assert _run("check", str(bad), str(small)) == 1
    told = capsys.readouterr().out
    assert f"{bad}:7: good: leads to 'by', which is no node" in told
    assert "small.yml: good" in told


def test_conversations_that_agree_end_in_zero(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("test", str(small), "-v") == 0
    told = capsys.readouterr().out
    assert "small: 1 conversations, all as expected" in told
    assert "person: presses 1" in told


def test_conversations_that_differ_are_shown_and_end_in_one(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = small.with_name("other.yml")
    other.write_text(_TESTS.replace("result: good", "result: fine"), encoding="utf-8")
    assert _run("test", str(small), "--conversations", str(other)) == 1
    told = capsys.readouterr().out
    assert f"{other}:5: result" in told
    assert "- expected: fine" in told
    assert "+ found:    good" in told


def test_conversations_may_be_chosen_by_name_and_language(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests = small.with_name("small.test.yml")
    more = "  - {name: Says no, language: en, moves: [{presses: '2', expect: {result: good}}]}\n"
    tests.write_text(_TESTS + more, encoding="utf-8")
    assert _run("test", str(small)) == 1
    assert _run("test", str(small), "--only", "says YES", "--language", "en") == 0
    assert "1 conversations, all as expected" in capsys.readouterr().out.splitlines()[-1]
    with pytest.raises(BadInput, match="no conversation is like that"):
        _run("test", str(small), "--language", "ru")


@pytest.mark.parametrize("count", ["0", "101", "many", "-1"])
def test_how_many_at_once_is_a_number(small: Path, count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _run("test", str(small), "--voice", "--at-once", count)
    assert "is not a number from 1 to 100" in capsys.readouterr().err


def test_a_drawing_goes_to_the_screen_or_a_file(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("draw", str(small)) == 0
    drawn = capsys.readouterr().out
    assert drawn.startswith("flowchart TD\n")
    target = small.with_name("small.mmd")
    assert _run("draw", str(small), "-o", str(target)) == 0
    assert target.read_text(encoding="utf-8") == drawn


def test_the_shipped_scripts_are_listed_and_known_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("list") == 0
    assert "after_hours" in capsys.readouterr().out
    assert _run("check", "after_hours") == 0


def test_what_is_not_there_is_named(small: Path) -> None:
    with pytest.raises(NotFound, match="satisfaction_survey"):
        _run("check", "nothing_like_it")
    with pytest.raises(BadInput, match="cannot be read"):
        _run("test", str(small), "--conversations", str(small.with_name("none.yml")))
    with pytest.raises(BadInput, match="cannot be written"):
        _run("draw", str(small), "-o", str(small.with_name("none") / "x.mmd"))
    small.write_text("nodes: [", encoding="utf-8")
    with pytest.raises(BadScript):
        _run("draw", str(small))
