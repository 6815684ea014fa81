"""A site's scripts by name: its own, then the shipped ones."""

from __future__ import annotations

from pathlib import Path

from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.script import Script
from ivr_bot.dialog.shipped import found_script


class Scripts:
    """Scripts by name: a site's own, then the shipped ones. A file that has changed is read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[float, Script]] = {}

    def __call__(self, name: str) -> Script:
        """The script of this name. Raises NotFound, and BadScript for one that is not sound."""
        own = self._folder / f"{name}.yml"
        path = own if own.is_file() else found_script(name)
        changed_at = path.stat().st_mtime
        known = self._read.get(path)
        if known is None or known[0] != changed_at:
            known = self._read[path] = (changed_at, load_script(path))
        return known[1]
