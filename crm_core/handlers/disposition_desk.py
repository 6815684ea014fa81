"""Dispositions as whoever may change settings wants them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crm_core.db import audit, disposition_writing, dispositions, rules
from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Right
from crm_core.domain.disposition_drafts import check_disposition
from crm_core.domain.dispositions import BOT_DISPOSITIONS, Disposition, LeadEffect
from crm_core.errors import BadInput, Conflict, NotFound

#: Codes that the infobot, the machine detection or the shipped scripts write.
FIXED = frozenset({one.code for one in BOT_DISPOSITIONS} | {"machine", "silence", "do_not_call", "callback"})


async def list_dispositions(actor: Actor, database: Database) -> list[Disposition]:
    """All of them, in their order."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        return list((await dispositions.all_dispositions(work)).values())


async def put_disposition(
    actor: Actor, wanted: Disposition, database: Database, now: datetime, *, is_new: bool
) -> Disposition:
    """Add a disposition (`is_new`), or change the one of its code. Raises Forbidden, BadInput, NotFound, and Conflict
    for a code that is taken, and rather than take the callback away from those who promise one."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        standing = await dispositions.all_dispositions(work)
        if is_new and wanted.code in standing:
            raise Conflict(f"there is a result with the code {wanted.code!r} already: choose another code")
        if not is_new and wanted.code not in standing:
            raise NotFound("disposition", wanted.code)
        checked = check_disposition(wanted, [one for code, one in standing.items() if code != wanted.code])
        if checked.code == "callback" and checked.effect is not LeadEffect.CALLBACK:
            raise Conflict("the infobot promises callbacks by this result: leave its effect as it is")
        await disposition_writing.put_disposition(work, checked)
        action = "disposition.created" if is_new else "disposition.changed"
        details = {"label": checked.label, "effect": checked.effect.value, "do_not_call": checked.do_not_call}
        await audit.record(work, actor, action, "disposition", checked.code, now, details=details)
    return checked


async def order_dispositions(
    actor: Actor, codes: Sequence[str], database: Database, now: datetime
) -> list[Disposition]:
    """Show them in this order; all must be named. Raises Forbidden and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        standing = await dispositions.all_dispositions(work)
        if sorted(codes) != sorted(standing):
            raise BadInput("codes", "these are not the results there are", "Name each of them once")
        await disposition_writing.order_dispositions(work, codes)
        details = {"order": list(codes)}
        await audit.record(work, actor, "disposition.ordered", "disposition", "all", now, details=details)
        return list((await dispositions.all_dispositions(work)).values())


async def remove_disposition(actor: Actor, code: str, database: Database, now: datetime) -> None:
    """Offer it no more; calls that have it keep it. Raises Forbidden, NotFound, and Conflict where the infobot or a
    rule needs it."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        standing = await dispositions.all_dispositions(work)
        if code not in standing:
            raise NotFound("disposition", code)
        if code in FIXED:
            raise Conflict(f"the infobot and the dialer write {code!r}: take its key away, then nobody is offered it")
        found, _ = await rules.all_rules(work)
        for rule in found:
            if any(one.field == "disposition" and code in _values(one.value) for one in rule.conditions):
                raise Conflict(f"the rule {rule.name!r} asks for it: change the rule first")
        await disposition_writing.remove_disposition(work, code)
        details = {"label": standing[code].label}
        await audit.record(work, actor, "disposition.removed", "disposition", code, now, details=details)


def _values(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
