"""An operator at work under test: the site as people reach it, what one sees and presses in a real Chromium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from crm_core.db.engine import Database
from crm_core.domain.access import Role
from crm_core.domain.agents import Agent, AgentState
from crm_core.handlers import users
from crm_core.handlers.agents import add_agent
from tests.asterisk.asterisk import Pair, until
from tests.asterisk.browser import PHONE_FLAGS, write_speech
from tests.asterisk.scene import SECONDS, Scene, now, opened_scene
from tests.asterisk.service import Cable, ServiceProcess, service_env
from tests.browser.chromium import Faults, OpenPage, build_assets, opened_chromium, page_opener

PASSWORD = "four words that fit nowhere"
OPERATOR, MANAGER = "Aziza Rahimova", "Boss"
PHONE = "web1"
#: Seconds in which the web's process begins to answer.
STARTS_WITHIN = 60.0
#: On a busy machine, with two Asterisks, a browser and two services of ours.
expect.set_options(timeout=30_000)


@asynccontextmanager
async def opened_shift_browser(folder: Path) -> AsyncIterator[Browser]:
    """A Chromium whose microphone speaks all the time."""
    await asyncio.to_thread(build_assets)
    speech = folder / "speech.wav"
    write_speech(speech)
    async with opened_chromium(*PHONE_FLAGS, f"--use-file-for-fake-audio-capture={speech}") as browser:
        yield browser


@dataclass(slots=True)
class Workday:
    """A site with an operator, whose phone is his browser, and a manager. The web part is a process of its own, reached
    through `cable`; the rest runs here as `scene`."""

    scene: Scene
    web: ServiceProcess
    cable: Cable
    open_page: OpenPage
    operator: Agent
    faults: Faults

    async def page_of(self, name: str) -> Page:
        return await logged_in(self.open_page, f"http://127.0.0.1:{self.cable.port}", name)

    async def desk(self) -> Desk:
        """The operator at work: logged in, his phone started, his shift begun, his line open. All by keyboard."""
        page = await self.page_of(OPERATOR)
        return Desk(page, await at_work(page))

    async def manager_sees(self, path: str, place: str, text: str) -> None:
        """The manager's page at `path` shows `text` in a `place`, sooner or later."""
        page = await self.page_of(MANAGER)

        async def seen() -> bool:
            await page.goto(f"http://127.0.0.1:{self.cable.port}{path}")
            return await page.locator(place, has_text=text).count() > 0

        await until(seen, SECONDS)
        await page.close()

    async def is_in(self, state: AgentState) -> Agent:
        return await self.scene.agent_in(self.operator.id, state)


@dataclass(slots=True)
class Desk:
    """The operator's page and the window of his phone."""

    page: Page
    phone: Page

    async def shows(self, text: str, page: Page | None = None) -> None:
        """Until the state says so."""
        await expect((page or self.page).locator(".desk-state")).to_contain_text(text)

    async def has(self, name: str, page: Page | None = None) -> None:
        """Until this person's card is open."""
        await expect((page or self.page).locator(".desk-name")).to_have_text(name)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def speaks(self, seconds: float) -> None:
        """The operator's microphone speaks all the time: let both talk for so long."""
        await self.page.wait_for_timeout(seconds * 1000)

    async def leg(self) -> str | None:
        """The channel that the phone's window has on the line."""
        return await self.phone.get_attribute("#phone", "data-leg")


async def logged_in(open_page: OpenPage, base: str, name: str) -> Page:
    """His browser, logged in by hand: name, Tab, password, Enter."""
    page = await open_page(f"{base}/login", permissions=["microphone"])
    await expect(page.locator("[name=name]")).to_be_focused()
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#account")).to_have_count(1)
    return page


async def at_work(page: Page) -> Page:
    """From the operator's page start phone and shift, until the line is open; gives the phone's window."""
    await expect(page.locator("#phone-bar")).to_have_attribute("data-state", "off")
    async with page.expect_popup() as opening:
        await page.keyboard.press("p")
    phone = await opening.value
    await expect(phone.locator("#start")).to_be_focused()
    await phone.keyboard.press("Enter")
    await expect(phone.locator("#phone")).to_have_attribute("data-state", "ready")
    await page.bring_to_front()
    await expect(page.locator("#phone-bar")).to_have_attribute("data-state", "ready")
    await page.keyboard.press("a")
    await expect(phone.locator("#phone")).to_have_attribute("data-state", "open")
    return phone


@asynccontextmanager
async def opened_workday(
    pair: Pair, folder: Path, database_url: str, redis_url: str, browser: Browser
) -> AsyncIterator[Workday]:
    """Everything up, nobody at work yet."""
    phones = f"ws://127.0.0.1:{pair.pbx.ports.ws}/ws"
    async with opened_scene(pair, folder, database_url, redis_url, TRUNKLINE_ROLES="pbx,dialer,worker") as scene:
        operator = await make_people(scene.database)
        env = service_env(
            pair,
            folder,
            database_url,
            pair.pbx.ports.ami,
            REDIS_URL=redis_url,
            TRUNKLINE_ROLES="web",
            PHONE_WSS_URL=phones,
        )
        web = ServiceProcess(env, folder / "web.log")
        await web.start()
        try:
            await web_is_up(int(env["WEB_PORT"]), web)
            faults = Faults()
            # Chromium stops the opener for an instant while whoever drives it takes hold of the new window.
            faults.expect("callback is no longer runnable")
            async with Cable(int(env["WEB_PORT"])).plugged() as cable, page_opener(browser, faults) as open_page:
                yield Workday(scene, web, cable, open_page, operator, faults)
            if unexpected := faults.unexpected():
                raise AssertionError("in the browser:\n" + "\n".join(unexpected))
        finally:
            print("the phone's legs ended:", _ended_legs(scene))  # shown where the test fails
            await web.kill()


def _ended_legs(scene: Scene) -> list[tuple[str, str]]:
    """When and by which cause (Q.850; 44: no sound came for five seconds) the phone's legs ended."""
    ended = [e for e in scene.wire.events if e.get("Event") == "Hangup"]
    return [(e.get("Timestamp", ""), e["Cause"]) for e in ended if e["Channel"].startswith(f"PJSIP/{PHONE}-")]


async def make_people(database: Database) -> Agent:
    """The operator, whose phone is his browser, and the manager."""
    for name, role in ((OPERATOR, Role.AGENT), (MANAGER, Role.MANAGER)):
        await users.create_user(users.NewUser(name, role, PASSWORD), None, database, now())
    return await add_agent(database, OPERATOR, PHONE, now(), browser=True)


async def web_is_up(port: int, process: ServiceProcess | None = None) -> None:
    """Until the pages' port answers; at once an error if `process`, which is to serve them, has ended."""

    async def answers() -> bool:
        if process is not None and process.returncode is not None:
            raise AssertionError(f"the web's process has ended: {process.log.read_text()[-2000:]}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await until(answers, STARTS_WITHIN)
