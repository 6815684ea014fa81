"""The README's pictures of the workplace: `python -m tests.browser.readme_pictures` makes them anew."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from aiohttp import web
from playwright.async_api import Browser

from crm_core.db.engine import Database, opened_database
from crm_core.db.migrate import upgrade
from crm_core.demo.generator import generate
from crm_core.demo.made_people import Wanted
from crm_core.domain.access import Role
from crm_core.handlers import users
from crm_core.web.doors import COOKIE
from tests.browser.chromium import ROOT, Faults, build_assets, opened_chromium, page_opener
from tests.browser.desk_site import PASSWORD, application, cookie_of, fill, now

FOLDER = ROOT / "docs/pictures"
WIDTH, HEIGHT = 1280, 800  # px
#: What is fetched after the page has come by then.
_SETTLED = 2_000  # ms


async def _at_work(database: Database) -> str:
    """Somebody who writes up a call."""
    await fill(database)
    return await cookie_of("Ada", database)


async def _two_years(database: Database) -> str:
    """A manager of a firm with two years behind it."""
    until = now().replace(hour=0, minute=0, second=0, microsecond=0)
    await generate(Wanted(contacts=1_000, deals=200, calls=4_000, seed=1, until=until), database, lambda *_: None)
    await users.create_user(users.NewUser("Ada", Role.MANAGER, PASSWORD), None, database, now())
    return await cookie_of("Ada", database)


async def _take(browser: Browser, scratch: Path) -> None:
    for fills, pages in ((_at_work, {"/operator": "operator"}), (_two_years, {"/deals": "deals"})):
        folder = scratch / fills.__name__
        folder.mkdir()
        url = f"sqlite:///{folder}/site.db"
        await upgrade(url)
        async with opened_database(url) as database:
            cookie = await fills(database)
            runner = web.AppRunner(application(database, folder), access_log=None, shutdown_timeout=0.5)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            base = "http://{}:{}".format(*runner.addresses[0])
            cookies = [{"name": COOKIE, "value": cookie, "url": base}]
            async with page_opener(browser, Faults()) as open_page:
                for path, name in pages.items():
                    page = await open_page(base + path, cookies=cookies, width=WIDTH, height=HEIGHT)
                    await page.wait_for_timeout(_SETTLED)
                    await page.screenshot(path=FOLDER / f"{name}.png")
            await runner.cleanup()


async def _main() -> None:
    build_assets()
    with tempfile.TemporaryDirectory() as scratch:
        async with opened_chromium() as browser:
            await _take(browser, Path(scratch))


if __name__ == "__main__":
    asyncio.run(_main())
