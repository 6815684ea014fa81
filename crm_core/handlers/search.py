"""Search from anywhere, for whoever asks: he finds what he sees."""

from __future__ import annotations

from dataclasses import replace

from crm_core.db import search as rows
from crm_core.db.engine import Database
from crm_core.db.search import Found
from crm_core.db.visibility import visible_companies, visible_contacts, visible_deals
from crm_core.domain.access import Actor, Right
from crm_core.domain.searching import sought


async def search(text: str, actor: Actor, database: Database, country: str | None = None) -> Found:
    """People, companies and deals by a part of their name, people by a number; ten of each at most, none while `text`
    is shorter than three letters. `country` (ISO 3166) is where numbers without a country's code belong.

    Somebody who is shown no numbers finds people by a whole number only.
    """
    async with database.reading() as work:
        found = await rows.search(
            work,
            sought(text, country),
            contacts_if=visible_contacts(actor, one_by_one=True),
            companies_if=visible_companies(actor, one_by_one=True),
            deals_if=visible_deals(actor),
            number_search="exact" if actor.masked else "any",
        )
    if actor.may(Right.SEE_CONTACTS):
        return found
    return replace(found, deals=tuple(replace(hit, detail="") for hit in found.deals))  # it names the contact
