"""The do-not-call lists: numbers and prefixes that are never dialed, anywhere or in one campaign."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

from aiohttp import web
from pydantic import Field

from crm_core.db.do_not_call import WHOLE_SYSTEM, BlockKind, BlockRow
from crm_core.domain.access import Actor, Right
from crm_core.handlers import block_desk
from crm_core.handlers.do_not_call import Imported
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.api.routing import Asked, Model, Page, Routes
from crm_core.web.api.shown import text_for
from crm_core.web.api.uploads import uploaded
from crm_core.web.keys import WORKPLACE

routes = Routes("do-not-call")

CampaignId = Annotated[int, Field(ge=0, lt=2**62)]
Reason = Annotated[str, Field(min_length=1, max_length=200)]


class BlockOut(Model):
    """An entry; a prefix ends in a star. `campaign_id` 0: the whole system."""

    id: int
    kind: BlockKind
    value: str
    campaign_id: int
    reason: str
    at: datetime | None


class BlockQuery(Model):
    """`campaign` 0: the whole system's; left out: all. `starts_with`: a number's beginning, +99890."""

    campaign: CampaignId | None = None
    starts_with: Annotated[str, Field(max_length=40)] = ""
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class NewBlock(Model):
    """A number, or a prefix that ends in a star (+99890*)."""

    value: Annotated[str, Field(min_length=1, max_length=40)]
    reason: Reason
    campaign_id: CampaignId = WHOLE_SYSTEM


class Added(Model):
    """False: it stood there already."""

    added: bool


class BlocksQuery(Model):
    """For a file: the reason of lines that give none, and whose list."""

    reason: Reason
    campaign: CampaignId = WHOLE_SYSTEM


class BadLineOut(Model):
    line: int
    text: str
    why: str


class ImportedOut(Model):
    """What became of a file; of the lines that were not understood the first hundred."""

    added: int
    standing: int
    bad: int
    bad_lines: list[BadLineOut]


def block_out(actor: Actor, row: BlockRow) -> BlockOut:
    block = row.block
    return BlockOut(
        id=row.id,
        kind=block.kind,
        value=block_desk.shown_value(actor, row),
        campaign_id=block.campaign_id,
        reason=text_for(actor, block.reason),
        at=block.at,
    )


@routes("GET", "/do-not-call", right=Right.CHANGE_CAMPAIGNS)
async def list_blocks(asked: Asked, query: BlockQuery) -> Page[BlockOut]:
    """What stands on the lists, by number."""
    after = unpacked("blocks", query.cursor, (int,))[0] if query.cursor else None
    assert after is None or isinstance(after, int)
    found = await block_desk.list_blocks(
        asked.actor,
        asked.database,
        campaign_id=query.campaign,
        starts_with=query.starts_with.replace("\x00", ""),
        after=after,
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    following = packed("blocks", shown[-1].id) if len(found) > query.limit else None
    return Page(items=[block_out(asked.actor, row) for row in shown], next=following)


@routes("POST", "/do-not-call", right=Right.CHANGE_CAMPAIGNS, errors=(404,))
async def add_block(asked: Asked, body: NewBlock) -> Added:
    """Never dial this number, or numbers that begin so, from now on."""
    country = asked.request.app[WORKPLACE].country
    added = await block_desk.add_block(
        asked.actor, body.value, body.reason, body.campaign_id, country, asked.database, asked.now
    )
    return Added(added=added)


@routes("DELETE", "/do-not-call/{block_id}", right=Right.CHANGE_CAMPAIGNS)
async def remove_block(asked: Asked, block_id: int) -> None:
    """Take an entry off the list; it may be dialed again."""
    await block_desk.remove_block_of(asked.actor, block_id, asked.database, asked.now)


@routes("POST", "/do-not-call/file", right=Right.CHANGE_CAMPAIGNS, takes_file=True, errors=(400, 404, 415, 422))
async def import_blocks(asked: Asked, query: BlocksQuery) -> ImportedOut:
    """Add a file of numbers and prefixes, one a line: number, or number and reason."""
    _name, pieces, _fields = await uploaded(asked.request)
    done = await take_file(asked.request, asked.actor, pieces, query.reason, query.campaign)
    bad = [BadLineOut(line=one.line, text=text_for(asked.actor, one.text), why=one.why) for one in done.bad[:100]]
    return ImportedOut(added=done.added, standing=done.standing, bad=len(done.bad), bad_lines=bad)


async def take_file(
    request: web.Request, actor: Actor, pieces: AsyncIterator[bytes], reason: str, campaign_id: int
) -> Imported:
    """An uploaded file, put on the list."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    place = request.app[WORKPLACE]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.txt"
        with path.open("wb") as file:
            async for piece in pieces:
                file.write(piece)
        return await block_desk.take_file(actor, path, reason, campaign_id, place.country, place.database, place.now())
