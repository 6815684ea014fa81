"""Reads the machine's apt sources: which mirror it already uses for Debian. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$")
#: Names a suite may go by besides its release's code name.
_DEBIAN_SUITES = frozenset({"stable", "testing", "unstable", "sid"})


@dataclass(frozen=True, slots=True)
class Source:
    """One archive of the machine's apt sources."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None


def parse_sources(name: str, text: str) -> list[Source]:
    """The binary archives named in one file: deb822 if it ends in .sources, else one line each."""
    if name.endswith(".sources"):
        return [source for stanza in _stanzas(text) for source in _from_stanza(stanza)]
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [_from_line(match) for line in lines if (match := _ONE_LINE.match(line))]


def debian_source(sources: Iterable[Source], codename: str) -> Source | None:
    """The first archive that serves this Debian release's main component."""
    wanted = _DEBIAN_SUITES | {codename}
    return next((found for found in sources if wanted & set(found.suites) and "main" in found.components), None)


def _stanzas(text: str) -> Iterator[Mapping[str, str]]:
    """Field names in lower case; continuation lines joined by spaces (deb822(5))."""
    fields: dict[str, str] = {}
    last = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, last = {}, ""
        elif line[0] in " \t":
            if last:
                fields[last] += " " + line.strip()
        elif ":" in line:
            last, _, value = line.partition(":")
            last = last.strip().lower()
            fields[last] = value.strip()


def _from_stanza(fields: Mapping[str, str]) -> list[Source]:
    off = fields.get("enabled", "yes").lower() in ("no", "false", "0")
    if off or "deb" not in fields.get("types", "").split():
        return []
    suites, components = tuple(fields.get("suites", "").split()), tuple(fields.get("components", "").split())
    signed_by = _key_file(fields.get("signed-by", ""))
    return [Source(uri, suites, components, signed_by) for uri in fields.get("uris", "").split()]


def _from_line(match: re.Match[str]) -> Source:
    options = dict(option.partition("=")[::2] for option in (match["options"] or "").split())
    components = tuple(match["components"].split())
    return Source(match["uri"], (match["suite"],), components, _key_file(options.get("signed-by", "")))


def _key_file(signed_by: str) -> str | None:
    """A key ring's path; a key written out in place, or a fingerprint, is of no use to debootstrap."""
    first = signed_by.split(",")[0].split()
    return first[0] if first and first[0].startswith("/") and first[0].endswith(".gpg") else None
