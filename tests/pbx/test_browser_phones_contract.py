"""The BrowserPhones port, kept alike by the fake and by Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from crm_core.domain.browser_phones import phone_digest
from crm_core.errors import BadInput, Unavailable
from pbx.ami import AmiLink
from pbx.browser_phones import AsteriskBrowserPhones, Opened
from pbx.control import AMI_USERNAME
from pbx.settings import AmiSettings
from tests.asterisk.asterisk import Pair, until
from tests.fakes.browser_phones import FakeBrowserPhones

FIRST, SECOND = phone_digest("web1", "first"), phone_digest("web1", "second")


@dataclass
class Switch:
    phones: Opened
    take_away: Callable[[], object]


@pytest.fixture(params=["fake", "asterisk"])
def real(request: pytest.FixtureRequest) -> Pair | None:
    """The running Asterisk; None for the fake."""
    return request.getfixturevalue("pair") if request.param == "asterisk" else None


@pytest.fixture
async def switch(real: Pair | None) -> AsyncIterator[Switch]:
    if real is None:
        fake = FakeBrowserPhones()
        yield Switch(fake, lambda: setattr(fake, "is_up", False))
        return
    settings = AmiSettings("127.0.0.1", real.pbx.ports.ami, AMI_USERNAME, real.pbx.ami_secret)
    link = AmiLink(settings, lambda: datetime.now(UTC))
    running = asyncio.create_task(link.run())
    await until(lambda: link.is_up)
    phones = AsteriskBrowserPhones(link)
    try:
        yield Switch(phones, running.cancel)
        for phone in await phones.opened() if link.is_up else ():
            await phones.close(phone)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_phone_is_open_with_its_latest_digest_until_it_is_closed(switch: Switch) -> None:
    phones = switch.phones
    await phones.open("web1", FIRST)
    await phones.open("web.1", FIRST)  # a name that begins alike is another phone
    await phones.open("web1", SECOND)
    assert await phones.opened() == {"web1": SECOND, "web.1": FIRST}
    await phones.close("web1")
    await phones.close("web1")
    assert await phones.opened() == {"web.1": FIRST}


async def test_many_open_and_close_at_a_time(switch: Switch) -> None:
    names = [f"web{n}" for n in range(50)]
    await asyncio.gather(*(switch.phones.open(name, FIRST) for name in names))
    assert (await switch.phones.opened()).keys() == set(names)
    await asyncio.gather(*(switch.phones.close(name) for name in names))
    assert await switch.phones.opened() == {}


@pytest.mark.parametrize(
    ("phone", "digest"), [("a/b", FIRST), ("a b", FIRST), ("", FIRST), ('a"', FIRST), ("web1", "secret"), ("web1", "")]
)
async def test_what_is_no_name_or_no_digest_is_refused(switch: Switch, phone: str, digest: str) -> None:
    with pytest.raises(BadInput):
        await switch.phones.open(phone, digest)
    assert await switch.phones.opened() == {}


async def test_without_a_link_nothing_is_opened_or_closed(switch: Switch) -> None:
    await switch.phones.open("web1", FIRST)
    await switch.phones.close("web1")
    switch.take_away()
    await asyncio.sleep(0.1)
    for act in (switch.phones.open("web1", FIRST), switch.phones.close("web1")):
        with pytest.raises(Unavailable):
            await act
