"""The link to Asterisk's manager interface: panoramisk's protocol, our own connection over it.

The only file that knows panoramisk. Of it we take the parsing and the matching of answers to actions; its Manager,
which connects again by itself and sends unanswered actions a second time (Originate included), is left aside.
https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from panoramisk.ami_protocol import AMIProtocol

from crm_core.errors import CrmError, Unavailable
from pbx.errors import AmiRefused
from pbx.install_find import OLDEST_USABLE, parse_version
from pbx.originate import AmiAction, core_settings_action, ping_action
from pbx.settings import AmiSettings

log = logging.getLogger(__name__)

Headers = dict[str, str]


#: manager.c says this for a wrong user, a wrong secret, and an address that `permit` leaves out.
_WRONG_USER = "Authentication failed"


class LinkDown(Unavailable):
    """There is no link to the switch. `sent`: the action may have reached it all the same."""

    def __init__(self, what: str, *, sent: bool = False) -> None:
        self.sent = sent
        super().__init__(what)


class AmiLoginRefused(AmiRefused):
    """Asterisk does not accept our user or secret."""


class OldAsterisk(AmiRefused):
    """The switch is older than what we can work with."""


class BadAction(CrmError):
    """An action carries a line break, which would make two actions of it."""


class _Wire(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One connection. Nothing survives it: `awaiting_actions`, panoramisk's list for re-sending, keeps nothing."""

    forgetable_actions = frozenset({"originate", "hangup", "login", "ping", "coreshowchannels"})
    save_stream = None

    def __init__(self, on_event: Callable[[Headers], None]) -> None:
        self.awaiting_actions: deque[Any] = deque(maxlen=0)
        self.encoding = "latin-1"  # bytes cut anywhere stay whole; what we read of them is ASCII
        self.lost = asyncio.Event()
        self.last_heard = 0.0
        self._on_event = on_event
        self._waiting: set[asyncio.Future[Any]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory = _Owner(self)

    def data_received(self, data: bytes) -> None:
        self.last_heard = asyncio.get_running_loop().time()
        super().data_received(data)

    def heard(self, message: Any) -> None:
        self._on_event(_headers(message))

    def gone(self) -> None:
        self.lost.set()
        for future in self._waiting:
            if not future.done():
                future.set_exception(LinkDown("the link to the switch broke before it answered", sent=True))

    async def ask(self, action: AmiAction, seconds: float, *, may_be_list: bool = False) -> Any:
        """Send and wait; raises LinkDown when no answer comes in time."""
        if self.closed or self.transport.is_closing():
            raise LinkDown("there is no link to the switch")
        # `as_list` None lets panoramisk see by the answer whether a list follows. For Originate it would then wait for
        # OriginateResponse and swallow it; with False the first answer is the answer.
        future = self.send(dict(action), as_list=None if may_be_list else False)
        self._waiting.add(future)
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            raise LinkDown(f"the switch did not answer {action['Action']} within {seconds} s", sent=True) from None
        finally:
            self._waiting.discard(future)
            for id in [id for id, sent in self.responses.items() if sent.future is future]:
                del self.responses[id]


class _Owner:
    """What panoramisk's protocol calls its factory."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self.forgetable_actions, self.awaiting_actions = wire.forgetable_actions, wire.awaiting_actions
        self.save_stream = None

    def dispatch(self, message: Any) -> None:
        self._wire.heard(message)

    def connection_lost(self, error: object) -> None:
        self._wire.gone()


def _headers(message: Any) -> Headers:
    """Plain headers; of a header given several times the last counts, as none that we read is."""
    headers = {key: value if isinstance(value, str) else value[-1] for key, value in message._store.values()}
    headers.pop("content", None)  # panoramisk's own: the body of a command's answer
    return headers


class AmiLink:
    """Keeps one manager connection up for as long as `run` runs.

    `on_event` gets every event in order, with the time it was received; `on_up` and `on_down` are told when the switch
    may be used and when not. All three are plain functions and must not block.
    """

    def __init__(self, settings: AmiSettings, now: Callable[[], datetime]) -> None:
        self._settings, self._now = settings, now
        self._wire: _Wire | None = None
        self._booted = asyncio.Event()
        self._let_in_before = False
        self._retry_seconds = settings.first_retry_seconds
        self.on_event: Callable[[Headers, datetime], None] = lambda headers, at: None
        self.on_up: Callable[[], None] = lambda: None
        self.on_down: Callable[[], None] = lambda: None
        self.reconnects = 0

    @property
    def is_up(self) -> bool:
        return self._wire is not None and not self._wire.lost.is_set()

    async def ask(self, action: AmiAction) -> Headers:
        """Send an action once and return its answer. Raises LinkDown, BadAction."""
        return _headers(await self._ask(action, may_be_list=False))

    async def ask_list(self, action: AmiAction) -> list[Headers]:
        """Send an action that is answered by a list; return its entries, or the one answer that refuses it.

        Raises LinkDown, BadAction."""
        answer = await self._ask(action, may_be_list=True)
        messages = answer if isinstance(answer, list) else [answer]
        return [_headers(message) for message in messages if "EventList" not in message]

    async def _ask(self, action: AmiAction, *, may_be_list: bool) -> Any:
        _check(action)
        if self._wire is None:
            raise LinkDown("there is no link to the switch")
        return await self._wire.ask(action, self._settings.answer_seconds, may_be_list=may_be_list)

    async def run(self) -> None:
        """Connect, watch, connect again, until cancelled. Raises AmiLoginRefused or OldAsterisk at the first log-in."""
        while True:
            try:
                await self._connection()
            except (AmiLoginRefused, OldAsterisk) as error:
                if not self._let_in_before:
                    raise
                log.error("the switch cannot be used", extra={"why": str(error), "retry_seconds": self._retry_seconds})
            except (LinkDown, OSError) as error:
                log.warning("no link to the switch", extra={"why": str(error), "retry_seconds": self._retry_seconds})
            await asyncio.sleep(self._retry_seconds)
            self._retry_seconds = min(self._retry_seconds * 2, self._settings.longest_retry_seconds)

    async def _connection(self) -> None:
        """One connection from open to lost."""
        settings, loop = self._settings, asyncio.get_running_loop()
        self._booted.clear()
        try:
            async with asyncio.timeout(settings.answer_seconds):
                _, wire = await loop.create_connection(lambda: _Wire(self._heard), settings.host, settings.port)
        except TimeoutError:
            raise LinkDown(f"{settings.host}:{settings.port} does not accept the connection") from None
        try:
            await self._log_in(wire)
            await self._wait_booted(wire)
            await self._check_version(wire)
            self._wire = wire
            self.reconnects += self._let_in_before
            self._let_in_before = True
            self._retry_seconds = settings.first_retry_seconds
            log.info("link to the switch is up", extra={"host": settings.host, "port": settings.port})
            self.on_up()
            await self._watch(wire)
        finally:
            was_up, self._wire = self._wire is not None, None
            wire.close()
            wire.gone()
            if was_up:
                self.on_down()

    async def _log_in(self, wire: _Wire) -> None:
        settings = self._settings
        login = {"Action": "Login", "Username": settings.user, "Secret": settings.secret, "Events": "on"}
        answer = await wire.ask(login, settings.answer_seconds)
        if not answer.success and answer.message != _WRONG_USER:
            raise LinkDown(f"the switch lets nobody in now: {answer.message}")  # "Asterisk is shutting down"
        if not answer.success:
            raise AmiLoginRefused(
                f"Asterisk at {settings.host}:{settings.port} refused the manager user {settings.user!r} "
                f"({answer.message}). Set AMI_USER and AMI_SECRET to a user of its manager.conf, see that `permit` "
                "there allows this machine, and reload: asterisk -rx 'manager reload'"
            )

    async def _wait_booted(self, wire: _Wire) -> None:
        """Asterisk lets managers in before it can do anything for them."""
        lost = asyncio.create_task(wire.lost.wait(), name="ami lost while booting")
        booted = asyncio.create_task(self._booted.wait(), name="ami booted")
        try:
            await asyncio.wait({lost, booted}, timeout=self._settings.boot_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
            booted.cancel()
        if wire.lost.is_set():
            raise LinkDown("the switch closed the connection after the log-in")
        if not self._booted.is_set():
            log.warning("no FullyBooted from the switch: give the manager user read=system in manager.conf")

    async def _check_version(self, wire: _Wire) -> None:
        """Refuse an Asterisk that is too old; one that does not tell is taken as it is, and said so."""
        settings = self._settings
        answer = _headers(await wire.ask(core_settings_action(), settings.answer_seconds))
        version = parse_version(answer.get("AsteriskVersion", ""))
        if version is None:
            log.warning("the switch does not tell its version: give the manager user write=reporting in manager.conf")
        elif version[:2] < OLDEST_USABLE:
            raise OldAsterisk(
                f"Asterisk at {settings.host}:{settings.port} is {answer['AsteriskVersion']}; Trunkline needs "
                f"{'.'.join(map(str, OLDEST_USABLE))} or later. Update it, or let `trunkline pbx install` make one"
            )

    async def _watch(self, wire: _Wire) -> None:
        """Until the connection is lost, or nothing is heard for two intervals."""
        settings, loop = self._settings, asyncio.get_running_loop()
        while not wire.lost.is_set():
            try:
                async with asyncio.timeout_at(wire.last_heard + settings.silence_seconds):
                    await wire.lost.wait()
            except TimeoutError:
                if loop.time() - wire.last_heard >= settings.silence_seconds:
                    await wire.ask(ping_action(), settings.silence_seconds)
        log.warning("link to the switch is lost")

    def _heard(self, headers: Headers) -> None:
        if headers.get("Event") == "FullyBooted":
            self._booted.set()
        self.on_event(headers, self._now())


def _check(action: AmiAction) -> None:
    """A line break in a value would begin another header, or another action."""
    pairs: Mapping[str, str | list[str]] = action
    for name, value in pairs.items():
        for text in (name, *(value if isinstance(value, list) else [value])):
            if "\r" in text or "\n" in text:
                raise BadAction(f"header {name!r} of {action.get('Action')!r} carries a line break")
