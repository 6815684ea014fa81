"""Pipelines with their stages, and why deals are lost."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from crm_core.db.site import put_setting, setting
from crm_core.db.tables import pipelines, stages
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.board import BoardStage
from crm_core.domain.deals import DEFAULT_LOST_REASONS, Pipeline
from crm_core.domain.sales import StageKind
from crm_core.errors import NotFound

#: Setting: a list of texts.
LOST_REASONS = "lost_reasons"


async def all_pipelines(work: UnitOfWork) -> list[Pipeline]:
    """The default one first, then by name."""
    order = (stages.c.position, stages.c.id)
    found: dict[int, list[BoardStage]] = {}
    for row in await work.all(select(stages).order_by(*order)):
        found.setdefault(row.pipeline_id, []).append(_stage(row))
    rows = await work.all(select(pipelines).order_by(pipelines.c.is_default.desc(), pipelines.c.name))
    return [Pipeline(row.id, row.name, row.is_default, tuple(found.get(row.id, ()))) for row in rows]


async def pipeline_with(work: UnitOfWork, stage_id: int) -> tuple[Pipeline, BoardStage]:
    """The stage and the pipeline it belongs to. Raises NotFound."""
    for pipeline in await all_pipelines(work):
        if (stage := pipeline.stage(stage_id)) is not None:
            return pipeline, stage
    raise NotFound("stage", stage_id)


async def lost_reasons(work: UnitOfWork) -> tuple[str, ...]:
    """What a seller chooses of when a deal is lost."""
    value = await setting(work, LOST_REASONS)
    return tuple(str(one) for one in value) if value else DEFAULT_LOST_REASONS


async def put_lost_reasons(work: UnitOfWork, reasons: tuple[str, ...]) -> None:
    await put_setting(work, LOST_REASONS, list(reasons))


def _stage(row: Row[Any]) -> BoardStage:
    return BoardStage(
        id=row.id,
        pipeline_id=row.pipeline_id,
        name=row.name,
        position=row.position,
        kind=StageKind(row.kind),
        required_fields=tuple(row.required_fields),
        stuck_after_days=row.stuck_after_days,
    )
