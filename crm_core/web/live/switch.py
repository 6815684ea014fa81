"""The switch as supervisors' requests reach it, if this process has a link to one."""

from __future__ import annotations

from aiohttp import web

from crm_core.errors import Unavailable
from crm_core.ports import Monitoring, MonitorOrder

MONITORING: web.AppKey[Monitoring] = web.AppKey("monitoring", object)  # type: ignore[arg-type]


class _NoSwitch:
    """Stands where this process has no link to a switch: whoever asks is told so, after all that he may not know."""

    async def monitor(self, order: MonitorOrder) -> None:
        raise Unavailable("this process has no link to the switch: give it the role pbx or dialer beside web")


def switch_of(request: web.Request) -> Monitoring:
    """The switch; without one every order raises Unavailable."""
    return request.app.get(MONITORING) or _NoSwitch()
