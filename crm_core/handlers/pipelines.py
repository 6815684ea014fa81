"""Pipelines and reasons for loss, as whoever may change settings wants them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crm_core.db import audit, pipeline_writing, pipelines
from crm_core.db.custom_fields import own_keys
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.deals import Pipeline
from crm_core.domain.pipeline_drafts import StageDraft, check_name, check_reasons, check_stages
from crm_core.domain.sales import DEFAULT_STAGES
from crm_core.errors import Conflict, NotFound

_MOST = 30


async def list_pipelines(actor: Actor, database: Database) -> tuple[list[Pipeline], dict[int, int]]:
    """All pipelines, the default one first, and how many deals are in each stage (counted to a thousand)."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        return await pipelines.all_pipelines(work), await pipeline_writing.deals_by_stage(work)


async def one_pipeline(actor: Actor, pipeline_id: int, database: Database) -> tuple[Pipeline, dict[int, int]]:
    """One of them. Raises Forbidden and NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        return await _one(work, pipeline_id), await pipeline_writing.deals_by_stage(work)


async def create_pipeline(actor: Actor, name: str, database: Database, now: datetime) -> Pipeline:
    """Make a pipeline with the shipped stages; the first one is the default. Raises Forbidden and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    name = check_name(name)
    async with database.work() as work:
        standing = await pipelines.all_pipelines(work)
        if len(standing) >= _MOST:
            raise Conflict(f"there are {_MOST} pipelines already: remove those that nobody uses")
        await pipeline_writing.check_free(work, name, None)
        pipeline_id = await pipeline_writing.add_pipeline(work, name, is_default=not standing)
        drafts = [StageDraft(None, stage, kind) for stage, kind in DEFAULT_STAGES]
        await pipeline_writing.write_stages(work, pipeline_id, drafts)
        details = {"name": name}
        await audit.record(work, actor, "pipeline.created", "pipeline", pipeline_id, now, details=details)
        return await _one(work, pipeline_id)


async def save_pipeline(
    actor: Actor, pipeline_id: int, name: str, wanted: Sequence[StageDraft], database: Database, now: datetime
) -> Pipeline:
    """Give a pipeline this name and these stages in this order; rules that name a stage by its old name are changed.

    Raises Forbidden, NotFound, BadInput, and Conflict rather than lose a stage that deals or rules need.
    """
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        before = await _one(work, pipeline_id)
        drafts = check_stages(wanted, sorted(await own_keys(work, "deal")))
        name = check_name(name)
        await pipeline_writing.check_free(work, name, pipeline_id)
        if before.is_default:
            await _keep_rules(work, before, drafts)
        await pipeline_writing.rename_pipeline(work, pipeline_id, name)
        await pipeline_writing.write_stages(work, pipeline_id, drafts)
        details = {"name": name, "stages": [draft.name for draft in drafts]}
        await audit.record(work, actor, "pipeline.changed", "pipeline", pipeline_id, now, details=details)
        return await _one(work, pipeline_id)


async def _keep_rules(work: UnitOfWork, before: Pipeline, drafts: Sequence[StageDraft]) -> None:
    names = {draft.id: draft.name for draft in drafts if draft.id is not None}
    used = await pipeline_writing.rules_naming(work)
    kept = {draft.name.casefold() for draft in drafts}
    for stage in before.stages:
        if stage.id not in names and stage.name.casefold() in used and stage.name.casefold() not in kept:
            rule = used[stage.name.casefold()][0]
            raise Conflict(f"the rule {rule!r} brings deals to the stage {stage.name!r}: change the rule first")
    renamed = {
        stage.name.casefold(): names[stage.id]
        for stage in before.stages
        if stage.id in names and names[stage.id] != stage.name
    }
    if renamed:
        await pipeline_writing.rename_in_rules(work, renamed)


async def make_default(actor: Actor, pipeline_id: int, database: Database, now: datetime) -> None:
    """Let rules and calls bring new deals into this pipeline. Raises Forbidden, NotFound, and Conflict where a rule
    names a stage that it does not have."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        pipeline = await _one(work, pipeline_id)
        known = {stage.name.casefold() for stage in pipeline.stages}
        for stage, names in (await pipeline_writing.rules_naming(work)).items():
            if stage not in known:
                raise Conflict(f"the rule {names[0]!r} brings deals to a stage {stage!r}, which this pipeline lacks")
        await pipeline_writing.make_default(work, pipeline_id)
        await audit.record(work, actor, "pipeline.made_default", "pipeline", pipeline_id, now)


async def remove_pipeline(actor: Actor, pipeline_id: int, database: Database, now: datetime) -> None:
    """Raises Forbidden, NotFound, and Conflict for the default one, and for one that deals have been in."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        pipeline = await _one(work, pipeline_id)
        if pipeline.is_default:
            raise Conflict("new deals go into this pipeline: make another one the default first")
        await pipeline_writing.remove_pipeline(work, pipeline_id)
        details = {"name": pipeline.name}
        await audit.record(work, actor, "pipeline.removed", "pipeline", pipeline_id, now, details=details)


async def lost_reasons(actor: Actor, database: Database) -> tuple[str, ...]:
    """Of what a seller chooses when a deal is lost."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        return await pipelines.lost_reasons(work)


async def set_lost_reasons(actor: Actor, reasons: Sequence[str], database: Database, now: datetime) -> tuple[str, ...]:
    """Let sellers choose of these; what stands in deals stays. Raises Forbidden and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    found = check_reasons(reasons)
    async with database.work() as work:
        await pipelines.put_lost_reasons(work, found)
        details = {"reasons": list(found)}
        await audit.record(work, actor, "settings.changed", "settings", "lost_reasons", now, details=details)
    return found


async def _one(work: UnitOfWork, pipeline_id: int) -> Pipeline:
    for pipeline in await pipelines.all_pipelines(work):
        if pipeline.id == pipeline_id:
            return pipeline
    raise NotFound("pipeline", pipeline_id)
