"""Fields of the site's own: added, changed, put in order, removed by whoever may change settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from crm_core.db import audit, custom_fields, pipelines
from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Right
from crm_core.domain.own_fields import OwnField, OwnFieldNoun, check_field
from crm_core.errors import BadInput, Conflict, NotFound


async def list_fields(actor: Actor, database: Database) -> dict[OwnFieldNoun, list[OwnField]]:
    """All of them, in their order."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        return {noun: await custom_fields.own_fields(work, noun.value) for noun in OwnFieldNoun}


async def add_field(actor: Actor, noun: OwnFieldNoun, field: OwnField, database: Database, now: datetime) -> OwnField:
    """Add a field behind the others. Raises Forbidden and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        checked = check_field(field, await custom_fields.own_fields(work, noun.value))
        field_id = await custom_fields.add_field(work, noun.value, checked)
        details = {"noun": noun.value, "field": checked.key, "kind": checked.kind}
        await audit.record(work, actor, "field.created", "field", field_id, now, details=details)
        return replace(checked, id=field_id)


async def change_field(
    actor: Actor,
    field_id: int,
    database: Database,
    now: datetime,
    *,
    label: str | None = None,
    options: Sequence[str] | None = None,
    required: bool | None = None,
) -> OwnField:
    """Change name, options or whether it must be filled; key and kind stay, for values stand in it. Raises Forbidden,
    NotFound and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        field, noun = await custom_fields.field_and_noun(work, field_id)
        wanted = replace(
            field,
            label=field.label if label is None else label,
            options=field.options if options is None else tuple(options),
            required=field.required if required is None else required,
        )
        others = [one for one in await custom_fields.own_fields(work, noun) if one.id != field_id]
        checked = check_field(wanted, others)
        await custom_fields.change_field(work, checked)
        details = {"noun": noun, "field": field.key, "label": checked.label}
        await audit.record(work, actor, "field.changed", "field", field_id, now, details=details)
        return checked


async def order_fields(
    actor: Actor, noun: OwnFieldNoun, ids: Sequence[int], database: Database, now: datetime
) -> list[OwnField]:
    """Put the fields of a noun into this order; all of them must be named. Raises Forbidden and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        standing = await custom_fields.own_fields(work, noun.value)
        if sorted(ids) != sorted(field.id for field in standing):
            raise BadInput("ids", "these are not the fields there are", "Name each of them once")
        await custom_fields.order_fields(work, ids)
        details = {"order": list(ids)}
        await audit.record(work, actor, "field.ordered", "field", noun.value, now, details=details)
        return await custom_fields.own_fields(work, noun.value)


async def remove_field(actor: Actor, field_id: int, database: Database, now: datetime) -> None:
    """Remove a field; what was written into it stays where it is. Raises Forbidden, NotFound, and Conflict while a
    stage asks for it."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        field, noun = await custom_fields.field_and_noun(work, field_id)
        if noun == OwnFieldNoun.DEAL.value:
            for pipeline in await pipelines.all_pipelines(work):
                for stage in pipeline.stages:
                    if field.key in stage.required_fields:
                        where = f"the stage {stage.name!r} of {pipeline.name!r} asks for it"
                        raise Conflict(f"{where}: take it out there first")
        await custom_fields.remove_field(work, field_id)
        details = {"noun": noun, "field": field.key}
        await audit.record(work, actor, "field.removed", "field", field_id, now, details=details)


def noun_named(text: str) -> OwnFieldNoun:
    """Raises NotFound for what has no fields of its own."""
    try:
        return OwnFieldNoun(text)
    except ValueError:
        raise NotFound("noun", text, f"Choose of {', '.join(OwnFieldNoun)}") from None
