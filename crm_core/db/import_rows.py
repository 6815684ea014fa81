"""Importing: looking the rows' numbers up, keeping what is to be written until all is known, and writing it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, text, update

from crm_core.db.bulk import among, packed
from crm_core.db.do_not_call import WHOLE_SYSTEM, BlockKind
from crm_core.db.import_create import create_leads
from crm_core.db.import_join import alive_among, company_ids, join_leads
from crm_core.db.tables import companies, do_not_call, import_chunks, imports, lists, phones
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.lead_files import LeadChange, LeadPhone, Owner
from crm_core.errors import BadInput


@dataclass(frozen=True, slots=True)
class KeptChunk:
    """Changes kept until now: `created` as packed records for the database to unpack, `joined` as they were."""

    created: str
    joined: list[LeadChange]


@dataclass(frozen=True, slots=True)
class UnfinishedImport:
    """An import whose changes are all known (`list_id` set) or were still being read when it stopped."""

    id: int
    list_name: str
    digest: str
    list_id: int | None
    counts: dict[str, int]
    created_at: datetime


async def owners_of(work: UnitOfWork, numbers: Collection[str]) -> dict[str, int]:
    """To which contact each number belongs; of several contacts that share it, the one who had it first."""
    query = select(phones.c.e164, phones.c.contact_id, phones.c.id).where(among(work, phones.c.e164, numbers))
    owners: dict[str, int] = {}
    for row in sorted(await work.all(query), key=lambda row: int(row.id)):
        owners.setdefault(row.e164, row.contact_id)
    return owners


async def blocked_among(work: UnitOfWork, numbers: Collection[str]) -> set[str]:
    """Which of the numbers stand on the system's do-not-call list, by themselves or by prefix."""
    number, prefix = (do_not_call.c.kind == kind.value for kind in (BlockKind.NUMBER, BlockKind.PREFIX))
    named = or_(prefix, and_(number, among(work, do_not_call.c.value, numbers)))
    query = select(do_not_call.c.kind, do_not_call.c.value).where(do_not_call.c.campaign_id == WHOLE_SYSTEM, named)
    found = await work.all(query)
    beginnings = tuple(row.value for row in found if row.kind == BlockKind.PREFIX.value)
    return {row.value for row in found} & set(numbers) | {n for n in numbers if n.startswith(beginnings)}


async def check_list_name(work: UnitOfWork, name: str) -> None:
    """Raise BadInput with a free name to use if a list of this name exists."""
    if await work.scalar(select(lists.c.id).where(lists.c.name == name)) is None:
        return
    number = 2
    while await work.scalar(select(lists.c.id).where(lists.c.name == f"{name} {number}")) is not None:
        number += 1
    raise BadInput("--list", f"a list {name!r} exists already", f"Choose another name, such as {f'{name} {number}'!r}")


def _lead_record(change: LeadChange) -> dict[str, Any]:
    """A change as JSON keeps it, and as import_changes has the database unpack it."""
    return {
        "phones": [(p.e164, p.raw, p.zone) for p in change.phones],
        "name": change.name,
        "company": change.company,
        "email": change.email,
        "language": change.language,
        "zone": change.zone,
        "priority": change.priority,
        "fields": change.fields,
        **({"company_fields": change.company_fields} if change.company_fields else {}),
    }


async def begin_import(work: UnitOfWork, list_name: str, source: str, digest: str, now: datetime) -> int:
    """A new import, nothing read yet; returns its id."""
    row = {"list_name": list_name, "source": source[:255], "digest": digest, "created_at": now}
    return int((await work.run(insert(imports).values(**row).returning(imports.c.id))).scalar_one())


async def _commit_lazily(work: UnitOfWork) -> None:
    """Do not wait for the disk at this commit. If PostgreSQL crashes the commit may be lost, never torn: a chunk lost
    is a chunk still to be read or written, and the commits that matter bring those before them to the disk."""
    if work.connection.dialect.name == "postgresql":
        await work.run(text("SET LOCAL synchronous_commit = off"))


async def keep_chunk(work: UnitOfWork, import_id: int, chunk: int, changes: Sequence[LeadChange]) -> None:
    """Keep changes to be written once the whole file has been read."""
    await _commit_lazily(work)
    created = packed([_lead_record(change) for change in changes if change.owner is None])
    joined = packed([[c.owner, c.overwrite, _lead_record(c)] for c in changes if c.owner is not None])
    await work.run(insert(import_chunks).values(import_id=import_id, chunk=chunk, created=created, joined=joined))


async def commit_import(work: UnitOfWork, import_id: int, counts: dict[str, int], now: datetime) -> int:
    """From here on the import will be carried through, by whoever comes first. Makes the list and returns its id.

    The list's counts stay empty until all its leads are written: no campaign takes it before. Raises BadInput if its
    name has been taken meanwhile.
    """
    found = (await work.all(select(imports).where(imports.c.id == import_id)))[0]
    await check_list_name(work, found.list_name)
    row = {"name": found.list_name, "source": found.source, "counts": {}, "created_at": now}
    list_id = int((await work.run(insert(lists).values(**row).returning(lists.c.id))).scalar_one())
    await work.run(update(imports).where(imports.c.id == import_id).values(list_id=list_id, counts=counts))
    return list_id


async def take_chunk(work: UnitOfWork, import_id: int, list_id: int) -> KeptChunk | None:
    """The next changes to write, None if none are left; they are gone with this commit.

    Locks the list's row: when two processes carry one import through, they take turns and keep the order.
    """
    await work.run(select(lists.c.id).where(lists.c.id == list_id).with_for_update())
    mine = import_chunks.c.import_id == import_id
    first = await work.first(select(import_chunks).where(mine).order_by(import_chunks.c.chunk).limit(1))
    if first is None:
        return None
    await work.run(delete(import_chunks).where(mine, import_chunks.c.chunk == first.chunk))
    joined = [_change(owner, overwrite, record) for owner, overwrite, record in json.loads(first.joined)]
    return KeptChunk(first.created, joined)


def _change(owner: Owner, overwrite: bool, record: dict[str, Any]) -> LeadChange:
    numbers = tuple(LeadPhone(*phone) for phone in record.pop("phones"))
    return LeadChange(owner, overwrite, numbers, **record)


async def finish_import(work: UnitOfWork, import_id: int, list_id: int, counts: dict[str, int]) -> None:
    """All is written: the list may be used. May be repeated without harm."""
    await work.run(update(lists).where(lists.c.id == list_id).values(counts=counts))
    await work.run(delete(imports).where(imports.c.id == import_id))


async def discard_import(work: UnitOfWork, import_id: int) -> None:
    """Forget an import that has not been committed; one that has been is left alone."""
    mine = select(imports.c.id).where(imports.c.id == import_id, imports.c.list_id.is_(None)).scalar_subquery()
    await work.run(delete(import_chunks).where(import_chunks.c.import_id == mine))
    await work.run(delete(imports).where(imports.c.id == import_id, imports.c.list_id.is_(None)))


async def unfinished_imports(work: UnitOfWork) -> list[UnfinishedImport]:
    """All imports under way or interrupted, oldest first."""
    rows = await work.all(select(imports).order_by(imports.c.id))
    return [UnfinishedImport(r.id, r.list_name, r.digest, r.list_id, dict(r.counts or {}), r.created_at) for r in rows]


async def write_chunk(work: UnitOfWork, list_id: int, chunk: KeptChunk, now: datetime) -> None:
    """Write changes, new contacts first: rows about contacts that exist may be about them."""
    await _commit_lazily(work)
    await create_leads(work, list_id, chunk.created, now)
    await _fill_companies(work, chunk, now)
    if not chunk.joined:
        return
    alive = await alive_among(work, {c.owner for c in chunk.joined if isinstance(c.owner, int)})
    erased = [c for c in chunk.joined if isinstance(c.owner, int) and c.owner not in alive]  # since they were looked up
    await create_leads(work, list_id, packed([_lead_record(change) for change in erased]), now)
    await join_leads(work, list_id, [c for c in chunk.joined if isinstance(c.owner, str) or c.owner in alive], now)


async def _fill_companies(work: UnitOfWork, chunk: KeptChunk, now: datetime) -> None:
    """Values of the site's own fields of companies: what is empty is filled; a row that overwrites replaces."""
    told: dict[str, list[tuple[dict[str, Any], bool]]] = {}
    if '"company_fields"' in chunk.created:  # few files have any, and most chunks are never taken apart here
        for record in json.loads(chunk.created):
            if record.get("company_fields"):
                told.setdefault(record["company"], []).append((record["company_fields"], False))
    for change in chunk.joined:
        if change.company and change.company_fields:
            told.setdefault(change.company, []).append((change.company_fields, change.overwrite))
    if not told:
        return
    await company_ids(work, told.keys(), now)
    rows = await work.all(
        select(companies.c.id, companies.c.name, companies.c.fields)
        .where(among(work, companies.c.name, told.keys()))
        .order_by(companies.c.id)
        .with_for_update()
    )
    for row in {row.name: row for row in reversed(rows)}.values():  # of several of one name the first, as everywhere
        fields = dict(row.fields or {})
        for values, overwrite in told[row.name]:
            fields = {**fields, **values} if overwrite else {**values, **fields}
        if fields != row.fields:
            await work.run(update(companies).where(companies.c.id == row.id).values(fields=fields))


async def count_chunks(work: UnitOfWork, import_id: int) -> int:
    """How many chunks are still to be written."""
    return int(
        await work.scalar(select(func.count()).select_from(import_chunks).where(import_chunks.c.import_id == import_id))
    )
