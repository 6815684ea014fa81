"""The operator's phone under test: a page that holds it and nothing else, in a real Chromium, on the real switch."""

from __future__ import annotations

import asyncio
import json
import math
import wave
from array import array
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from crm_core.domain.browser_phones import PhoneSecret, new_phone_secret
from pbx.ami import AmiLink
from pbx.browser_phones import AsteriskBrowserPhones
from pbx.control_ami import AMI_USERNAME
from pbx.settings import AmiSettings
from pbx.site import PbxSite
from tests.asterisk.asterisk import until
from tests.asterisk.scene import now
from tests.browser.chromium import FAKE_MICROPHONE, Faults, OpenPage, build_assets, opened_chromium, page_opener

ISLANDS = Path(__file__).parents[1] / "browser" / "islands"
#: Both ends are on this machine; the switch's certificate is its own; nobody clicks before the sound begins.
PHONE_FLAGS = (
    *FAKE_MICROPHONE,
    "--allow-loopback-in-peer-connection",
    "--ignore-certificate-errors",
    "--autoplay-policy=no-user-gesture-required",
)
_PAGE = """<!doctype html><html lang="en"><head><title>phone</title></head><body data-state="off">
<p id="says" role="status"></p><button id="start">Start</button><button id="take">Take over</button>
<script type="module" src="/built/{script}"></script></body></html>"""
_POLICY = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' {address}"


def write_speech(path: Path, seconds: int = 4) -> None:
    """A voice of a kind: syllables of a 140 Hz buzz, which a browser's noise suppression leaves alone. 48 kHz, mono."""
    samples = array("h")
    for n in range(48_000 * seconds):
        at = n / 48_000
        loud = max(0.0, math.sin(2 * math.pi * 3 * at)) if at % 2 < 1.6 else 0.0
        buzz = sum(math.sin(2 * math.pi * 140 * k * at) / k for k in range(1, 12))
        samples.append(int(9_000 * loud * buzz / 1.9))
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(48_000)
        wav.writeframes(samples.tobytes())


@dataclass(slots=True)
class PhoneRoom:
    """Opens phones' pages. `given` are the secrets handed out, latest last; `credentials` answers instead, if set."""

    address: str
    site: PbxSite
    phones: AsteriskBrowserPhones
    open_page: OpenPage
    given: list[PhoneSecret] = field(default_factory=list)
    instead: PhoneSecret | None = None
    plain: bool = False

    @property
    def switch(self) -> str:
        scheme, port = ("ws", self.site.ports.ws) if self.plain else ("wss", self.site.ports.wss)
        return f"{scheme}://127.0.0.1:{port}/ws"

    async def new_credentials(self, phone: str) -> Mapping[str, str]:
        """What the site gives a page that starts its phone."""
        secret = self.instead or new_phone_secret(phone)
        if self.instead is None:
            await self.phones.open(phone, secret.digest)
        self.given.append(secret)
        return {"url": self.switch, "phone": phone, "secret": secret.secret}

    async def page(self, phone: str, *, start: bool = True) -> Page:
        """A page with the phone; started, and ready if `start`."""
        page = await self.open_page(f"{self.address}/phone/{phone}", permissions=["microphone"])
        if start:
            await page.click("#start")
            await in_state(page, "ready")
        return page

    async def another(self, page: Page, path: str) -> Page:
        """A second window of the same browser."""
        other = await page.context.new_page()
        await other.goto(self.address + path)
        return other


async def in_state(page: Page, *states: str) -> None:
    """Until the phone is in one of these states."""
    try:
        await page.wait_for_function(
            "states => states.includes(document.body.dataset.state)", arg=list(states), timeout=15_000
        )
    except PlaywrightTimeout:
        raise AssertionError(f"not {states}: {await status(page)}, {await page.text_content('#says')}") from None


async def status(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await page.evaluate("JSON.stringify(window.phone.status)"))
    return found


async def heard(page: Page) -> dict[str, float]:
    """Packets received and sent on the leg, and how loud it is."""
    found: dict[str, float] = await page.evaluate("window.phone.heard()")
    return found


def _app(room: list[PhoneRoom], scripts: Path, names: Mapping[str, str]) -> web.Application:
    def page(script: str) -> web.Response:
        policy = _POLICY.format(address=f"{room[0].switch} {room[0].address}")
        text = _PAGE.format(script=names[script])
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def phone(request: web.Request) -> web.Response:
        answer = page("phonedesk.js")
        answer.set_cookie("phone", request.match_info["phone"])
        return answer

    async def mirror(request: web.Request) -> web.Response:
        return page("phonemirror.js")

    async def credentials(request: web.Request) -> web.Response:
        return web.json_response(await room[0].new_credentials(request.cookies["phone"]))

    async def icon(request: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/phone/{phone}", phone)
    app.router.add_get("/mirror", mirror)
    app.router.add_get("/credentials", credentials)
    app.router.add_get("/favicon.ico", icon)
    app.router.add_static("/built", scripts)
    return app


@asynccontextmanager
async def opened_phones(site: PbxSite) -> AsyncIterator[AsteriskBrowserPhones]:
    """The switch as the site opens browsers' phones on it; every phone is closed at the end."""
    link = AmiLink(AmiSettings("127.0.0.1", site.ports.ami, AMI_USERNAME, site.ami_secret), now)
    running = asyncio.create_task(link.run(), name="ami of browser phones")
    await until(lambda: link.is_up)
    phones = AsteriskBrowserPhones(link)
    try:
        yield phones
        for phone in await phones.opened():
            await phones.close(phone)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def opened_phone_browser(folder: Path) -> AsyncIterator[Browser]:
    """A Chromium whose microphone speaks all the time; `folder`/scripts holds the islands of the tests."""
    await asyncio.to_thread(build_assets, "islands", str(ISLANDS), str(folder / "scripts"))
    speech = folder / "speech.wav"
    write_speech(speech)
    async with opened_chromium(*PHONE_FLAGS, f"--use-file-for-fake-audio-capture={speech}") as browser:
        yield browser


@asynccontextmanager
async def opened_room(site: PbxSite, browser: Browser, folder: Path, faults: Faults) -> AsyncIterator[PhoneRoom]:
    """Serve the pages on loopback."""
    scripts = folder / "scripts"
    manifest = json.loads((scripts / "manifest.json").read_text())
    rooms: list[PhoneRoom] = []
    runner = web.AppRunner(
        _app(rooms, scripts, {name: of["file"] for name, of in manifest.items()}), access_log=None, shutdown_timeout=0.5
    )
    await runner.setup()
    try:
        served = web.TCPSite(runner, "127.0.0.1", 0)
        await served.start()
        host, port = runner.addresses[0][:2]
        async with opened_phones(site) as phones, page_opener(browser, faults) as open_page:
            rooms.append(PhoneRoom(f"http://{host}:{port}", site, phones, open_page))
            yield rooms[0]
    finally:
        await runner.cleanup()
