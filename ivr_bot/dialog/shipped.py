"""Where scripts are found: files of the user, and those that are shipped by name."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from crm_core.errors import NotFound

_TEST = ".test.yml"


def shipped_scripts() -> tuple[Path, ...]:
    """The files of the shipped scripts, by name."""
    with as_file(files("ivr_bot").joinpath("flows")) as folder:
        return tuple(sorted(path for path in folder.glob("*.yml") if not path.name.endswith(_TEST)))


def found_script(named: str) -> Path:
    """A script by its file, or by the name of a shipped one. NotFound says which there are."""
    path = Path(named)
    if path.is_file():
        return path
    known = {shipped.stem: shipped for shipped in shipped_scripts()}
    if named in known:
        return known[named]
    raise NotFound("script", named, f"Give a file or one of {', '.join(known)}")


def conversations_of(script: Path) -> Path:
    """The conversations that try a script out stand beside it."""
    return script.with_name(script.stem + _TEST)
