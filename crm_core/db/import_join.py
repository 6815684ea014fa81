"""Importing: rows about contacts that exist already, of the base or made by rows before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, insert, select, update

from crm_core.db.bulk import among
from crm_core.db.tables import companies, contacts, leads, phones
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.lead_files import LeadChange

_CONTACT_COLUMNS = ("name", "email", "company_id", "language")


async def alive_among(work: UnitOfWork, contact_ids: Collection[int]) -> set[int]:
    """Which of the contacts still exist; they will until the commit."""
    # Locked in one order, or two imports that meet would wait for each other.
    query = select(contacts.c.id).where(among(work, contacts.c.id, contact_ids)).order_by(contacts.c.id)
    return {row.id for row in await work.all(query.with_for_update())}


async def join_leads(work: UnitOfWork, list_id: int, changes: Sequence[LeadChange], now: datetime) -> None:
    """Numbers, data and leads of the list, row after row. Every owner exists."""
    found = await _owner_ids(work, list_id, {c.owner for c in changes if isinstance(c.owner, str)})
    owned = [(c.owner if isinstance(c.owner, int) else found[str(c.owner)], c) for c in changes]
    numbers = [
        {"contact_id": id_, "e164": p.e164, "raw": p.raw, "zone": p.zone, "dead": False}
        for id_, change in owned
        for p in change.phones
    ]
    await work.upsert(phones, numbers, ["contact_id", "e164"], keep=["raw", "zone", "dead"])
    if overwriting := [(id_, c) for id_, c in owned if c.overwrite]:
        await _overwrite_contacts(work, overwriting, now)
    await _put_leads(work, list_id, owned)


async def _owner_ids(work: UnitOfWork, list_id: int, numbers: Collection[str]) -> dict[str, int]:
    """The contacts of the list by their numbers."""
    if not numbers:
        return {}
    members = phones.join(leads, leads.c.contact_id == phones.c.contact_id)
    query = select(phones.c.e164, phones.c.contact_id).select_from(members)
    rows = await work.all(query.where(leads.c.list_id == list_id, among(work, phones.c.e164, numbers)))
    return {row.e164: row.contact_id for row in rows}


async def _overwrite_contacts(work: UnitOfWork, owned: Sequence[tuple[int, LeadChange]], now: datetime) -> None:
    """Filled cells replace what the contact holds; of several rows the last counts."""
    ids = await company_ids(work, {c.company for _, c in owned if c.company}, now)
    query = select(contacts.c.id, *(contacts.c[name] for name in _CONTACT_COLUMNS))
    rows = await work.all(query.where(among(work, contacts.c.id, {id_ for id_, _ in owned})))
    held = {row.id: dict(row._mapping) for row in rows}
    for id_, change in owned:
        company_id = ids[change.company] if change.company else None
        new = {"name": change.name, "email": change.email, "company_id": company_id, "language": change.language}
        held[id_].update({name: value for name, value in new.items() if value})
    bound: dict[str, BindParameter[Any]] = {name: bindparam(f"new_{name}") for name in _CONTACT_COLUMNS}
    statement = update(contacts).where(contacts.c.id == bindparam("contact")).values(bound)
    values = [
        {"contact": row["id"], **{f"new_{name}": row[name] for name in _CONTACT_COLUMNS}} for row in held.values()
    ]
    await work.run(statement, values)


async def company_ids(work: UnitOfWork, names: Collection[str], now: datetime) -> dict[str, int]:
    """The companies' ids by name, those that were missing made."""
    if not names:
        return {}
    known = await work.all(select(companies.c.name, companies.c.id).where(among(work, companies.c.name, names)))
    ids: dict[str, int] = {}
    for row in sorted(known, key=lambda row: int(row.id)):
        ids.setdefault(row.name, row.id)
    missing = [{"name": name, "created_at": now} for name in sorted(names) if name not in ids]
    if missing:
        made = await work.run(insert(companies).returning(companies.c.name, companies.c.id), missing)
        ids.update((row.name, row.id) for row in made)
    return ids


@dataclass(slots=True)
class _Lead:
    """A lead of the list while rows are folded into it; `id` None: not written yet."""

    priority: int
    zone: str | None
    fields: dict[str, str] = field(default_factory=dict)
    id: int | None = None
    changed: bool = False

    def overwrite(self, change: LeadChange) -> None:
        self.priority = self.priority if change.priority is None else change.priority
        self.zone = change.zone or self.zone
        self.fields = {**self.fields, **change.fields}
        self.changed = True

    def values(self) -> dict[str, Any]:
        return {"priority": self.priority, "zone": self.zone, "fields": self.fields}


async def _put_leads(work: UnitOfWork, list_id: int, owned: Sequence[tuple[int, LeadChange]]) -> None:
    """One lead per contact: made with the first row about it, overwritten by later ones that may."""
    query = select(leads).where(leads.c.list_id == list_id, among(work, leads.c.contact_id, {id_ for id_, _ in owned}))
    held = {r.contact_id: _Lead(r.priority, r.zone, dict(r.fields), r.id) for r in await work.all(query)}
    for id_, change in owned:
        if id_ not in held:
            held[id_] = _Lead(change.priority or 0, change.zone, dict(change.fields))
        elif change.overwrite:
            held[id_].overwrite(change)
    made = [{"list_id": list_id, "contact_id": id_, **lead.values()} for id_, lead in held.items() if lead.id is None]
    if made:
        await work.run(insert(leads), made)
    changed = [lead for lead in held.values() if lead.id is not None and lead.changed]
    if changed:
        bound: dict[str, BindParameter[Any]] = {
            name: bindparam(f"new_{name}", type_=leads.c[name].type) for name in ("priority", "zone", "fields")
        }
        await work.run(
            update(leads).where(leads.c.id == bindparam("lead")).values(bound),
            [{"lead": lead.id, **{f"new_{name}": value for name, value in lead.values().items()}} for lead in changed],
        )
