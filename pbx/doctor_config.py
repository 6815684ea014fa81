"""Reads a site's own Asterisk configuration with pyst2's parser, which knows neither includes nor templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from asterisk.config import Config, ParseError

from pbx.errors import BadSite

_INCLUDE = re.compile(r'^#(?P<kind>try)?include\s+"?(?P<path>[^"\s]+)"?\s*$')
_SECTION = re.compile(r"^(\[[^\]]+\])\s*\([^)]*\)")
#: Includes of includes of includes: deeper is a circle.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Section:
    """One `[name]` with its `key = value` lines in order."""

    name: str
    items: tuple[tuple[str, str], ...]

    def last(self, key: str, default: str = "") -> str:
        """The value that counts for a setting given once or more."""
        return next((value for name, value in reversed(self.items) if name == key), default)

    def all(self, *keys: str) -> list[str]:
        return [value for name, value in self.items if name in keys]


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """The sections of every file that was there, by file name."""

    files: Mapping[str, tuple[Section, ...]]
    #: What could not be read, by file name.
    broken: Mapping[str, str]

    def section(self, file: str, name: str) -> Section | None:
        """All parts of a section that is opened more than once, joined as Asterisk does."""
        parts = [section for section in self.files.get(file, ()) if section.name == name]
        return Section(name, tuple(item for part in parts for item in part.items)) if parts else None


class _ConfigOfLines(Config):  # type: ignore[misc]  # pyst2 has no types
    """pyst2's parser on lines at hand; its own reading leaves the file open."""

    def __init__(self, lines: list[str]) -> None:
        self._given = lines
        super().__init__("")

    def load(self) -> None:
        self.raw_lines = self._given


def read_site_config(folder: Path, names: tuple[str, ...]) -> SiteConfig:
    files: dict[str, tuple[Section, ...]] = {}
    broken: dict[str, str] = {}
    for name in names:
        if not (folder / name).exists():
            continue
        try:
            files[name] = read_file(folder, name)
        except BadSite as error:
            broken[name] = str(error)
    return SiteConfig(files, broken)


def read_file(folder: Path, name: str) -> tuple[Section, ...]:
    """One file with its includes put in place and template marks taken off."""
    lines = [_SECTION.sub(r"\1", line.strip()) for line in _with_includes(folder, name, 0)]
    try:
        parsed = _ConfigOfLines(lines)
    except ParseError as error:
        raise BadSite(f"line {error.args[0]} after includes: {error.args[-1]}") from error
    return tuple(
        Section(category.name, tuple((item.name, item.value.strip()) for item in category.items))
        for category in parsed.categories
    )


def _with_includes(folder: Path, name: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise BadSite(f"{name} includes itself")
    try:
        text = (folder / name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadSite(f"{name}: {error.strerror}") from error
    for line in text.splitlines():
        include = _INCLUDE.match(line.split(";")[0].strip())
        if include is None:
            yield line
            continue
        found = sorted(folder.glob(include["path"])) if not include["path"].startswith("/") else [Path(include["path"])]
        if not found and not include["kind"]:
            raise BadSite(f"{name} includes {include['path']}, which is not there")
        for path in found:
            yield from _with_includes(folder, str(path), depth + 1)
