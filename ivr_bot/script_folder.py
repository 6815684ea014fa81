"""A site's scripts as files: listed with the shipped ones, read, written in one stroke, removed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from crm_core.domain.scripts import SCRIPT_NAME, ScriptSource, ScriptText
from crm_core.errors import BadInput, Conflict, NotFound, Stale
from ivr_bot.dialog.shipped import conversations_of, shipped_scripts

_TEST = ".test"


class ScriptFolder:
    """`own` holds `<name>.yml` and `<name>.test.yml`; a script there hides the shipped one of its name."""

    def __init__(self, own: Path) -> None:
        self._own = own

    def names(self) -> list[str]:
        found = {path.stem for path in [*self._own.glob("*.yml"), *shipped_scripts()]}
        return sorted(name for name in found if not name.endswith(_TEST) and SCRIPT_NAME.fullmatch(name))

    def read(self, name: str) -> ScriptSource:
        """Raises NotFound, and BadInput for a file that cannot be read."""
        own, shipped = self._file(name), {path.stem: path for path in shipped_scripts()}
        is_own = own is not None and own.is_file()
        path = own if is_own else shipped.get(name)
        if path is None:
            raise NotFound("script", name, f"Choose of {', '.join(self.names())}")
        tests = conversations_of(path)
        text = ScriptText(_text(path), _text(tests) if tests.is_file() else "")
        return ScriptSource(name, text, version_of(text), is_own, name in shipped)

    def write(self, name: str, text: ScriptText, seen: int | None) -> ScriptSource:
        """Keep it as the site's own. Raises Stale, Conflict for a name that is taken, BadInput for what is no name."""
        check_name(name)
        own = self._own / f"{name}.yml"
        if seen is None and name in self.names():
            raise Conflict(f"there is a script {name!r} already: choose another name")
        if seen is not None:
            self._check_seen(self.read(name), text, seen)
        self._own.mkdir(parents=True, exist_ok=True)
        # The conversations first: a script is never there with those of the text before.
        if text.tests.strip():
            _put(conversations_of(own), text.tests)
        else:
            conversations_of(own).unlink(missing_ok=True)
        _put(own, text.script)
        return self.read(name)

    def remove(self, name: str, seen: int) -> None:
        """Remove the site's own. Raises NotFound, Stale, Conflict where there is none but the shipped one."""
        found, own = self.read(name), self._file(name)
        if own is None or not found.is_own:
            raise Conflict(f"the script {name!r} is a shipped one: there is nothing of your own to remove")
        self._check_seen(found, ScriptText(""), seen)
        own.unlink(missing_ok=True)
        conversations_of(own).unlink(missing_ok=True)

    def _file(self, name: str) -> Path | None:
        """None: it is no name, but a path perhaps."""
        return self._own / f"{name}.yml" if SCRIPT_NAME.fullmatch(name) else None

    @staticmethod
    def _check_seen(current: ScriptSource, yours: ScriptText, seen: int) -> None:
        if current.version != seen:
            now = {"version": current.version, "script": current.text.script, "tests": current.text.tests}
            raise Stale("script", current.name, now, {"script": yours.script, "tests": yours.tests})


def check_name(name: str) -> None:
    """Raises BadInput for what is no name: a path, for instance."""
    if not SCRIPT_NAME.fullmatch(name):
        what = f"{name!r} is no name for a script"
        raise BadInput("name", what, "Small letters, digits and _ are expected, a letter first")


def version_of(text: ScriptText) -> int:
    """Another number for another text; it fits into a header."""
    digest = hashlib.sha256(f"{text.script}\0{text.tests}".encode()).digest()
    return int.from_bytes(digest[:4]) >> 2


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(path.name), f"the file cannot be read: {error}", "Mend it on the server") from error


def _put(path: Path, text: str) -> None:
    """Whoever reads finds the old text or the new one."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".", delete=False, encoding="utf-8") as out:
        out.write(text if text.endswith("\n") else text + "\n")
    Path(out.name).chmod(0o644)
    os.replace(out.name, path)
