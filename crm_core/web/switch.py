"""The switch as pages and API reach it, if this process has a link to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from aiohttp import web

from crm_core.errors import Unavailable
from crm_core.ports import BrowserPhones, LineCutter, Monitoring, MonitorOrder, Recipient, Transfers


@dataclass(frozen=True, slots=True)
class Switch:
    """What may be asked of the switch, each by its own port."""

    calls: LineCutter
    monitoring: Monitoring
    phones: BrowserPhones
    transfers: Transfers


class _NoSwitch:
    """Stands where this process has no link to a switch: whoever asks is told so, after all that he may not know."""

    async def hang_up(self, channel: str) -> None:
        _missing()

    async def monitor(self, order: MonitorOrder) -> None:
        _missing()

    async def open(self, phone: str, digest: str) -> None:
        _missing()

    async def close(self, phone: str) -> None:
        _missing()

    async def transfer(self, channel: str, person: str, to: Recipient) -> None:
        _missing()

    async def to_given(self, person: str) -> None:
        _missing()

    async def consult(self, channel: str, phone: str, to: Recipient) -> None:
        _missing()

    async def give(self, channel: str, person: str) -> None:
        _missing()


def _missing() -> NoReturn:
    raise Unavailable("this process has no link to the switch: give it the role pbx or dialer beside web")


SWITCH = web.AppKey("switch", Switch)
_NONE = _NoSwitch()
_NO_SWITCH = Switch(_NONE, _NONE, _NONE, _NONE)


def switch_of(request: web.Request) -> Switch:
    """The switch; without one every order raises Unavailable."""
    return request.app.get(SWITCH, _NO_SWITCH)
