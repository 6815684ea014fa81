"""`make screenshots`: every page in both themes, both directions, on a phone and on a desk, and one sheet of them all.

The site is one of its own, made for the occasion and filled with made-up people, whatever DATABASE_URL says: users of
it are given passwords here, which must never happen to people who work.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import product
from pathlib import Path
from urllib.parse import urljoin

from aiohttp import web
from playwright.async_api import Browser, Page
from sqlalchemy import func, select

from crm_core.db.engine import Database, opened_database
from crm_core.db.migrate import upgrade
from crm_core.db.tables import conversations
from crm_core.demo.generator import generate
from crm_core.demo.made_people import Wanted
from crm_core.domain.access import Role
from crm_core.handlers import users
from crm_core.handlers.log_in import Door, log_in
from crm_core.streams import InProcessStream
from crm_core.web.app import Health, make_app
from crm_core.web.doors import COOKIE
from crm_core.web.keys import Workplace
from crm_core.web.live.hub import LiveHub
from crm_core.web.live.stream import add_live
from tests.browser.chromium import ROOT, Faults, build_assets, opened_chromium, page_opener
from tests.browser.shots import SHOTS, Shot
from tests.crm_core.web.campaign_site import add_tools

FOLDER = ROOT / "var/screenshots"
THEMES = ("light", "dark")
LANGUAGES = {"ltr": "en", "rtl": "ar"}
WIDTHS = {360: 740, 1440: 900}
#: A page that does nothing on the network for so long stands still; a push stream never ends.
_SETTLED = 300  # ms


def _now() -> datetime:
    return datetime.now(UTC)


async def take(shots: Sequence[Shot], folder: Path) -> list[str]:
    """Take the pictures of all pages into `folder`; gives what went wrong in them, a line each."""
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite:///{scratch}/site.db"
        await upgrade(url)
        async with opened_database(url) as database:
            faults: list[str] = []
            await _fill(database)
            base, runner = await _served(database, Path(scratch))
            try:
                async with database.reading() as work:
                    talk = str(await work.scalar(select(func.min(conversations.c.call_id))))
                cookies = {role: await _cookie(role, database) for role in Role}
                async with opened_chromium() as browser:
                    for done, shot in enumerate(shots, 1):
                        print(f"{done} of {len(shots)}: {shot.path}", flush=True)
                        address = base + shot.path.replace("{talk}", talk)
                        faults += await _pictures(shot, browser, address, cookies, folder)
            finally:
                await runner.cleanup()
    return faults


async def _fill(database: Database) -> None:
    today = _now().replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = Wanted(contacts=1_000, deals=200, calls=4_000, seed=1, until=today)
    await generate(wanted, database, lambda _what, _done, _whole: None)


async def _served(database: Database, scratch: Path) -> tuple[str, web.AppRunner]:
    place = Workplace(database, _now, scratch, scratch / "recordings", country="UZ")
    app = make_app(Health(database, _now), place)
    add_tools(app)
    add_live(app, LiveHub(database, InProcessStream(), _now, "screenshots"))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}", runner


async def _cookie(role: Role, database: Database) -> str:
    """A session of somebody with that role: one of the made-up people, else one made for the occasion."""
    name, password = f"A {role.value}", secrets.token_urlsafe(16)
    # SQLite's lower() leaves capitals beyond ASCII as they are: somebody called Владимир cannot log in there.
    known = [
        one for one in await users.list_users(None, database) if one.active and one.role is role and one.name.isascii()
    ]
    if known:
        name = known[0].name
        await users.set_password(known[0].id, password, None, database, _now())
    else:
        await users.create_user(users.NewUser(name, role, password), None, database, _now())
    return (await log_in(name, password, Door(), database, _now())).secret


async def _pictures(shot: Shot, browser: Browser, address: str, cookies: Mapping[Role, str], folder: Path) -> list[str]:
    said = []
    for theme, direction, width in product(THEMES, LANGUAGES, WIDTHS):
        faults = Faults()
        if shot.path == "/no-such-page":
            faults.expect("status of 404")
        jar = {"language": LANGUAGES[direction], "theme": theme}
        if shot.role is not None:
            jar[COOKIE] = cookies[shot.role]
        async with page_opener(browser, faults) as open_page:
            given = [{"name": name, "value": value, "url": urljoin(address, "/")} for name, value in jar.items()]
            page = await open_page(address, width=width, height=WIDTHS[width], theme=theme, cookies=given)
            await _ready(page, shot)
            name = file_name(shot, theme, direction, width)
            await page.screenshot(path=folder / name, full_page=True)
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                said.append(f"{name}: wider than the window")
        said += [f"{name}: {fault}" for fault in faults.unexpected()]
    return said


async def _ready(page: Page, shot: Shot) -> None:
    await page.evaluate("document.fonts.ready")
    for key in shot.press:
        await page.keyboard.press(key)
    # Figures and pictures that are fetched after the page: none under way for a while, whatever stays open besides.
    await page.evaluate(
        """(settled) => new Promise((done) => {
            let timer = setTimeout(done, settled);
            new PerformanceObserver(() => { clearTimeout(timer); timer = setTimeout(done, settled); })
                .observe({ type: "resource" });
        })""",
        _SETTLED,
    )


def file_name(shot: Shot, theme: str, direction: str, width: int) -> str:
    """`tasks-seller-dark-rtl-360.png`."""
    path = shot.path.strip("/").replace("/", "_").replace("?", "_") or "home"
    keys = "".join("-keys" if key == "?" else f"-{key}" for key in shot.press)
    return f"{path}{keys}-{shot.role.value if shot.role else 'nobody'}-{theme}-{direction}-{width}.png"


def sheet(folder: Path, shots: Sequence[Shot], faults: Sequence[str]) -> str:
    """A page with all pictures side by side, a row for each page, and what went wrong on top."""
    rows = []
    for shot in shots:
        names = [file_name(shot, *how) for how in product(THEMES, LANGUAGES, WIDTHS)]
        cells = "".join(
            f'<a href="{escape(name)}"><img src="{escape(name)}" alt="{escape(name)}" loading="lazy"></a>'
            for name in names
            if (folder / name).exists()
        )
        who = shot.role.value if shot.role else "nobody"
        rows.append(f"<h2>{escape(shot.path)} {escape(' '.join(shot.press))} ({escape(who)})</h2><div>{cells}</div>")
    wrong = "".join(f"<li>{escape(fault)}</li>" for fault in faults)
    return (
        "<!doctype html><meta charset=utf-8><title>Screenshots</title><style>"
        "body{font:14px system-ui;margin:16px;background:#888}div{display:flex;gap:8px;overflow:auto}"
        "img{height:420px;width:auto}ul{background:#fff;padding:8px 24px}</style>"
        f"{f'<ul>{wrong}</ul>' if wrong else ''}{''.join(rows)}"
    )


def main() -> int:
    """Take what is asked for; 1 when something went wrong in a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="paths that begin like this (default: all)")
    only = tuple(parser.parse_args().only)
    shots = [shot for shot in SHOTS if not only or shot.path.startswith(only)]
    build_assets()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    faults = asyncio.run(take(shots, FOLDER))
    (FOLDER / "index.html").write_text(sheet(FOLDER, shots, faults))
    for line in faults:
        print(line, file=sys.stderr)
    print(f"{len(shots) * len(THEMES) * len(LANGUAGES) * len(WIDTHS)} pictures: {FOLDER / 'index.html'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
