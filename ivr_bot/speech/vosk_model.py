"""What can be told from a vosk model's folder before it is loaded: is it one, and does it take telephone audio."""

from __future__ import annotations

import re
from pathlib import Path

from crm_core.errors import BadInput
from ivr_bot.speech.ports import LINE_RATE

_OPTION = re.compile(r"^\s*--([\w-]+)(?:\s*=\s*|\s+)?(\S*)", re.MULTILINE)
_USUAL_RATE = 16000  # Kaldi's own default for models


def check_vosk_model(folder: Path) -> None:
    """Raises BadInput when the folder holds no vosk model, or one that would refuse 8 kHz audio."""
    mfcc = mfcc_file(folder)
    refused = refusal_of(mfcc.read_text())
    if refused:
        raise BadInput(str(mfcc), refused, "Write the line --allow-upsample=true into it")


def mfcc_file(folder: Path) -> Path:
    """The model's settings for its features. Raises BadInput naming what is missing."""
    if not folder.is_dir():
        raise BadInput(str(folder), "there is no such folder", "`trunkline models list` shows where models are sought")
    for name in ("conf/mfcc.conf", "mfcc.conf"):  # newer models, older ones
        if (folder / name).is_file():
            return folder / name
    raise BadInput(str(folder), "is no vosk model: it has no conf/mfcc.conf", "Name the folder that was in the zip")


def refusal_of(mfcc: str) -> str | None:
    """Why a model with these settings does not hear 8 kHz audio, or None if it does."""
    options = {name: value for name, value in _OPTION.findall(mfcc)}
    rate = options.get("sample-frequency", "")
    own = float(rate) if re.fullmatch(r"\d+(\.\d+)?", rate) else _USUAL_RATE
    if own <= LINE_RATE or options.get("allow-upsample") in ("true", ""):
        return None
    return f"the model is made for {own:g} Hz and does not allow upsampling, so it refuses telephone audio"
