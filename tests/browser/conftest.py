"""Fixtures for tests in a real Chromium: windows, a served application, axe, and no fault unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Protocol

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from crm_core.web.static_files import StaticFiles, read_static_files
from tests.browser.axe import axe_findings
from tests.browser.chromium import Faults, OpenPage, build_assets, opened_chromium, page_opener

#: A machine with everything on it takes its time: what is waited for comes, or a test fails after this long.
expect.set_options(timeout=30_000)

Serve = Callable[[web.Application], Awaitable[str]]


class Axe(Protocol):
    """Fails the test with readable text when axe finds something."""

    def __call__(self, page: Page, part: str = "", without: Sequence[str] = ()) -> Awaitable[None]: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Windows are opened last and so closed first: not one of them is open when the servers and databases go."""
    for item in items:
        if isinstance(item, pytest.Function):
            item.fixturenames.sort(key=lambda name: name == "open_page")


@pytest.fixture(scope="session")
def built_files() -> StaticFiles:
    """Styles, scripts and icons as pages get them, built if need be."""
    build_assets()
    return read_static_files()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One Chromium for all tests; each test has windows of its own in it."""
    async with opened_chromium() as browser:
        yield browser


@pytest.fixture
def faults() -> Faults:
    """What went wrong in the windows of `open_page`; a test that brings a fault about says `faults.expect(…)`."""
    return Faults()


@pytest.fixture
async def open_page(chromium: Browser, faults: Faults) -> AsyncIterator[OpenPage]:
    """Opens windows; afterwards the test fails on any console error, uncaught error or violation of the policy."""
    async with page_opener(chromium, faults) as opened:
        yield opened
    if unexpected := faults.unexpected():
        pytest.fail("in the browser:\n" + "\n".join(unexpected))


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves an application on a free port of the loopback; gives its address."""
    async with AsyncExitStack() as stack:

        async def served(app: web.Application) -> str:
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            return f"http://{host}:{port}"

        yield served


@pytest.fixture
def axe() -> Axe:
    """axe-core over a page or a part of it."""

    async def checked(page: Page, part: str = "", without: Sequence[str] = ()) -> None:
        if findings := await axe_findings(page, part, without):
            pytest.fail(f"axe finds in {page.url}:\n" + "\n".join(findings))

    return checked
