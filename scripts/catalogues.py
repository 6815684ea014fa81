"""Bring the .po files up to what templates and Python of crm_core/web say, and list what is not translated yet.

Usage: .venv/bin/python scripts/catalogues.py [AREA …]. Without areas all of them; other files are not touched. Ends
with 1 when something is missing. An area is what `templates/AREA/`, `pages/AREA.py` and
`pages/AREA_*.py` say; everything else is "shell". What the shell says already is not repeated. "errors" is what our
errors say (error_messages.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.pofile import write_po

from crm_core.web.pages.catalogues import FOLDER, empty_catalogue, read_area
from crm_core.web.viewer import LANGUAGES, SOURCE_LANGUAGE

sys.path.append(str(Path(__file__).parents[1]))  # started as a program it sees its own folder alone
from scripts import error_messages

WEB = FOLDER.parent
SHELL, ERRORS = "shell", "errors"
_KEYWORDS = DEFAULT_KEYWORDS | {"mark": None}
#: As the environment of rendering.py reads templates.
_JINJA = {"extensions": "jinja2.ext.do", "trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
_NOTE = "NOTE:"
#: Modules of pages/ that belong to no area; the others belong to the one that their name begins with.
_SHELL_MODULES = set(
    "__init__ catalogues formats front hall hints island_words mount navigation offline rendering words".split()
)
_BY_ITSELF = (
    "Project-Id",
    "Report-Msgid",
    "POT-Creation",
    "PO-Revision",
    "Last-Translator",
    "Language-Team",
    "Generated",
)

#: Context and singular: what makes a message the same in every file.
Key = tuple[str, str]


def extracted() -> Mapping[str, Catalog]:
    """What the sources say, by area; an area that says nothing of its own is left out."""
    found = {SHELL: Catalog(domain=SHELL)}
    for path in sorted([*WEB.rglob("*.html"), *WEB.rglob("*.py")], key=lambda path: (area_of(path) != SHELL, path)):
        if "node_modules" in path.parts:
            continue
        for line, message, comments, context in _messages(path):
            area = SHELL if found[SHELL].get(message, context) else area_of(path)
            where = [(path.relative_to(WEB).as_posix(), line)]
            found.setdefault(area, Catalog(domain=area)).add(
                message, locations=where, auto_comments=comments, context=context
            )
    found[ERRORS] = Catalog(domain=ERRORS)  # these are looked for here alone: what the shell says is repeated
    for one in error_messages.met():
        found[ERRORS].add(one.text, locations=[(f"../{one.module}", one.line)], context=one.context)
    return found


def area_of(path: Path) -> str:
    """To whom a source file belongs."""
    parts = path.relative_to(WEB).parts
    if parts[0] == "templates" and len(parts) > 2:
        return parts[1]
    if parts[0] == "pages" and path.stem not in _SHELL_MODULES:
        return path.stem.partition("_")[0]
    return SHELL


def areas() -> list[str]:
    """All areas there are, also those that say nothing."""
    sources = [*(WEB / "templates").rglob("*.html"), *(WEB / "pages").glob("*.py")]
    return sorted({area_of(path) for path in sources} | {ERRORS})


def keys(catalogue: Catalog) -> dict[Key, object]:
    """The messages of a catalogue by what makes them the same."""
    return {_key(one.context, one.id): one for one in catalogue if one.id}


def update(area: str, template: Catalog, code: str) -> Catalog:
    """One .po file brought up to date: translations stay, new messages come in empty or as another area says them,
    old ones go."""
    path = FOLDER / code / f"{area}.po"
    old = _said_elsewhere(code) | (_whole(read_area(path, code)) if path.exists() else {})
    new = empty_catalogue(code, area)
    for message in template:
        if not message.id:
            continue
        said = getattr(old.get(_key(message.context, message.id)), "string", "")
        fits = isinstance(said, tuple) == isinstance(message.id, tuple)
        new.add(
            message.id,
            said if fits else "",
            locations=[(place, 0) for place in dict.fromkeys(file for file, _line in message.locations)],
            auto_comments=message.auto_comments,
            context=message.context,
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, new, width=120, sort_output=True, omit_header=False, include_lineno=False)
    _without_dates(path)
    return new


def _said_elsewhere(code: str) -> dict[Key, object]:
    """What some area says already; what two of them share has one translation."""
    said: dict[Key, object] = {}
    for path in sorted((FOLDER / code).glob("*.po")):
        said |= _whole(read_area(path, code))
    return said


def _whole(catalogue: Catalog) -> dict[Key, object]:
    return {key: one for key, one in keys(catalogue).items() if _is_whole(getattr(one, "string", ""))}


def missing(catalogue: Catalog) -> list[str]:
    """What is not translated, in a plural form or altogether."""
    return [_key(one.context, one.id)[1] for one in catalogue if one.id and not _is_whole(one.string)]


def _is_whole(said: object) -> bool:
    return all(said) if isinstance(said, (tuple, list)) else bool(said)


def _key(context: str | None, message: str | tuple[str, ...] | list[str]) -> Key:
    return context or "", message if isinstance(message, str) else message[0]


def _messages(path: Path) -> Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    if path.suffix == ".py":
        yield from extract_from_file("python", path, _KEYWORDS, [_NOTE])
    else:
        yield from extract_from_file("jinja2.ext:babel_extract", path, _KEYWORDS, [_NOTE], _JINJA)


def _without_dates(path: Path) -> None:
    """Head lines that change by themselves would make every two versions clash."""
    head, _, rest = path.read_text().partition("\n\n")
    dropped = ("#", *(f'"{name}' for name in _BY_ITSELF))
    path.write_text("\n".join(one for one in head.splitlines() if not one.startswith(dropped)) + "\n\n" + rest)


def main(wanted: list[str]) -> int:
    """Update and report."""
    found = extracted()
    unknown = sorted(set(wanted) - set(found))
    if unknown:
        print(f"no such area: {', '.join(unknown)}; there are {', '.join(sorted(found))}")  # noqa: T201
        return 2
    count = 0
    for area in wanted or sorted(found):
        for code in LANGUAGES:
            if code == SOURCE_LANGUAGE:
                continue
            lacking = missing(update(area, found[area], code))
            count += len(lacking)
            for message in lacking:
                print(f"{code}/{area}.po: {message}")  # noqa: T201
    print(f"{count} missing")  # noqa: T201
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
