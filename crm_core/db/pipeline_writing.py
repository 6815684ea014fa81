"""Pipelines and stages changed; stages through which deals have gone stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from crm_core.db.codec import from_json, to_json
from crm_core.db.tables import deal_stages, deals, pipelines, rules, stages
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.pipeline_drafts import StageDraft
from crm_core.domain.rules import ActionKind, RuleAction
from crm_core.errors import BadInput, Conflict


async def check_free(work: UnitOfWork, name: str, but: int | None) -> None:
    """Raise BadInput if another pipeline has that name."""
    for row in await work.all(select(pipelines.c.id, pipelines.c.name)):
        if row.id != but and row.name.casefold() == name.casefold():
            raise BadInput("name", f"there is a pipeline {row.name!r} already", "Choose another name")


async def add_pipeline(work: UnitOfWork, name: str, *, is_default: bool) -> int:
    adding = insert(pipelines).values(name=name, is_default=is_default)
    return int((await work.run(adding.returning(pipelines.c.id))).scalar_one())


async def rename_pipeline(work: UnitOfWork, pipeline_id: int, name: str) -> None:
    await work.run(update(pipelines).where(pipelines.c.id == pipeline_id).values(name=name))


async def make_default(work: UnitOfWork, pipeline_id: int) -> None:
    """New deals go there from now on."""
    await work.run(update(pipelines).values(is_default=pipelines.c.id == pipeline_id))


async def write_stages(work: UnitOfWork, pipeline_id: int, wanted: Sequence[StageDraft]) -> None:
    """Make the stages of the pipeline these, in this order. Raises BadInput for a stage of another pipeline, and
    Conflict rather than remove a stage in which a deal is or was, or change what such a stage means."""
    of_it = {row.id: row for row in await work.all(select(stages).where(stages.c.pipeline_id == pipeline_id))}
    if foreign := [draft.id for draft in wanted if draft.id is not None and draft.id not in of_it]:
        raise BadInput("stages", f"stage {foreign[0]} is none of this pipeline")
    gone = of_it.keys() - {draft.id for draft in wanted}
    for stage_id in gone:
        await _check_unused(work, stage_id, of_it[stage_id].name)
    for draft in wanted:
        if draft.id is not None and of_it[draft.id].kind != draft.kind.value:
            await _check_unused(work, draft.id, of_it[draft.id].name)
    await work.run(delete(stages).where(stages.c.id.in_(gone)))
    # Names are unique within a pipeline: two that change places must not meet on the way.
    for stage_id in of_it.keys() - gone:
        await work.run(update(stages).where(stages.c.id == stage_id).values(name=f"\x01{stage_id}"))
    for position, draft in enumerate(wanted):
        values = _values(draft, position)
        if draft.id is None:
            await work.run(insert(stages).values(**values, pipeline_id=pipeline_id))
        else:
            await work.run(update(stages).where(stages.c.id == draft.id).values(**values))


def _values(draft: StageDraft, position: int) -> dict[str, Any]:
    return {
        "name": draft.name,
        "position": position,
        "kind": draft.kind.value,
        "required_fields": list(draft.required_fields),
        "stuck_after_days": draft.stuck_after_days,
    }


async def _check_unused(work: UnitOfWork, stage_id: int, name: str) -> None:
    here = await work.scalar(select(deals.c.id).where(deals.c.stage_id == stage_id).limit(1))
    was = await work.scalar(select(deal_stages.c.id).where(deal_stages.c.stage_id == stage_id).limit(1))
    if here is not None or was is not None:
        where = "are in" if here is not None else "have gone through"
        raise Conflict(f"deals {where} the stage {name!r}: rename it or move it to the end, but keep it")


async def remove_pipeline(work: UnitOfWork, pipeline_id: int) -> None:
    """Raises Conflict where a deal is, or was, in one of its stages."""
    for row in await work.all(select(stages.c.id, stages.c.name).where(stages.c.pipeline_id == pipeline_id)):
        await _check_unused(work, row.id, row.name)
    await work.run(delete(stages).where(stages.c.pipeline_id == pipeline_id))
    await work.run(delete(pipelines).where(pipelines.c.id == pipeline_id))


async def deals_by_stage(work: UnitOfWork) -> dict[int, int]:
    """How many deals are in each stage, counted to a thousand."""
    found = {}
    for row in await work.all(select(stages.c.id)):
        some = select(deals.c.id).where(deals.c.stage_id == row.id).limit(1000)
        found[row.id] = int(await work.scalar(select(func.count()).select_from(some.subquery())))
    return found


# --- rules name stages of the default pipeline --------------------------------------------------------------
async def rules_naming(work: UnitOfWork) -> dict[str, list[str]]:
    """Names of rules by the stage (in small letters) to which they bring deals."""
    found: dict[str, list[str]] = {}
    for row in await work.all(select(rules.c.name, rules.c.actions)):
        for stage in _stages_in(row.actions):
            found.setdefault(stage.casefold(), []).append(row.name)
    return found


async def rename_in_rules(work: UnitOfWork, renamed: dict[str, str]) -> int:
    """Let rules name stages by their new names (old, in small letters → new); how many rules were changed."""
    changed = 0
    for row in await work.all(select(rules.c.id, rules.c.actions)):
        if not any(stage.casefold() in renamed for stage in _stages_in(row.actions)):
            continue
        actions = from_json(row.actions, tuple[RuleAction, ...], "rule")
        new = [
            RuleAction(one.kind, one.options | {"stage": renamed[stage.casefold()]})
            if isinstance(stage := one.options.get("stage"), str) and stage.casefold() in renamed
            else one
            for one in actions
        ]
        await work.run(update(rules).where(rules.c.id == row.id).values(actions=[to_json(one) for one in new]))
        changed += 1
    return changed


def _stages_in(actions: Any) -> list[str]:
    """Stages that stored actions name; a row that is no rule names none."""
    if not isinstance(actions, list):
        return []
    options = [
        one.get("options", {})
        for one in actions
        if isinstance(one, dict) and one.get("kind") == ActionKind.CREATE_DEAL.value
    ]
    return [one["stage"] for one in options if isinstance(one, dict) and isinstance(one.get("stage"), str)]
