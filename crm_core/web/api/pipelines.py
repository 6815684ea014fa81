"""Pipelines with their stages, and the reasons of which one is chosen when a deal is lost."""

from __future__ import annotations

from crm_core.domain.access import Right
from crm_core.domain.sales import StageKind
from crm_core.handlers import deal_desk
from crm_core.web.api.routing import Asked, Model, Routes

routes = Routes("pipelines")


class StageOut(Model):
    """A stage. `required_fields`: amount, contact, owner, company, or keys of the site's own fields, asked before a
    deal enters it. A deal that stands here for longer than `stuck_after_days` is stuck."""

    id: int
    pipeline_id: int
    name: str
    position: int
    kind: StageKind
    required_fields: list[str]
    stuck_after_days: int | None


class PipelineOut(Model):
    id: int
    name: str
    is_default: bool
    stages: list[StageOut]


class LostReasons(Model):
    reasons: list[str]


@routes("GET", "/pipelines", right=Right.SEE_DEALS)
async def list_pipelines(asked: Asked) -> list[PipelineOut]:
    """Pipelines with their stages, the default one first."""
    return [PipelineOut.model_validate(one) for one in await deal_desk.list_pipelines(asked.actor, asked.database)]


@routes("GET", "/lost-reasons", right=Right.SEE_DEALS)
async def list_lost_reasons(asked: Asked) -> LostReasons:
    """Why deals are lost."""
    return LostReasons(reasons=list(await deal_desk.lost_reasons(asked.actor, asked.database)))
