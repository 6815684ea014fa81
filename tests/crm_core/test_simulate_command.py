"""`trunkline simulate`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_core.__main__ import main

SHORT = ["simulate", "--operators", "3", "--hours", "0.2", "--seeds", "2", "--jobs", "1"]


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_rules_stand_side_by_side_in_a_table_a_file_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, drawn = tmp_path / "figures.json", tmp_path / "picture.svg"
    wanted = [*SHORT, "--rule", "progressive", "--rule", "ours", "--limit", "5", "--free", "10"]
    assert main([*wanted, "--json", str(figures), "--picture", str(drawn)]) == 0
    told = capsys.readouterr().out
    assert "model: 3 operators, 0.2 h, 2 shifts" in told
    assert "…" not in told
    kept = json.loads(figures.read_text())
    assert kept["limit"] == 0.05
    assert kept["world"]["agents"] == 3
    for rule in ("progressive", "ours"):
        mean = kept["rules"][rule]["occupancy"]["mean"]
        row = next(line for line in told.splitlines() if line.split()[:1] == [rule])
        assert row.split()[1] == f"{100 * mean:.1f}"
        assert [shift["seed"] for shift in kept["rules"][rule]["shifts"]] == [0, 1]
    assert drawn.read_text().startswith("<svg ")


def test_a_world_from_a_file_is_simulated_as_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yml"
    file.write_text("agents: 4\nhours: 0.2\nwork: {talk_samples: [20, 40, 300]}\n")
    assert main(["simulate", "--world", str(file), "--seeds", "7-7", "--rule", "vicidial"]) == 0
    assert "mine.yml: 4 operators, 0.2 h, 1 shift" in capsys.readouterr().out


def test_the_shipped_worlds_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--worlds"]) == 0
    assert "jump-down" in capsys.readouterr().out


def test_of_a_campaign_that_is_not_there_no_world_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'crm.sqlite'}")
    assert main(["db", "upgrade"]) == 0
    assert main(["simulate", "--from-campaign", "spring"]) == 2
    assert "there is no campaign 'spring'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--world", "mars"], "'mars' is neither a shipped world nor a file. Expected: model"),
        (["--rule", "best"], "there is no rule 'best'. Expected: progressive"),
        (["--operators", "0"], "--operators: 0 cannot be simulated"),
        (["--hours", "30"], "--hours: 30 is no length of a shift"),
        (["--seeds", "9-3"], "--seeds: '9-3' says no seeds"),
        (["--seeds", "many"], "--seeds: 'many' says no seeds"),
        (["--limit", "100"], "--limit: 100 is no share in percent"),
        (["--free", "-1"], "--free: -1 is no share in percent"),
        (["--jobs", "0"], "--jobs: 0 processes cannot work"),
        (["--json", "/nowhere/at/all.json"], "its folder does not exist"),
    ],
)
def test_what_cannot_be_is_refused_in_words(more: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, *more]) == 2
    assert told in capsys.readouterr().err


def test_a_fault_in_a_file_says_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yml"
    file.write_text("agents: 4\nwork:\n  talks: 90\n")
    assert main(["simulate", "--world", str(file)]) == 2
    assert f"{file}:3: the key 'talks' is not known here. Expected: talk," in capsys.readouterr().err


def test_a_file_that_is_no_text_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yml"
    file.write_bytes(b"\xff\xfe\xff")
    assert main(["simulate", "--world", str(file)]) == 2
    assert "it cannot be read" in capsys.readouterr().err
