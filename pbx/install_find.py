"""Finds an Asterisk that is new enough: one the user names, one on the PATH, or one made before."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pbx.errors import AsteriskMissing

#: Older ones deadlock under load (asterisk#1962, 22.9.0) or lack the websocket channel driver.
OLDEST_USABLE = (22, 10)
#: The project's own Asterisk: a link to the finished root folder in the user's cache.
PROJECT_ROOT = ".asterisk/root"
_VERSION = re.compile(r"(?:^|[\s:])(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Asterisk:
    """An Asterisk program; `root` is the folder it lives in if it isn't the machine's own."""

    binary: Path
    root: Path | None
    version: tuple[int, ...]

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def is_usable(self) -> bool:
        return self.version[:2] >= OLDEST_USABLE


def parse_version(text: str) -> tuple[int, ...] | None:
    """Read `Asterisk 22.10.1+dfsg…` or a package version such as `1:22.10.1+dfsg…`."""
    found = _VERSION.search(text)
    return tuple(int(part) for part in found.groups() if part is not None) if found else None


def find_asterisk(project: Path, env: Mapping[str, str]) -> Asterisk | None:
    """The Asterisk to use, if there is one already; the user's own choice must work or it is an error."""
    if named := env.get("TRUNKLINE_ASTERISK"):
        return named_asterisk(Path(named).expanduser())
    on_path = shutil.which("asterisk", path=_path_with_sbin(env))
    if on_path and (system := _asked(Path(on_path), None)) and system.is_usable:
        return system
    return finished_root(project / PROJECT_ROOT)


def named_asterisk(path: Path) -> Asterisk:
    """What TRUNKLINE_ASTERISK points at: a program, or a root folder with usr/sbin/asterisk in it."""
    root = path.resolve() if path.is_dir() else None
    binary = Path("/usr/sbin/asterisk") if root else path
    inside = root / "usr/sbin/asterisk" if root else path
    if not inside.is_file():
        raise AsteriskMissing(f"TRUNKLINE_ASTERISK={path}: there is no Asterisk program at {inside}")
    found = _asked(binary, root)
    if found is None:
        raise AsteriskMissing(f"TRUNKLINE_ASTERISK={path}: it does not tell its version (asterisk -V)")
    if not found.is_usable:
        raise AsteriskMissing(f"TRUNKLINE_ASTERISK={path} is Asterisk {found.version_text}; 22.10 or later is needed")
    return found


def finished_root(link: Path) -> Asterisk | None:
    """A root folder we made: its real name says the version, so nothing needs to be started to know it."""
    root = link.resolve()
    if not (root / "usr/sbin/asterisk").is_file():
        return None
    version = parse_version(root.name)
    found = Asterisk(Path("/usr/sbin/asterisk"), root, version) if version else None
    return found if found and found.is_usable else None


def newest_root(cache: Path) -> Asterisk | None:
    """The newest finished root folder in the cache."""
    candidates = (finished_root(folder) for folder in cache.glob("[0-9]*") if folder.is_dir())
    return max((found for found in candidates if found), key=lambda found: found.version, default=None)


def cache_folder(env: Mapping[str, str]) -> Path:
    """Where finished root folders are kept, by version and machine type."""
    base = env.get("XDG_CACHE_HOME") or str(Path(env.get("HOME") or Path.home()) / ".cache")
    return Path(base) / "trunkline" / "asterisk"


def _path_with_sbin(env: Mapping[str, str]) -> str:
    """Asterisk is in sbin, which an ordinary user's PATH leaves out."""
    return os.pathsep.join([env.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])


def _asked(binary: Path, root: Path | None) -> Asterisk | None:
    command = [str(binary), "-V"] if root is None else ["chroot", str(root), str(binary), "-V"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = parse_version(answer.stdout) if answer.returncode == 0 else None
    return Asterisk(binary, root, version) if version else None
