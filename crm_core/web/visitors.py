"""Log-ins by one click: of a demo, for whoever sits at its machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from crm_core.domain.access import Role
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.catalogues import mark

#: What each of the three does all day.
DOES: Mapping[Role, str] = {
    Role.AGENT: mark("takes bridged calls"),
    Role.MARKETER: mark("dials and surveys"),
    Role.MANAGER: mark("works from tasks and deals"),
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """A log-in of a demo; `password` is made anew each time, `does` and `page` say what he is there for."""

    name: str
    password: str
    does: str
    page: str


#: Empty but in a demo, which fills it when there is something to look at.
VISITORS = web.AppKey("visitors", list[Visitor])


def visitors_for(request: web.Request) -> list[Visitor]:
    """Whom the asker may be by one click: nobody unless he sits at this machine, without a proxy between."""
    place = request.app[WORKPLACE]
    if place.https or "X-Forwarded-For" in request.headers or not _is_here(request.remote):
        return []
    return list(request.app.get(VISITORS, ()))


def _is_here(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
