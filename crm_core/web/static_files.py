"""Style, scripts and icons: read at start, served from memory under addresses that carry a hash, kept for ever.

Two kinds: files of our own beside `site.css`, and what `scripts/assets.sh` builds, listed in its `manifest.json`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from crm_core.errors import NotFound, Unavailable

FOLDER = Path(__file__).parent / "static"
_FOR_EVER = "public, max-age=31536000, immutable"
_TEXTS = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("text/javascript", ".js")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """`url` holds the content's hash; `integrity` is for Subresource Integrity; `packed` by coding, best first."""

    url: str
    integrity: str
    media_type: str
    body: bytes
    packed: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """Files by logical name (`site.css`, `site.js`); icons by their name, as what stands inside `<svg>`."""

    by_name: Mapping[str, StaticFile]
    icons: Mapping[str, str]

    def __getitem__(self, name: str) -> StaticFile:
        """Raises NotFound."""
        try:
            return self.by_name[name]
        except KeyError:
            raise NotFound("static file", name, "Run scripts/assets.sh, or correct the name") from None

    def __contains__(self, name: str) -> bool:
        return name in self.by_name


STATIC_FILES = web.AppKey("static files", StaticFiles)


def read_static_files(folder: Path = FOLDER) -> StaticFiles:
    """All files. Raises Unavailable when the built ones are missing."""
    built = folder / "built"
    try:
        manifest = json.loads((built / "manifest.json").read_text())
        icons = json.loads((built / "icons.json").read_text())
    except FileNotFoundError as error:
        raise Unavailable(f"{error.filename} is missing: run scripts/assets.sh") from None
    found = {path.relative_to(folder).as_posix(): _own_file(path, folder) for path in _own(folder)}
    found |= {name: _built_file(built / entry["file"], entry["sri"]) for name, entry in manifest.items()}
    return StaticFiles(found, icons)


def add_static_routes(app: web.Application, files: StaticFiles) -> None:
    """Serve the files under /static/."""
    app[STATIC_FILES] = files
    by_url = {one.url.removeprefix("/static/"): one for one in files.by_name.values()}

    async def give(request: web.Request) -> web.Response:
        one = by_url.get(request.match_info["path"])
        if one is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": _FOR_EVER, "Content-Type": one.media_type, "Vary": "Accept-Encoding"}
        for coding, packed in one.packed.items():
            if coding in request.headers.get("Accept-Encoding", ""):
                return web.Response(body=packed, headers=headers | {"Content-Encoding": coding})
        return web.Response(body=one.body, headers=headers)

    app.router.add_get("/static/{path:.+}", give)


def _own(folder: Path) -> Iterator[Path]:
    built = folder / "built"
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and built not in path.parents)


def _own_file(path: Path, folder: Path) -> StaticFile:
    body = path.read_bytes()
    digest = hashlib.sha384(body)
    name = path.relative_to(folder)
    return StaticFile(
        url=f"/static/{name.with_stem(f'{name.stem}-{digest.hexdigest()[:12]}').as_posix()}",
        integrity="sha384-" + base64.b64encode(digest.digest()).decode(),
        media_type=_media_type(path),
        body=body,
        packed={"gzip": gzip.compress(body, mtime=0)} if _is_text(path) else {},
    )


def _built_file(path: Path, sri: str) -> StaticFile:
    packed = {coding: path.with_name(path.name + suffix) for coding, suffix in (("br", ".br"), ("gzip", ".gz"))}
    return StaticFile(
        url=f"/static/built/{path.name}",
        integrity=sri,
        media_type=_media_type(path),
        body=path.read_bytes(),
        packed={coding: file.read_bytes() for coding, file in packed.items() if file.exists()},
    )


def _media_type(path: Path) -> str:
    known = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{known}; charset=utf-8" if _is_text(path) else known


def _is_text(path: Path) -> bool:
    return (mimetypes.guess_type(path.name)[0] or "").startswith(_TEXTS)
