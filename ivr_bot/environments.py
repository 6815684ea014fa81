"""Interpreter environments beside our own, for programs whose packages or licences must not meet ours."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from crm_core.errors import Unavailable

_INSTALL_WITHIN = 1200.0  # seconds
_GONE_WITHIN = 10.0
_SAID_LINES = 15  # of what a program says about its fault


def place_of(name: str, lock: str, env: Mapping[str, str]) -> Path:
    """Where the environment of a lock belongs: once per user, in the cache."""
    base = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or Path.home()) / ".cache")
    return base / "trunkline" / name.lower() / hashlib.sha256(lock.encode()).hexdigest()[:12]


def is_whole(venv: Path) -> bool:
    """Whether everything in it was installed."""
    return (venv / ".whole").is_file()


def python_of(venv: Path) -> str:
    return str(venv / "bin" / "python")


async def install(
    name: str, venv: Path, interpreter: str, lock: str, env: Mapping[str, str], options: Sequence[str] = ()
) -> None:
    """Make it and install the lock's packages, with these `options` of pip. Raises Unavailable: one cannot be had."""
    venv.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(venv, ignore_errors=True)
    made = [interpreter, "-m", "venv", str(venv)]
    await run_to_its_end(made, env, _INSTALL_WITHIN, f"{name} could not get an environment of its own")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "packages.lock"
        file.write_text(lock)
        pip = [python_of(venv), "-m", "pip", "install", "-q", "--no-deps", *options, "-r", str(file)]
        await run_to_its_end(pip, env, _INSTALL_WITHIN, f"{name} could not be installed")
    (venv / ".whole").touch()


async def run_to_its_end(
    command: Sequence[str], env: Mapping[str, str], seconds: float, fault: str, cwd: Path | None = None
) -> None:
    """Raises Unavailable with `fault` and what the program said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(env),
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate()
    except TimeoutError:
        raise Unavailable(f"{fault} within {seconds:g} s") from None
    finally:
        await ended(process)
    if process.returncode != 0:
        said = "\n".join(out.decode(errors="replace").strip().splitlines()[-_SAID_LINES:])
        raise Unavailable(f"{fault}:\n{said}")


async def ended(process: asyncio.subprocess.Process) -> None:
    """Gone, with all it started in its session."""
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            async with asyncio.timeout(_GONE_WITHIN):
                await process.wait()
            return
        except ProcessLookupError:
            return
        except TimeoutError:
            continue
