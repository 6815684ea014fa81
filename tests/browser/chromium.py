"""A real Chromium, driven by Playwright, and what may not happen in it: errors, and what the policy forbids."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "crm_core/web/assets"

#: No request but the page's own; no GPU; root may run it.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
#: A microphone that needs no hand to allow it. Add --use-file-for-fake-audio-capture=WAV (48 kHz, mono) to speak.
FAKE_MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => window.__violated(
    `${event.effectiveDirective} forbids ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`));
"""


class OpenPage(Protocol):
    """Opens an address in a window of its own (cookies, storage, size) and waits until it is loaded."""

    def __call__(
        self,
        address: str,
        *,
        width: int = 1440,
        height: int = 900,
        theme: str = "light",
        cookies: Sequence[Any] = (),
        **context: Any,
    ) -> Awaitable[Page]: ...


@dataclass(slots=True)
class Faults:
    """What went wrong in the pages of a test: console errors, uncaught errors, violations of the policy."""

    seen: list[str] = field(default_factory=list)
    _expected: list[re.Pattern[str]] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, pattern: str) -> None:
        """From now on a fault in which `pattern` is found is none: the test brings it about."""
        self._expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        return [one for one in self.seen if not any(pattern.search(one) for pattern in self._expected)]

    async def until(self, pattern: str, within: float = 10.0) -> None:
        """Wait for a fault in which `pattern` is found. Raises TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            while not any(re.search(pattern, one) for one in self.seen):
                self._came.clear()
                await self._came.wait()

    async def watch(self, page: Page) -> None:
        """Collect the faults of a page; before it is sent anywhere."""
        page.on("console", lambda message: self._of_console(message))  # Playwright marks methods, slots refuse
        page.on("pageerror", lambda error: self._note(f"uncaught: {error}"))
        await page.expose_function("__violated", lambda text: self._note(f"policy: {text}"))
        await page.add_init_script(_VIOLATIONS)

    def _of_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console: {message.text} ({message.location.get('url', '')})")

    def _note(self, fault: str) -> None:
        self.seen.append(fault)
        self._came.set()


def chromium_path() -> str:
    """Where Chromium is; CHROMIUM names another one. Raises FileNotFoundError."""
    for name in (os.environ.get("CHROMIUM", ""), *_NAMES):
        if name and (found := shutil.which(name)):
            return found
    raise FileNotFoundError("Chromium is missing: run scripts/servers.sh (on Debian: apt-get install chromium)")


def build_assets(*arguments: str) -> None:
    """Run scripts/assets.sh; a second run does nothing. Raises RuntimeError with what it said."""
    done = subprocess.run([ROOT / "scripts/assets.sh", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"scripts/assets.sh {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


@asynccontextmanager
async def opened_chromium(*flags: str) -> AsyncIterator[Browser]:
    """A headless Chromium with a profile of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def page_opener(browser: Browser, faults: Faults) -> AsyncIterator[OpenPage]:
    """Gives `open(address, …)`; all its windows are closed at the end."""
    contexts = []

    async def open_page(
        address: str,
        *,
        width: int = 1440,
        height: int = 900,
        theme: str = "light",
        cookies: Sequence[Any] = (),
        **context: Any,
    ) -> Page:
        window = await browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            **{"locale": "en-GB", "timezone_id": "Asia/Tashkent"} | context,
        )
        contexts.append(window)
        if cookies:
            await window.add_cookies(cookies)
        page = await window.new_page()
        await faults.watch(page)
        await page.goto(address)
        return page

    try:
        yield open_page
    finally:
        for window in contexts:
            await window.close()
