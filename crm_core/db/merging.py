"""Two contacts that are one person: everything of the second becomes the first's, and the second goes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select, update

from crm_core.db.tables import (
    attempts,
    calls,
    campaign_leads,
    contacts,
    conversations,
    deals,
    leads,
    messages,
    notes,
    phones,
    tasks,
)
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_contacts
from crm_core.domain.access import Actor
from crm_core.errors import Conflict

#: Tables whose rows simply change hands.
_HANDED_OVER = (calls, conversations, messages, tasks, deals, notes)


async def duplicate_pairs(work: UnitOfWork, actor: Actor, limit: int) -> list[tuple[int, int, str]]:
    """Pairs (older, newer) of contacts the actor sees that share a number, with what they share."""
    one, other = phones.alias("one"), phones.alias("other")
    joined = one.join(other, (one.c.e164 == other.c.e164) & (one.c.contact_id < other.c.contact_id))
    seen = select(contacts.c.id).where(visible_contacts(actor), contacts.c.erased_at.is_(None))
    query = select(one.c.contact_id, other.c.contact_id, func.min(one.c.e164)).select_from(joined)
    both = (one.c.contact_id.in_(seen), other.c.contact_id.in_(seen))
    rows = await work.all(query.where(*both).group_by(one.c.contact_id, other.c.contact_id).limit(limit))
    return [(int(older), int(newer), str(number)) for older, newer, number in (tuple(row) for row in rows)]


async def merge(work: UnitOfWork, keep: int, drop: int) -> None:
    """Give `keep` all that is `drop`'s. Raises Conflict while one of them is being dialed."""
    await _check_calm(work, keep, drop)
    await _merge_phones(work, keep, drop)
    await _merge_leads(work, keep, drop)
    for table in _HANDED_OVER:
        await work.run(update(table).where(table.c.contact_id == drop).values(contact_id=keep))
    await _fill_in(work, keep, drop)
    await work.run(delete(contacts).where(contacts.c.id == drop))


async def _check_calm(work: UnitOfWork, keep: int, drop: int) -> None:
    both = select(leads.c.id).where(leads.c.contact_id.in_((keep, drop)))
    dialed = select(campaign_leads.c.lead_id).where(
        campaign_leads.c.lead_id.in_(both), campaign_leads.c.open_attempt.is_not(None)
    )
    if await work.scalar(dialed.limit(1)) is not None:
        raise Conflict("one of the two is being called just now: try again after the call")


async def _merge_phones(work: UnitOfWork, keep: int, drop: int) -> None:
    known = select(phones.c.e164).where(phones.c.contact_id == keep)
    await work.run(delete(phones).where(phones.c.contact_id == drop, phones.c.e164.in_(known)))
    await work.run(update(phones).where(phones.c.contact_id == drop).values(contact_id=keep))


async def _merge_leads(work: UnitOfWork, keep: int, drop: int) -> None:
    """A list has a contact once: where both are in it, the second's attempts become the first's."""
    mine, other = leads.alias("mine"), leads.alias("other")
    both = mine.join(other, (mine.c.list_id == other.c.list_id) & (mine.c.contact_id == keep))
    pairs = await work.all(select(mine.c.id, other.c.id).select_from(both).where(other.c.contact_id == drop))
    for kept, dropped in [tuple(row) for row in pairs]:
        for table in (attempts, calls, conversations):
            await work.run(update(table).where(table.c.lead_id == dropped).values(lead_id=kept))
        cl = campaign_leads.c
        in_both = select(cl.campaign_id).where(cl.lead_id == kept)
        await work.run(delete(campaign_leads).where(cl.lead_id == dropped, cl.campaign_id.in_(in_both)))
        await work.run(update(campaign_leads).where(cl.lead_id == dropped).values(lead_id=kept))
        await work.run(delete(leads).where(leads.c.id == dropped))
    await work.run(update(leads).where(leads.c.contact_id == drop).values(contact_id=keep))


async def _fill_in(work: UnitOfWork, keep: int, drop: int) -> None:
    """What the first does not know of himself he takes from the second; "not to be called" of either stays."""
    rows = {row.id: row for row in await work.all(select(contacts).where(contacts.c.id.in_((keep, drop))))}
    mine, other = rows[keep], rows[drop]
    names = ("name", "email", "company_id", "owner_id", "language")
    values: dict[str, Any] = {n: getattr(mine, n) or getattr(other, n) for n in names}
    values["fields"] = dict(other.fields or {}) | dict(mine.fields or {})
    refused = next((row for row in (mine, other) if row.consent == "refused"), None)
    said = refused or (mine if mine.consent else other)
    values |= {"consent": said.consent, "consent_at": said.consent_at, "version": mine.version + 1}
    await work.run(update(contacts).where(contacts.c.id == keep).values(**values))
