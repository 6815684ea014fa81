"""Phones in operators' browsers: opened on the switch while their people are logged in, and at no other time.

A browser registers with a secret made for its session. The switch keeps the digest of it and what such a phone may do
(context [browser-phone] of extensions.conf, kept as sorcery.conf says), which survives its restart; it never learns the
secret. `PhoneKeeper` compares what is open with what should be, so that nothing missed while the link was down stays.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from crm_core.errors import CrmError, Unavailable
from crm_core.ports import BrowserPhones
from pbx.ami import AmiLink, Headers
from pbx.originate import (
    BROWSER_PREFIX,
    AmiAction,
    close_phone_action,
    end_legs_action,
    open_phone_action,
    open_phones_action,
)

log = logging.getLogger(__name__)

_AUTH = "/trunkline/auth/"
_ENDPOINT = "/trunkline/endpoint/"
#: The dialplan needs a few milliseconds; a switch that has not done it after so many looks takes no new channels.
_LOOKS = 300
_LOOK_EVERY_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Change:
    """`digest` None closes the phone."""

    phone: str
    digest: str | None


def changes(wanted: Mapping[str, str], there: Mapping[str, str]) -> list[Change]:
    """What makes the open phones the wanted ones: closings first."""
    closed = [Change(phone, None) for phone in sorted(there.keys() - wanted.keys())]
    return closed + [Change(phone, digest) for phone, digest in sorted(wanted.items()) if there.get(phone) != digest]


def open_phones(entries: Sequence[Headers]) -> dict[str, str]:
    """Phone → digest, of DBGetTree's answer. One that is there in part, or cannot be read, has the digest "", so that
    it differs from whatever is wanted."""
    found: dict[str, str] = {}
    complete = {entry["Key"].removeprefix(_ENDPOINT) for entry in entries if entry.get("Key", "").startswith(_ENDPOINT)}
    for entry in entries:
        if (key := entry.get("Key", "")).startswith(_AUTH):
            phone = key.removeprefix(_AUTH)
            found[phone] = _digest_in(entry.get("Val", "")) if phone in complete else ""
    return found | {phone: "" for phone in complete - found.keys()}


def _digest_in(text: str) -> str:
    try:
        return str(json.loads(text)["password_digest"]).removeprefix("MD5:")
    except (ValueError, KeyError, TypeError):
        return ""


class AsteriskBrowserPhones:
    """Fits crm_core.ports.BrowserPhones."""

    def __init__(self, ami: AmiLink) -> None:
        self._ami = ami

    async def open(self, phone: str, digest: str) -> None:
        """Returns when a browser can register. Raises BadInput, Unavailable."""
        await self._do(phone, open_phone_action(_channel(), phone, digest), digest)

    async def close(self, phone: str) -> None:
        """Returns when nobody can register or be rung as `phone`, and its legs are told to end. One that is closed
        already is no error. Raises BadInput, Unavailable."""
        await self._do(phone, close_phone_action(_channel(), phone), None)
        await self._ami.ask(end_legs_action(phone))  # the answer is an error where there is none

    async def opened(self, phone: str | None = None) -> dict[str, str]:
        """Phone → digest, of all or of one. Raises Unavailable, BadInput."""
        entries: list[Headers] = []
        for kind in ("auth", "endpoint"):
            entries += await self._ami.ask_list(open_phones_action(kind, phone))
        if refused := [entry for entry in entries if entry.get("Response") == "Error"]:
            raise Unavailable(f"the switch does not tell its phones: {refused[0].get('Message', '')}")
        return open_phones(entries)

    async def _do(self, phone: str, action: AmiAction, digest: str | None) -> None:
        """Send it, and look until the phone has that digest (None: until it is gone)."""
        answer = await self._ami.ask(action)
        if answer.get("Response") != "Success":
            raise Unavailable(f"the switch refused to change a browser's phone: {answer.get('Message', '')}")
        for _ in range(_LOOKS):
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            if (await self.opened(phone)).get(phone) == digest:
                return
        raise Unavailable(
            f"the switch did not change the browser's phone {phone}: see that its extensions.conf has the context "
            "browser-phone, that sorcery.conf is there, and that func_db.so is loaded"
        )


class Opened(BrowserPhones, Protocol):
    """Phones that can be listed."""

    async def opened(self) -> Mapping[str, str]: ...


class PhoneKeeper:
    """Keeps the open phones those that are wanted: after each return of the link, when woken, and now and then."""

    def __init__(
        self,
        phones: Opened,
        wanted: Callable[[], Awaitable[Mapping[str, str]]],
        is_up: Callable[[], bool],
        every_seconds: float = 5.0,
    ) -> None:
        self._phones, self._wanted, self._is_up, self._every_seconds = phones, wanted, is_up, every_seconds
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Somebody logged in or out, or the link came up."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            if self._is_up():
                try:
                    await self._step()
                except CrmError as error:
                    log.warning("browsers' phones are not in step: tried again", extra={"why": str(error)})
            try:
                async with asyncio.timeout(self._every_seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _step(self) -> None:
        there = await self._phones.opened()  # before what is wanted: what is opened meanwhile is not taken for too much
        for change in changes(await self._wanted(), there):
            log.info("browser phone", extra={"phone": change.phone, "open": change.digest is not None})
            if change.digest is None:
                await self._phones.close(change.phone)
            else:
                await self._phones.open(change.phone, change.digest)


def _channel() -> str:
    return f"{BROWSER_PREFIX}{uuid4().hex}"
