"""What belongs to the person himself: one contact instead of two, all his data, or none of it."""

from __future__ import annotations

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.handlers import person_rights
from crm_core.web.api.contacts import ContactOut, Id, contact_out
from crm_core.web.api.routing import Asked, Model, Routes
from crm_core.web.api.shown import number_for
from crm_core.web.keys import WORKPLACE

routes = Routes("person rights")


class PairOut(Model):
    """Two contacts that share a number."""

    older: ContactOut
    newer: ContactOut
    number: str


class Merge(Model):
    """Who is the same person; he goes, and all that was his is the contact's."""

    other_id: Id


@routes("GET", "/contact-duplicates", right=Right.MERGE_CONTACTS)
async def list_duplicates(asked: Asked) -> list[PairOut]:
    """Contacts that share a number, in pairs."""
    actor = asked.actor
    return [
        PairOut(
            older=contact_out(actor, pair.older),
            newer=contact_out(actor, pair.newer),
            number=number_for(actor, pair.number),
        )
        for pair in await person_rights.duplicates(actor, asked.database)
    ]


@routes("POST", "/contacts/{contact_id}/merge", right=Right.MERGE_CONTACTS)
async def merge_contacts(asked: Asked, contact_id: int, body: Merge) -> ContactOut:
    """Make two contacts one: this one."""
    merged = await person_rights.merge(asked.actor, contact_id, body.other_id, asked.database, asked.now)
    return contact_out(asked.actor, merged)


@routes("GET", "/contacts/{contact_id}/export", right=Right.EXPORT, streams=("application/json",))
async def export_contact(asked: Asked, contact_id: int) -> web.StreamResponse:
    """All that is known of a person."""
    text = await person_rights.export_person(asked.actor, contact_id, asked.database, asked.now)
    headers = {"Content-Disposition": f'attachment; filename="contact-{contact_id}.json"'}
    return web.Response(text=text, content_type="application/json", headers=headers)


@routes("DELETE", "/contacts/{contact_id}", right=Right.ERASE)
async def erase_contact(asked: Asked, contact_id: int) -> None:
    """Erase a person for good. His numbers are never dialed again."""
    folder = asked.request.app[WORKPLACE].recordings
    await person_rights.erase_person(asked.actor, contact_id, folder, asked.database, asked.now)
