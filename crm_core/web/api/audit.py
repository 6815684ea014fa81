"""The audit log: who did what to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import AwareDatetime, Field

from crm_core.db.audit_log import AuditWanted
from crm_core.domain.access import Right
from crm_core.handlers import audit_desk
from crm_core.web.api.routing import Asked, Model, Page, Routes
from crm_core.web.audit_file import audit_file

routes = Routes("audit log")

Word = Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")]


class AuditQuery(Model):
    """`action`: one of them (recording.listened), or its first part (recording). `until` is not among them."""

    user_id: Annotated[int, Field(ge=1, lt=2**62)] | None = None
    action: Word = ""
    noun: Word = ""
    key: Word = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def wanted(self) -> AuditWanted:
        return AuditWanted(**{name: getattr(self, name) for name in AuditWanted.__dataclass_fields__})


class AuditPageQuery(AuditQuery):
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AuditLineOut(Model):
    """Who (`by`) did what (`action`) to whom (`noun` and `key`, an id mostly); `user_id` null: the command line, or
    somebody who could not log in."""

    id: int
    at: datetime
    user_id: int | None
    by: str
    action: str
    noun: str
    key: str
    details: dict[str, Any]
    address: str


@routes("GET", "/audit", right=Right.SEE_AUDIT)
async def list_audit(asked: Asked, query: AuditPageQuery) -> Page[AuditLineOut]:
    """The audit log, newest first."""
    found, following = await audit_desk.list_audit(
        asked.actor, query.wanted(), query.cursor, query.limit, asked.database
    )
    return Page(items=[AuditLineOut.model_validate(line) for line in found], next=following)


@routes("GET", "/audit/export", right=Right.SEE_AUDIT, streams=("text/csv",))
async def export_audit(asked: Asked, query: AuditQuery) -> web.StreamResponse:
    """The audit log as CSV, newest first. It is noted."""
    return await audit_file(asked.request, asked.actor, query.wanted())
