"""A vosk model's folder before it is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.errors import BadInput
from ivr_bot.speech.vosk_model import check_vosk_model, refusal_of


@pytest.mark.parametrize(
    ("mfcc", "hears"),
    [
        ("--allow-upsample=true", True),
        ("--sample-frequency=16000\n--allow-upsample=true\n", True),
        ("--sample-frequency=8000", True),
        ("  --sample-frequency = 8000 ", True),
        ("--allow-upsample", True),
        ("--sample-frequency=16000", False),
        ("--allow-upsample=false", False),
        ("--use-energy=false\n# --allow-upsample=true", False),
        ("", False),
    ],
)
def test_whether_a_model_hears_a_telephone_is_read_from_its_settings(mfcc: str, hears: bool) -> None:
    assert (refusal_of(mfcc) is None) == hears


def test_what_is_no_model_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such folder"):
        check_vosk_model(tmp_path / "nobody")
    with pytest.raises(BadInput, match=r"no conf/mfcc\.conf"):
        check_vosk_model(tmp_path)


def test_older_models_keep_their_settings_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "mfcc.conf").write_text("--allow-upsample=true")
    check_vosk_model(tmp_path)
