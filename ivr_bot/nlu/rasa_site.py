"""A Rasa of our own: installed beside us with an interpreter of its own, trained on our sentences, run on loopback.

Rasa 3.6 wants Python 3.8 to 3.10 and libraries of its time: it is never part of this process.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import aiohttp
import yaml

from crm_core.errors import BadInput, Unavailable
from ivr_bot import environments
from ivr_bot.nlu.examples import Example, written
from ivr_bot.nlu.pipeline import rasa_config

_TRAIN_WITHIN, _SWAP_WITHIN = 300.0, 30.0  # seconds
_VERSION = "3.10"
#: No figures to its makers, no colours, and the processor alone.
_QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
    "PYTHONNOUSERSITE": "1",
}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RasaSite:
    """`venv`: where Rasa is installed; `models`: where what it has learned lies."""

    venv: Path
    models: Path

    @property
    def is_installed(self) -> bool:
        return environments.is_whole(self.venv)

    def has(self, model: Path) -> bool:
        return model.is_file()

    @property
    def log(self) -> Path:
        return self.models / "rasa.log"

    def model(self, name: str) -> Path:
        return self.models / f"{name}.tar.gz"


def rasa_site(env: Mapping[str, str], home: Path) -> RasaSite:
    """Installed once per user and lock, in the cache; models in `home`."""
    return RasaSite(environments.place_of("rasa", _lock(), env), home / "nlu" / "rasa")


async def install(site: RasaSite, env: Mapping[str, str], python: str | None, say: Say) -> None:
    """Install Rasa (1.7 GB, about a minute); nothing is done where it is installed already.

    Raises BadInput when no Python 3.10 is at hand, Unavailable when a package cannot be had.
    """
    if site.is_installed:
        say(f"Rasa stands in {site.venv}.")
        return
    interpreter = await _interpreter(env, python)
    say(f"Installing Rasa with {interpreter} ...")
    await environments.install("Rasa", site.venv, interpreter, _lock(), env)
    say(f"Rasa stands in {site.venv}.")


async def train(site: RasaSite, examples: Sequence[Example], name: str, env: Mapping[str, str]) -> Path:
    """Train on these sentences; the model's file. One that is there already is left alone."""
    _require_installed(site)
    model = site.model(name)
    if model.is_file():
        return model
    site.models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.models) as folder:
        work = Path(folder)
        (work / "config.yml").write_text(yaml.safe_dump(dict(rasa_config()), sort_keys=False))
        (work / "nlu.yml").write_text(written(examples), encoding="utf-8")
        command = [
            "train",
            "nlu",
            "--config",
            "config.yml",
            "--nlu",
            "nlu.yml",
            "--out",
            ".",
            "--fixed-model-name",
            name,
        ]
        quiet = dict(env) | _QUIET
        await environments.run_to_its_end(_rasa(site, command), quiet, _TRAIN_WITHIN, "Rasa could not be trained", work)
        made = work / model.name
        if not made.is_file():
            raise Unavailable(f"Rasa ended its training without a model {model.name}")
        made.replace(model)
    return model


async def serve(site: RasaSite, model: Path, port: int, env: Mapping[str, str]) -> int:
    """Run Rasa on 127.0.0.1 until it ends or we are cancelled; its exit status. What it says goes to `site.log`."""
    _require_installed(site)
    if not site.has(model):  # Rasa would silently load another one
        raise BadInput(str(model), "there is no such model", "Run `trunkline nlu rasa train`")
    command = ["run", "--enable-api", "--model", str(model), "--port", str(port), "--interface", "127.0.0.1"]
    with tempfile.TemporaryDirectory() as folder, site.log.open("wb") as log:  # Rasa looks for a project where it runs
        process = await asyncio.create_subprocess_exec(
            *_rasa(site, command),
            env=dict(env) | _QUIET,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            return await process.wait()
        finally:
            await environments.ended(process)


async def swap(url: str, model: Path) -> None:
    """Let a running Rasa take this model instead of its own, without a stop. Raises Unavailable."""
    told = {"model_file": str(model)}
    try:
        async with (
            asyncio.timeout(_SWAP_WITHIN),
            aiohttp.ClientSession() as session,
            session.put(f"{url}/model", json=told) as answer,
        ):
            if answer.status != 204:
                raise Unavailable(f"Rasa at {url} refuses the model {model.name} with status {answer.status}")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable(f"Rasa at {url} cannot be given its model: {error!r}") from error


def _require_installed(site: RasaSite) -> None:
    if not site.is_installed:
        raise BadInput("Rasa", "it is not installed", "Run `trunkline nlu rasa install`")


def _rasa(site: RasaSite, arguments: Iterable[str]) -> list[str]:
    return [environments.python_of(site.venv), "-m", "rasa", *arguments]


def _lock() -> str:
    return files("ivr_bot.nlu").joinpath("rasa.lock").read_text(encoding="utf-8")


async def _interpreter(env: Mapping[str, str], named: str | None) -> str:
    """A Python 3.10 that runs (a version manager's stand-in may not)."""
    pyenv = Path(env.get("PYENV_ROOT") or Path(env.get("HOME") or Path.home()) / ".pyenv") / "versions"
    kept = sorted(pyenv.glob(f"{_VERSION}.*/bin/python{_VERSION}"), reverse=True)
    candidates = [named] if named else [f"python{_VERSION}", *map(str, kept)]
    for candidate in candidates:
        if await _version(candidate) == _VERSION:
            return candidate
    do = f"Install it (`pyenv install {_VERSION}`, `uv python install {_VERSION}`), or name one: --python FILE"
    raise BadInput("Rasa", f"it needs Python {_VERSION}, and {named or 'none'} is one here", do)


async def _version(candidate: str) -> str | None:
    told = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        process = await asyncio.create_subprocess_exec(
            candidate, "-c", told, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(20):
            out, _ = await process.communicate()
    except (OSError, TimeoutError):
        return None
    return out.decode().strip() if process.returncode == 0 else None
