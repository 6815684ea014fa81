"""Getting a model, from a real HTTP server on this machine and from zips at hand."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_core.errors import BadInput, BadSetting, Conflict, CrmError, Unavailable
from ivr_bot.speech.fetch import address_of, fetch_model, unpack

_NAME = "vosk-model-small-xx-0.1"
_HEARS = "--allow-upsample=true\n"


def _zip(file: Path, entries: dict[str, str] | None = None) -> Path:
    entries = entries or {f"{_NAME}/conf/mfcc.conf": _HEARS, f"{_NAME}/am/final.mdl": "x" * 300_000}
    with zipfile.ZipFile(file, "w") as out:
        for name, text in entries.items():
            out.writestr(name, text)
    return file


def _names(folder: Path) -> set[str]:
    return {found.name for found in folder.rglob("*")}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[str]:
    """A site with one model, and a file that breaks off."""
    folder = tmp_path / "site"
    folder.mkdir()
    _zip(folder / f"{_NAME}.zip")

    async def breaks_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000000"})
        await response.prepare(request)
        await response.write(b"PK" * 100)
        assert request.transport is not None
        request.transport.abort()
        return response

    app = web.Application()
    app.router.add_get("/broken.zip", breaks_off)
    app.router.add_static("/", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_model_is_fetched_by_name_with_progress(site: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    into = tmp_path / "models"
    fetched = await fetch_model(_NAME, into, site=site, progress=lambda got, of: seen.append((got, of)))
    assert fetched.folder == into / _NAME
    assert (fetched.folder / "am" / "final.mdl").read_text() == "x" * 300_000
    assert seen[-1][0] == seen[-1][1] == (tmp_path / "site" / f"{_NAME}.zip").stat().st_size
    assert [found.name for found in into.iterdir()] == [_NAME]


async def test_a_model_is_fetched_by_address_and_from_a_zip(site: str, tmp_path: Path) -> None:
    assert (await fetch_model(f"{site}/{_NAME}.zip", tmp_path / "one")).folder.is_dir()
    assert (await fetch_model(str(_zip(tmp_path / "at-hand.zip")), tmp_path / "two")).folder.is_dir()


async def test_the_hash_is_checked_when_given(tmp_path: Path) -> None:
    zipped = _zip(tmp_path / "model.zip")
    with pytest.raises(BadInput, match="its sha256 is"):
        await fetch_model(str(zipped), tmp_path / "models", sha256="0" * 64)
    digest = hashlib.sha256(zipped.read_bytes()).hexdigest().upper()
    assert (await fetch_model(str(zipped), tmp_path / "models", sha256=digest)).folder.is_dir()


async def test_a_model_that_refuses_telephone_audio_is_mended(tmp_path: Path) -> None:
    entries = {f"{_NAME}/conf/mfcc.conf": "--sample-frequency=16000"}
    fetched = await fetch_model(str(_zip(tmp_path / "model.zip", entries)), tmp_path / "models")
    assert fetched.upsampling_added
    assert (fetched.folder / "conf" / "mfcc.conf").read_text() == "--sample-frequency=16000\n--allow-upsample=true\n"


async def test_one_that_is_there_already_is_not_overwritten(tmp_path: Path) -> None:
    zipped = str(_zip(tmp_path / "model.zip"))
    await fetch_model(zipped, tmp_path / "models")
    with pytest.raises(Conflict, match="is there already"):
        await fetch_model(zipped, tmp_path / "models")


@pytest.mark.parametrize(
    ("path", "said"), [("/nobody.zip", "answers 404"), ("/broken.zip", "cannot be reached")], ids=["404", "breaks off"]
)
async def test_a_site_that_fails_is_told_and_leaves_nothing(path: str, said: str, site: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=said):
        await fetch_model(site + path, tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


async def test_a_site_that_cannot_be_reached_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="name the file"):
        await fetch_model("http://127.0.0.1:1/x.zip", tmp_path / "models")


@pytest.mark.parametrize(
    "entry", ["../out.txt", "/etc/out.txt", f"{_NAME}/../../out.txt", "..\\out.txt", f"{_NAME}/a\\..\\b"]
)
async def test_an_entry_that_leads_out_is_refused_and_nothing_is_written(entry: str, tmp_path: Path) -> None:
    zipped = _zip(tmp_path / "model.zip", {f"{_NAME}/conf/mfcc.conf": _HEARS, entry: "evil"})
    with pytest.raises(BadInput, match="leads out of the folder"):
        await fetch_model(str(zipped), tmp_path / "models")
    assert _names(tmp_path) == {"model.zip", "models"}


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo(f"{_NAME}/conf")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as out:
        out.writestr(link, "/etc")
    with pytest.raises(BadInput, match="leads out"):
        unpack(tmp_path / "model.zip", tmp_path / "out")


@pytest.mark.parametrize(
    "entries", [{"a/x": "1", "b/y": "2"}, {"alone.txt": "1"}, {".hidden/x": "1"}], ids=["two", "no folder", "hidden"]
)
def test_a_zip_without_exactly_one_folder_is_no_model(entries: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no model"):
        unpack(_zip(tmp_path / "model.zip", entries), tmp_path / "out")


async def test_a_folder_without_a_model_is_refused_and_removed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no vosk model"):
        await fetch_model(str(_zip(tmp_path / "photos.zip", {"photos/one.txt": "1"})), tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(at=st.integers(0, 10**6), value=st.integers(0, 255))
def test_a_damaged_zip_is_refused_or_whole_but_never_another_error(at: int, value: int, tmp_path: Path) -> None:
    content = bytearray(_zip(tmp_path / "model.zip", {f"{_NAME}/conf/mfcc.conf": _HEARS}).read_bytes())
    content[at % len(content)] = value
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(content)
    try:
        unpack(damaged, tmp_path / "out")
    except CrmError as error:
        assert "damaged.zip" in str(error)  # noqa: PT017


def test_what_is_meant_is_told_from_how_it_looks(tmp_path: Path) -> None:
    zipped = _zip(tmp_path / "model.zip")
    assert address_of("https://models.example/x.zip", None) == "https://models.example/x.zip"
    assert address_of(str(zipped), None) == zipped
    assert address_of("vosk-model-small-ru-0.22", "https://models.example/") == (
        "https://models.example/vosk-model-small-ru-0.22.zip"
    )
    with pytest.raises(BadSetting, match="VOSK_MODELS_URL"):
        address_of("vosk-model-small-ru-0.22", None)
    with pytest.raises(BadInput, match="there is no such file"):
        address_of("./nobody.zip", None)
