"""Dispositions changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update

from crm_core.db.dispositions import add_default_dispositions
from crm_core.db.tables import dispositions
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.dispositions import Disposition


async def put_disposition(work: UnitOfWork, wanted: Disposition) -> None:
    """Store it: in place of that of its code, else behind all others."""
    await add_default_dispositions(work)  # a site that has none of its own begins with the shipped ones
    last = await work.scalar(select(func.max(dispositions.c.position)))
    row = {
        "code": wanted.code,
        "label": wanted.label,
        "effect": wanted.effect.value,
        "key": wanted.key,
        "retry_after_seconds": None if wanted.retry_after is None else int(wanted.retry_after.total_seconds()),
        "do_not_call": wanted.do_not_call,
        "makes_deal": wanted.makes_deal,
        "position": 0 if last is None else last + 1,
    }
    await work.upsert(dispositions, [row], ["code"], keep=["position"])


async def order_dispositions(work: UnitOfWork, codes: Sequence[str]) -> None:
    await add_default_dispositions(work)
    for position, code in enumerate(codes):
        await work.run(update(dispositions).where(dispositions.c.code == code).values(position=position))


async def remove_disposition(work: UnitOfWork, code: str) -> None:
    await add_default_dispositions(work)
    await work.run(delete(dispositions).where(dispositions.c.code == code))
