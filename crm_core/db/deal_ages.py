"""How long deals have stood in their stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Float, cast, func, select

from crm_core.db.tables import deals
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.deals import Pipeline

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def ages(
    work: UnitOfWork, pipeline: Pipeline, owner_id: int | None, now: datetime, *, deals_if: ColumnElement[bool]
) -> dict[int, timedelta]:
    """Of each open stage, the mean of the times its deals have stood there; `owner_id` 0 is nobody's."""
    is_open = [stage.id for stage in pipeline.stages if stage.is_open]
    since = func.coalesce(deals.c.moved_at, deals.c.created_at)
    on_sqlite = work.connection.dialect.name == "sqlite"
    seconds = cast(func.strftime("%s", since), Float) if on_sqlite else func.date_part("epoch", since)
    query = select(deals.c.stage_id, func.avg(seconds).label("mean")).where(deals.c.stage_id.in_(is_open), deals_if)
    if owner_id is not None:
        query = query.where(deals.c.owner_id == owner_id if owner_id else deals.c.owner_id.is_(None))
    rows = await work.all(query.group_by(deals.c.stage_id))
    return {row.stage_id: now - (_EPOCH + timedelta(seconds=float(row.mean))) for row in rows}
