"""What files of lists say beyond what lists on pages show: all numbers of many contacts at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from crm_core.db.tables import phones
from crm_core.db.unit_of_work import UnitOfWork


async def numbers_of(work: UnitOfWork, contact_ids: Sequence[int]) -> Mapping[int, list[str]]:
    """The E.164 numbers of each of these contacts, the first one first."""
    found: dict[int, list[str]] = defaultdict(list)
    if contact_ids:
        query = select(phones.c.contact_id, phones.c.e164).where(phones.c.contact_id.in_(contact_ids))
        for row in await work.all(query.order_by(phones.c.contact_id, phones.c.id)):
            found[row.contact_id].append(row.e164)
    return found
