"""Deals: a board by stages, a list, one with its story."""

from __future__ import annotations

from crm_core.domain.access import Right
from crm_core.handlers import deal_desk
from crm_core.web.api.deal_shapes import (
    AgesQuery,
    CardsQuery,
    DealBoardOut,
    DealCardOut,
    DealChanges,
    DealMomentOut,
    DealNoteMade,
    DealQuery,
    NewDeal,
    NewDealNote,
    StageAgeOut,
    StoryQuery,
    WholeBoardQuery,
    WholeDealOut,
    board_wanted,
    card_out,
    column_out,
    deal_out,
    given_in,
    moment_out,
)
from crm_core.web.api.routing import Asked, Counted, Created, Page, Routes

routes = Routes("deals")


@routes("GET", "/deals", right=Right.SEE_DEALS)
async def list_deals(asked: Asked, query: DealQuery) -> Page[WholeDealOut]:
    """Deals, newest first."""
    wanted = query.wanted()
    found, following = await deal_desk.list_deals(
        asked.actor, wanted, query.sort, after=query.cursor, limit=query.limit, database=asked.database
    )
    total = await deal_desk.count_deals(asked.actor, wanted, asked.database)
    counted = Counted(count=total.number, more=total.more)
    return Page(items=[deal_out(asked.actor, one) for one in found], next=following, total=counted)


@routes("GET", "/deals/board", right=Right.SEE_DEALS)
async def deal_board(asked: Asked, query: WholeBoardQuery) -> DealBoardOut:
    """The board of a pipeline. Without `pipeline`: of the default one."""
    found = await deal_desk.board(asked.actor, query.pipeline, board_wanted(query), asked.database, asked.now)
    columns = [column_out(asked.actor, column) for column in found.columns]
    return DealBoardOut(pipeline_id=found.pipeline.id, pipeline=found.pipeline.name, columns=columns)


@routes("GET", "/deals/ages", right=Right.SEE_DEALS)
async def stage_ages(asked: Asked, query: AgesQuery) -> list[StageAgeOut]:
    """How long the deals of a pipeline's open stages have stood there. Without `pipeline`: of the default one."""
    found = await deal_desk.ages(asked.actor, query.pipeline, query.owner, asked.database, asked.now)
    return [StageAgeOut(stage_id=stage, average_seconds=round(age.total_seconds())) for stage, age in found.items()]


@routes("GET", "/deals/cards", right=Right.SEE_DEALS)
async def more_cards(asked: Asked, query: CardsQuery) -> Page[DealCardOut]:
    """More cards of one column of the board."""
    cards, following = await deal_desk.more_cards(
        asked.actor, query.stage, board_wanted(query), query.cursor, asked.database, asked.now
    )
    return Page(items=[card_out(asked.actor, card) for card in cards], next=following)


@routes("POST", "/deals", right=Right.CHANGE_DEALS)
async def create_deal(asked: Asked, body: NewDeal) -> Created[WholeDealOut]:
    """Make a deal."""
    made = await deal_desk.add_deal(asked.actor, body.stage_id, given_in(body), asked.database, asked.now)
    return Created(deal_out(asked.actor, made), f"/deals/{made.id}")


@routes("GET", "/deals/{deal_id}", right=Right.SEE_DEALS)
async def one_deal(asked: Asked, deal_id: int) -> WholeDealOut:
    """One deal, with the version that a change wants."""
    return deal_out(asked.actor, await deal_desk.one_deal(asked.actor, deal_id, asked.database))


@routes("GET", "/deals/{deal_id}/timeline", right=Right.SEE_DEALS)
async def deal_timeline(asked: Asked, deal_id: int, query: StoryQuery) -> list[DealMomentOut]:
    """What happened around a deal, latest first, 50 entries. `before` asks for older ones."""
    page = await deal_desk.deal_page(asked.actor, deal_id, asked.database, query.before)
    return [moment_out(asked.actor, moment) for moment in page.timeline]


@routes("PATCH", "/deals/{deal_id}", right=Right.CHANGE_DEALS)
async def change_deal(asked: Asked, deal_id: int, seen: int, body: DealChanges) -> WholeDealOut:
    """Change a deal."""
    changed = await deal_desk.change_deal(asked.actor, deal_id, seen, given_in(body), asked.database, asked.now)
    return deal_out(asked.actor, changed)


@routes("POST", "/deals/{deal_id}/notes", right=Right.CHANGE_DEALS)
async def add_deal_note(asked: Asked, deal_id: int, body: NewDealNote) -> Created[DealNoteMade]:
    """Write a note to the deal."""
    note_id = await deal_desk.add_note(asked.actor, deal_id, body.text, asked.database, asked.now)
    return Created(DealNoteMade(id=note_id), f"/deals/{deal_id}/timeline")
