"""Pipelines, stages and deals; every move of a deal leaves a row in its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, insert, select, update

from crm_core.db.tables import contacts, deal_stages, deals, pipelines, stages, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.sales import DEFAULT_STAGES, Deal, Stage, StageKind
from crm_core.errors import NotFound
from crm_core.events import DealChanged

#: Name of the pipeline shipped.
DEFAULT_PIPELINE = "Sales"
#: Stages in which a deal still goes on.
_OPEN_KINDS = (StageKind.UNSORTED.value, StageKind.OPEN.value)
_CLOSED_KINDS = (StageKind.WON, StageKind.LOST)
_CHANGED = (deals.c.owner_id, deals.c.contact_id)
_DEAL = [deals.c[name] for name in Deal.__dataclass_fields__]
_STAGE = [stages.c[name] for name in Stage.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class NewDeal:
    """A deal to be made. `amount` in `currency` (ISO 4217), both or neither."""

    title: str
    stage: Stage
    contact_id: int | None = None
    owner_id: int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class DealLine:
    """A deal as a list shows it."""

    deal: Deal
    stage: Stage
    contact: str | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class StageMove:
    """One entry of a deal's history."""

    stage: str
    by: str
    at: datetime


async def add_default_pipeline(work: UnitOfWork) -> None:
    """Make the shipped pipeline unless a pipeline exists; may be repeated."""
    if await work.scalar(select(pipelines.c.id).limit(1)) is not None:
        return
    await work.upsert(pipelines, [{"name": DEFAULT_PIPELINE, "is_default": True}], ["name"], keep=["is_default"])
    pipeline_id = await work.scalar(select(pipelines.c.id).where(pipelines.c.name == DEFAULT_PIPELINE))
    rows = [
        {"pipeline_id": pipeline_id, "name": name, "position": position, "kind": kind.value}
        for position, (name, kind) in enumerate(DEFAULT_STAGES)
    ]
    await work.upsert(stages, rows, ["pipeline_id", "name"], keep=["position", "kind"])


async def default_stages(work: UnitOfWork) -> list[Stage]:
    """The stages of the default pipeline in order; empty while no pipeline has been made."""
    query = select(*_STAGE).join(pipelines).where(pipelines.c.is_default).order_by(stages.c.pipeline_id)
    return [_stage(tuple(row)) for row in await work.all(query.order_by(stages.c.position))]


async def create_deal(work: UnitOfWork, new: NewDeal, by: str, at: datetime) -> int:
    """Add a deal and the first row of its history; returns its id."""
    values = {
        "title": new.title,
        "pipeline_id": new.stage.pipeline_id,
        "stage_id": new.stage.id,
        "contact_id": new.contact_id,
        "owner_id": new.owner_id,
        "amount": new.amount,
        "currency": new.currency,
        "call_id": new.call_id,
        "created_at": at,
        **entered(new.stage.kind, at),
    }
    deal_id = int((await work.run(insert(deals).values(**values).returning(deals.c.id))).scalar_one())
    await remember_move(work, deal_id, new.stage.id, by, at)
    return deal_id


def entered(kind: StageKind, at: datetime) -> dict[str, Any]:
    """What a deal notes of itself when it comes into a stage of this kind. A reason given before counts no more."""
    return {"moved_at": at, "closed_at": at if kind in _CLOSED_KINDS else None, "lost_reason": None}


async def move_deal(work: UnitOfWork, deal_id: int, stage: Stage, by: str, at: datetime) -> bool:
    """Put the deal into `stage`; False if it stands there already. Raises NotFound."""
    # One conditional UPDATE: of two who move the deal at once to one stage only the first leaves a row of history.
    moving = update(deals).where(deals.c.id == deal_id, deals.c.stage_id != stage.id)
    place = {"stage_id": stage.id, "pipeline_id": stage.pipeline_id, "version": deals.c.version + 1}
    moved = await work.run(moving.values(**place, **entered(stage.kind, at)).returning(*_CHANGED))
    if (row := moved.first()) is not None:
        await remember_move(work, deal_id, stage.id, by, at)
        work.publish(DealChanged(deal_id, stage.name, row.owner_id, row.owner_id, row.contact_id, by, at))
        return True
    if await work.scalar(select(deals.c.id).where(deals.c.id == deal_id)) is None:
        raise NotFound("deal", deal_id)
    return False


async def remember_move(work: UnitOfWork, deal_id: int, stage_id: int, by: str, at: datetime) -> None:
    """Add a row to the deal's history."""
    await work.run(insert(deal_stages).values(deal_id=deal_id, stage_id=stage_id, by=by[:120], at=at))


async def deal_lines(
    work: UnitOfWork,
    *,
    stage_id: int | None = None,
    owner_id: int | None = None,
    only_open: bool = False,
    limit: int = 100,
    before_id: int | None = None,
) -> list[DealLine]:
    """Deals, newest first; `before_id` asks for the page after the deal of that id."""
    query = _with_stage().add_columns(contacts.c.name, users.c.name)
    query = query.outerjoin(contacts, contacts.c.id == deals.c.contact_id).outerjoin(
        users, users.c.id == deals.c.owner_id
    )
    if stage_id is not None:
        query = query.where(deals.c.stage_id == stage_id)
    if owner_id is not None:
        query = query.where(deals.c.owner_id == owner_id)
    if only_open:
        query = query.where(stages.c.kind.in_(_OPEN_KINDS))
    if before_id is not None:
        query = query.where(deals.c.id < before_id)
    rows = await work.all(query.order_by(deals.c.id.desc()).limit(limit))
    return [_deal_line(tuple(row)) for row in rows]


async def deal_history(work: UnitOfWork, deal_id: int) -> list[StageMove]:
    """How the deal moved, first move first; raises NotFound."""
    query = select(stages.c.name, deal_stages.c.by, deal_stages.c.at).join(
        stages, stages.c.id == deal_stages.c.stage_id
    )
    rows = await work.all(query.where(deal_stages.c.deal_id == deal_id).order_by(deal_stages.c.id))
    if not rows:
        raise NotFound("deal", deal_id)
    return [StageMove(row.name, row.by, row.at) for row in rows]


def _with_stage() -> Select[Any]:
    return select(*_DEAL, *_STAGE).select_from(deals.join(stages, stages.c.id == deals.c.stage_id))


def _deal_line(row: tuple[Any, ...]) -> DealLine:
    *split, contact, owner = row
    return DealLine(*_split(split), contact, owner)


def _split(row: Sequence[Any]) -> tuple[Deal, Stage]:
    return Deal(*row[: len(_DEAL)]), _stage(row[len(_DEAL) :])


def _stage(row: Sequence[Any]) -> Stage:
    number, pipeline_id, name, position, kind = row
    return Stage(number, pipeline_id, name, position, StageKind(kind))
