"""Fields of the site's own, by what they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from crm_core.db.tables import custom_fields
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.own_fields import OwnField as OwnField
from crm_core.errors import NotFound


async def own_fields(work: UnitOfWork, noun: str) -> list[OwnField]:
    """The fields of a noun (contact, company, deal, lead), in their order."""
    query = select(custom_fields).where(custom_fields.c.noun == noun)
    rows = await work.all(query.order_by(custom_fields.c.position, custom_fields.c.id))
    return [_field(row) for row in rows]


async def own_keys(work: UnitOfWork, noun: str) -> frozenset[str]:
    """Their keys alone."""
    return frozenset(field.key for field in await own_fields(work, noun))


async def field_and_noun(work: UnitOfWork, field_id: int) -> tuple[OwnField, str]:
    """One field, and what it belongs to; raises NotFound."""
    row = await work.first(select(custom_fields).where(custom_fields.c.id == field_id))
    if row is None:
        raise NotFound("field", field_id)
    return _field(row), str(row.noun)


async def add_field(work: UnitOfWork, noun: str, field: OwnField) -> int:
    """Add a field behind the others of its noun; returns its id."""
    last = await work.scalar(select(func.max(custom_fields.c.position)).where(custom_fields.c.noun == noun))
    row = _values(field) | {"noun": noun, "key": field.key, "position": 0 if last is None else last + 1}
    return int((await work.run(insert(custom_fields).values(**row).returning(custom_fields.c.id))).scalar_one())


async def change_field(work: UnitOfWork, field: OwnField) -> None:
    """Write all of it but its key, by which its values are kept."""
    await work.run(update(custom_fields).where(custom_fields.c.id == field.id).values(**_values(field)))


async def order_fields(work: UnitOfWork, ids: Sequence[int]) -> None:
    """Put them into this order."""
    for position, field_id in enumerate(ids):
        await work.run(update(custom_fields).where(custom_fields.c.id == field_id).values(position=position))


async def remove_field(work: UnitOfWork, field_id: int) -> None:
    """Remove the field; values that stand in rows stay there."""
    await work.run(delete(custom_fields).where(custom_fields.c.id == field_id))


def _values(field: OwnField) -> dict[str, Any]:
    return {
        "label": field.label,
        "kind": field.kind,
        "options": list(field.options),
        "required": field.required,
    }


def _field(row: Row[Any]) -> OwnField:
    return OwnField(row.key, row.label, row.kind, tuple(row.options), row.required, row.id)
