"""Files of leads that were uploaded, each in a folder of its own with what is known of its import.

The folder is the job: whoever serves the next request finds there how far the import is, and so does the next process
after a crash. `job.json` is replaced whole, so that no reader ever sees half of it. All functions block: call them in a
thread.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from crm_core.domain.lead_files import Duplicates
from crm_core.errors import BadInput, NotFound

#: People's data: what nobody imports is thrown away, and so is a file of failed rows that nobody fetched.
KEPT_FOR = timedelta(days=14)
#: A running import says that it is alive every second; one silent for so long belonged to a process that is gone.
SILENT_FOR = timedelta(seconds=30)
_JOB, _FILE, _FAILED = "job.json", "file", "failed"
_LONGEST_NAME = 120


class UploadState(StrEnum):
    READY = "ready"  # uploaded, not imported yet
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # `error` says why; nothing was written
    STOPPED = "stopped"  # by somebody; nothing was written


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file and its import. `columns`: title → field where the guess is wrong; `counts`: what became of the
    rows; `failed_name`: the file of failed rows beside it, "" for none; `told_at`: when it was last heard of."""

    id: str
    user_id: int
    by: str
    name: str
    bytes: int
    created_at: datetime
    told_at: datetime
    state: UploadState = UploadState.READY
    list_name: str = ""
    country: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    duplicates: Duplicates = Duplicates.SKIP
    done: int = 0
    whole: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    list_id: int | None = None
    failed_name: str = ""
    error: str = ""

    def is_silent(self, now: datetime) -> bool:
        """Whether it was running in a process that is gone."""
        return self.state is UploadState.RUNNING and now - self.told_at > SILENT_FOR


class UploadFolder:
    """All uploads, in folders below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def begin(self, name: str) -> tuple[str, Path, IO[bytes]]:
        """A new folder: its id, the path of the file, and the file open for writing."""
        upload_id = secrets.token_hex(8)
        kept = safe_name(name)
        folder = self._root / upload_id / _FILE
        folder.parent.mkdir(parents=True, mode=0o700)
        folder.mkdir()
        path = folder / kept
        return upload_id, path, path.open("wb")

    def path_of(self, upload: Upload) -> Path:
        return self._root / upload.id / _FILE / upload.name

    def failed_path(self, upload: Upload) -> Path:
        """Where the failed rows of its import go: a folder of their own, so that no file of the user's is hit."""
        folder = self._root / upload.id / _FAILED
        folder.mkdir(exist_ok=True)
        return folder / f"{Path(upload.name).stem}.failed.{'xlsx' if upload.name.endswith('.xlsx') else 'csv'}"

    def save(self, upload: Upload) -> None:
        """Write what is known of it; whoever reads finds either this or what was before."""
        folder = self._root / upload.id
        part = folder / f"{_JOB}.{os.getpid()}.{secrets.token_hex(4)}"
        part.write_text(json.dumps({f.name: _out(getattr(upload, f.name)) for f in fields(Upload)}))
        part.replace(folder / _JOB)

    def load(self, upload_id: str) -> Upload:
        """Raises NotFound."""
        if not (len(upload_id) == 16 and upload_id.isascii() and upload_id.isalnum()):
            raise NotFound("upload", upload_id)
        try:
            return _upload(json.loads((self._root / upload_id / _JOB).read_text()))
        except OSError:
            raise NotFound("upload", upload_id) from None

    def every(self) -> list[Upload]:
        """All of them, the newest first."""
        found = []
        for path in self._root.glob(f"*/{_JOB}"):
            try:
                found.append(_upload(json.loads(path.read_text())))
            except OSError:  # thrown away meanwhile
                continue
        return sorted(found, key=lambda one: one.created_at, reverse=True)

    def remove(self, upload_id: str) -> None:
        shutil.rmtree(self._root / upload_id, ignore_errors=True)

    def throw_away_old(self, now: datetime) -> list[str]:
        """Remove what nobody has touched for `KEPT_FOR`; returns the ids."""
        old = [one.id for one in self.every() if now - one.told_at > KEPT_FOR]
        for upload_id in old:
            self.remove(upload_id)
        return old


def safe_name(name: str) -> str:
    """A file's name without its path and without what a file system, or a page, could take for something else."""
    plain = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in plain).strip(" .")
    stem, dot, ending = kept.rpartition(".")
    if not dot:
        stem, ending = kept, ""
    if not stem:
        raise BadInput("file", "it has no name", "Give it one that ends in .csv or .xlsx")
    while len((short := stem[:_LONGEST_NAME]).encode()) > 2 * _LONGEST_NAME:
        stem = short[:-1]
    return short + dot + ending[:8]


def _out(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def _upload(data: Mapping[str, Any]) -> Upload:
    times = {name: datetime.fromisoformat(data[name]) for name in ("created_at", "told_at")}
    kinds = {"state": UploadState(data["state"]), "duplicates": Duplicates(data["duplicates"])}
    return Upload(**{**data, **times, **kinds})
