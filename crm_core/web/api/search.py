"""Search from anywhere."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crm_core.db.search import Hit
from crm_core.domain.access import Actor
from crm_core.domain.searching import Matched
from crm_core.handlers import search as handlers
from crm_core.web.api.routing import Asked, Model, Routes
from crm_core.web.api.shown import number_for, text_for
from crm_core.web.keys import WORKPLACE

routes = Routes("search")


class SearchQuery(Model):
    """`q`: part of a name, an e-mail address or a title, or a telephone number in any form; from three letters on."""

    q: Annotated[str, Field(max_length=100)]


class HitOut(Model):
    """Something found. `detail`: a person's company, a deal's contact and stage. `number`: the one that matched."""

    id: int
    title: str
    detail: str
    matched: Matched
    number: str | None


class FoundOut(Model):
    """Ten of each at most, best first."""

    contacts: list[HitOut]
    companies: list[HitOut]
    deals: list[HitOut]


@routes("GET", "/search", right=None)
async def search(asked: Asked, query: SearchQuery) -> FoundOut:
    """People, companies and deals, as far as I see them."""
    country = asked.request.app[WORKPLACE].country
    found = await handlers.search(query.q, asked.actor, asked.database, country)
    kinds = {name: getattr(found, name) for name in FoundOut.model_fields}
    return FoundOut(**{name: [_out(asked.actor, hit) for hit in hits] for name, hits in kinds.items()})


def _out(actor: Actor, hit: Hit) -> HitOut:
    return HitOut(
        id=hit.id,
        title=text_for(actor, hit.title),
        detail=text_for(actor, hit.detail),
        matched=hit.matched,
        number=None if hit.number is None else number_for(actor, hit.number),
    )
