"""`trunkline models`: list and fetch."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from crm_core.__main__ import main

_NAME = "vosk-model-small-xx-0.1"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The site's folder of models, empty; no address of a site."""
    monkeypatch.setenv("SPEECH_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("VOSK_MODELS_URL", raising=False)
    return tmp_path / "models"


def _zip(file: Path) -> str:
    with zipfile.ZipFile(file, "w") as out:
        out.writestr(f"{_NAME}/conf/mfcc.conf", "--sample-frequency=16000\n")
    return str(file)


def test_the_list_says_what_is_ready_and_where_it_was_sought(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    told = capsys.readouterr().out
    lines = {
        name: line for line in told.splitlines() for name in line.split() if name.startswith(("vosk-", "whisper-"))
    }
    assert "ready" in lines["whisper-tiny.en"]
    assert "not here" in lines["vosk-model-small-ru-0.22"]
    assert str(models) in told


def test_a_fetched_model_is_in_the_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "fetch", _zip(tmp_path / "model.zip")]) == 0
    assert "--allow-upsample=true was added" in capsys.readouterr().out
    assert main(["models", "list"]) == 0
    assert _NAME in capsys.readouterr().out


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("vosk-model-small-ru-0.22", "VOSK_MODELS_URL: is not set"),
        ("./nobody.zip", "there is no such file"),
        ("http://127.0.0.1:1/model.zip", "cannot be reached"),
    ],
)
def test_a_model_that_cannot_be_had_is_told_in_one_line(
    model: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "fetch", model]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
