"""The switch as supervisors' requests reach it, if this process has a link to one."""

from __future__ import annotations

from aiohttp import web

from crm_core.errors import Unavailable
from crm_core.ports import Monitoring

MONITORING: web.AppKey[Monitoring] = web.AppKey("monitoring", object)  # type: ignore[arg-type]


def switch_of(request: web.Request) -> Monitoring:
    """Raises Unavailable."""
    found = request.app.get(MONITORING)
    if found is None:
        raise Unavailable("this process has no link to the switch: give it the role pbx or dialer beside web")
    return found
