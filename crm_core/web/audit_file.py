"""The audit log as a download, for API and pages."""

from __future__ import annotations

from aiohttp import web

from crm_core.db.audit_log import AuditWanted
from crm_core.domain.access import Actor
from crm_core.handlers import audit_desk
from crm_core.web.keys import WORKPLACE


async def audit_file(request: web.Request, actor: Actor, wanted: AuditWanted) -> web.StreamResponse:
    """Send it as it is read, in constant memory. Raises Forbidden."""
    place = request.app[WORKPLACE]
    await audit_desk.begin_export(actor, wanted, place.database, place.now())
    name = f"audit-{place.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    answer = web.StreamResponse(headers=headers | {"Content-Type": "text/csv; charset=utf-8"})
    await answer.prepare(request)
    async for part in audit_desk.exported(actor, wanted, place.database):
        await answer.write(part)
    await answer.write_eof()
    return answer
