"""Getting a vosk model: from a site, or from a zip at hand; checked, unpacked safely, in place at one stroke."""

from __future__ import annotations

import asyncio
import hashlib
import lzma
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import aiohttp

from crm_core.errors import BadInput, BadSetting, Conflict, Unavailable
from ivr_bot.speech.vosk_model import check_vosk_model, mfcc_file, refusal_of

#: Bytes got so far and bytes in all (None: the site does not say).
Progress = Callable[[int, int | None], None]

_PIECE = 1 << 16
_MOST_BYTES = 8 << 30  # unpacked; the largest vosk model has 4 GB
#: What zipfile raises on a damaged file, found by damaging one byte by byte; OSError is a full disk as well.
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
)
_SILENT_FOR = 30  # seconds without a byte


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where the model stands now; `upsampling_added`: it refused telephone audio, and its settings were mended."""

    folder: Path
    upsampling_added: bool


def address_of(source: str, site: str | None) -> str | Path:
    """The zip meant by an address, a file, or a model's name. Raises BadInput, BadSetting."""
    if urlsplit(source).scheme in ("http", "https"):
        return source
    if source.endswith(".zip") or "/" in source:
        if not Path(source).is_file():
            raise BadInput(source, "there is no such file", "Give a zip, an address (https://...) or a model's name")
        return Path(source)
    if not site:
        raise BadSetting("VOSK_MODELS_URL", "is not set, so a name alone is not enough", "Set it, or give the address")
    return f"{site.rstrip('/')}/{source}.zip"


async def fetch_model(
    source: str, into: Path, *, site: str | None = None, sha256: str | None = None, progress: Progress | None = None
) -> Fetched:
    """Bring a model into the folder `into`. What fails leaves nothing behind.

    Raises Unavailable: the site cannot be reached or has no such file; BadInput: another hash, no sound zip, no model;
    Conflict: it is there already.
    """
    address = address_of(source, site)
    await asyncio.to_thread(into.mkdir, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".fetch-", ignore_cleanup_errors=True) as work:
        zipped = address if isinstance(address, Path) else Path(work) / "model.zip"
        if isinstance(address, str):
            await _download(address, zipped, progress or (lambda _got, _all: None))
        return await asyncio.to_thread(_put_in_place, zipped, Path(work), into, sha256)


async def _download(url: str, to: Path, progress: Progress) -> None:
    timeout = aiohttp.ClientTimeout(total=None, connect=_SILENT_FOR, sock_read=_SILENT_FOR)
    try:
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as client, client.get(url) as response:
            if response.status != 200:
                raise Unavailable(f"{url} cannot be fetched: the site answers {response.status} {response.reason}")
            got = 0
            with to.open("wb") as out:
                async for piece in response.content.iter_chunked(_PIECE):
                    out.write(piece)
                    progress(got := got + len(piece), response.content_length)
    except aiohttp.InvalidURL:
        raise BadInput(url, "is no address") from None
    except (aiohttp.ClientError, TimeoutError) as error:
        said = str(error) or f"nothing came for {_SILENT_FOR} s"
        raise Unavailable(f"{url} cannot be reached: {said}. A zip got by other means will do: name the file") from None


def _put_in_place(zipped: Path, work: Path, into: Path, sha256: str | None) -> Fetched:
    if sha256 is not None:
        _check_hash(zipped, sha256)
    name = unpack(zipped, work / "unpacked")
    folder = work / "unpacked" / name
    mended = _allow_upsampling(folder)
    check_vosk_model(folder)
    target = into / name
    if target.exists():
        raise Conflict(f"{target} is there already: remove it first to fetch it again")
    folder.rename(target)
    return Fetched(target, mended)


def _check_hash(zipped: Path, sha256: str) -> None:
    with zipped.open("rb") as source:
        found = hashlib.file_digest(source, "sha256").hexdigest()
    if found != sha256.lower():
        raise BadInput(str(zipped.name), f"its sha256 is {found}, not {sha256}", "Fetch it again or ask who gave it")


def unpack(zipped: Path, to: Path) -> str:
    """Unpack a zip of one folder; that folder's name. Raises BadInput: no zip, or entries that lead out of it."""
    try:
        with zipfile.ZipFile(zipped) as archive:
            entries = archive.infolist()
            name = _one_folder(zipped, [_safe(zipped, entry) for entry in entries])
            if sum(entry.file_size for entry in entries) > min(_MOST_BYTES, shutil.disk_usage(zipped.parent).free):
                raise BadInput(zipped.name, "unpacks to more than there is room for")
            archive.extractall(to)
            return name
    except _ZIP_FAULTS as error:
        raise BadInput(zipped.name, f"cannot be unpacked: {error}", "Fetch it again") from None


def _safe(zipped: Path, entry: zipfile.ZipInfo) -> PurePosixPath:
    path = PurePosixPath(entry.filename)
    bad = path.is_absolute() or ".." in path.parts or "\\" in entry.filename
    if bad or stat.S_ISLNK(entry.external_attr >> 16):
        raise BadInput(zipped.name, f"its entry {entry.filename!r} leads out of the folder", "Do not trust this file")
    return path


def _one_folder(zipped: Path, paths: list[PurePosixPath]) -> str:
    tops = {path.parts[0] for path in paths if path.parts}
    if len(tops) != 1 or not any(len(path.parts) > 1 for path in paths) or next(iter(tops)).startswith("."):
        raise BadInput(zipped.name, "is no model: it has not one folder with everything in it")
    return tops.pop()


def _allow_upsampling(folder: Path) -> bool:
    """Most models refuse 8 kHz only for want of a line in their settings."""
    mfcc = mfcc_file(folder)
    if refusal_of(mfcc.read_text()) is None:
        return False
    mfcc.write_text(mfcc.read_text().rstrip("\n") + "\n--allow-upsample=true\n")
    return True
