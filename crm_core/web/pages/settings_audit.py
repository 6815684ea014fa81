"""The audit log: who did what, filtered, page by page, and as a file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from crm_core.db.audit_log import AuditWanted
from crm_core.domain.access import Right
from crm_core.handlers import audit_desk, task_desk
from crm_core.web.audit_file import audit_file
from crm_core.web.doors import actor_in
from crm_core.web.keys import VIEWER, WORKPLACE
from crm_core.web.pages.rendering import is_part, render, render_part, url
from crm_core.web.pages.settings_parts import number_in

_PAGE = "settings/audit.html"
_SHOWN = 50


def add_pages(app: web.Application) -> None:
    app.router.add_get("/settings/audit", _log)
    app.router.add_get("/settings/audit/export", _export)


def _wanted(request: web.Request) -> AuditWanted:
    query, zone = request.query, ZoneInfo(request[VIEWER].zone)
    until = _day(query.get("until", ""), zone)
    return AuditWanted(
        user_id=number_in(query.get("user")),
        action=query.get("action", "")[:60].replace("\x00", "").strip(),
        noun="",
        key=query.get("key", "")[:120].replace("\x00", "").strip(),
        since=_day(query.get("since", ""), zone),
        until=None if until is None else until + timedelta(days=1),  # the whole of that day
    )


def _day(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        day = datetime.fromisoformat(text[:10])
    except ValueError:
        return None
    return day.replace(tzinfo=zone) if 1970 <= day.year <= 9000 else None


async def _log(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    actor.require(Right.SEE_AUDIT)
    after, wanted = request.query.get("after"), _wanted(request)
    lines, following = await audit_desk.list_audit(actor, wanted, after, _SHOWN, place.database)
    chosen = {name: request.query.get(name, "") for name in ("user", "action", "key", "since", "until")}
    context: dict[str, Any] = {
        "lines": lines,
        "after": following,
        "chosen": chosen,
        "is_filtered": any(chosen.values()),
        "colleagues": await task_desk.colleagues(actor, place.database),
        "export": url("/settings/audit/export", **chosen),
    }
    if is_part(request):
        return render_part(request, _PAGE, "rows" if after else "list", **context)
    return render(request, _PAGE, **context)


async def _export(request: web.Request) -> web.StreamResponse:
    return await audit_file(request, actor_in(request), _wanted(request))
