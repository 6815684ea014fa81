"""Campaigns watched: as they dial, what became of the dials, what would be dialed and what not, and why."""

from __future__ import annotations

from crm_core.domain.access import Right
from crm_core.domain.campaign_board import OpenDial
from crm_core.handlers import campaign_desk, outlook
from crm_core.web.api.campaign_shapes import (
    BoardOut,
    DialOut,
    FunnelOut,
    FunnelQuery,
    LaterOut,
    MinuteOut,
    OutlookOut,
    QuotaOut,
    WaitingOut,
    WaitingQuery,
    campaign_out,
)
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.api.lists import lead_out
from crm_core.web.api.routing import Asked, Page, Routes
from crm_core.web.api.shown import number_for, text_for
from crm_core.web.campaign_tools import Looking, last_look, look, screening_of

routes = Routes("campaigns")


@routes("GET", "/campaigns/{campaign_id}/board", right=Right.SEE_CAMPAIGNS)
async def campaign_board(asked: Asked, campaign_id: int) -> BoardOut:
    """The campaign as it dials: speed of the last hour, lines, agents, time to finish."""
    board = await campaign_desk.board(asked.actor, campaign_id, asked.database, asked.now)
    return BoardOut(
        campaign=campaign_out(board.card),
        minutes=[MinuteOut.model_validate(minute) for minute in board.minutes],
        seconds_left=None if board.time_left is None else board.time_left.total_seconds(),
        dials=[_dial_out(asked, dial) for dial in board.dials],
        agents=[dict(agent) for agent in board.agents],
        stopped=None if board.stopped is None else dict(board.stopped),
    )


def _dial_out(asked: Asked, dial: OpenDial) -> DialOut:
    values = {name: getattr(dial, name) for name in DialOut.model_fields}
    values["number"] = number_for(asked.actor, dial.number) if dial.number else None
    values["contact"] = text_for(asked.actor, dial.contact) if dial.contact else None
    return DialOut.model_validate(values)


@routes("GET", "/campaigns/{campaign_id}/funnel", right=Right.SEE_CAMPAIGNS)
async def campaign_funnel(asked: Asked, campaign_id: int, query: FunnelQuery) -> FunnelOut:
    """What became of its dials, from dialed to a result."""
    found = await campaign_desk.funnel(asked.actor, campaign_id, query.since, asked.database, asked.now)
    values = {name: getattr(found, name) for name in FunnelOut.model_fields}
    values |= {"results": dict(found.results), "outcomes": {k.value: n for k, n in (found.outcomes or {}).items()}}
    return FunnelOut.model_validate(values)


@routes("GET", "/campaigns/{campaign_id}/quotas", right=Right.SEE_CAMPAIGNS)
async def campaign_quotas(asked: Asked, campaign_id: int) -> list[QuotaOut]:
    """How its quotas stand."""
    found = await campaign_desk.detail(asked.actor, campaign_id, asked.database)
    return [
        QuotaOut(
            field=one.quota.field,
            value=one.quota.value,
            completes=one.quota.completes,
            complete=one.complete,
            under_way=one.under_way,
        )
        for one in found.quotas
    ]


@routes("POST", "/campaigns/{campaign_id}/outlook", right=Right.SEE_CAMPAIGNS, errors=(503,))
async def look_ahead(asked: Asked, campaign_id: int) -> OutlookOut:
    """Begin to count what would be dialed now and what not, and why; ask again with GET until it is ready."""
    await campaign_desk.one_campaign(asked.actor, campaign_id, asked.database, asked.now)
    return _outlook_out(look(asked.request, asked.actor, campaign_id))


@routes("GET", "/campaigns/{campaign_id}/outlook", right=Right.SEE_CAMPAIGNS, errors=(503,))
async def campaign_outlook(asked: Asked, campaign_id: int) -> OutlookOut:
    """The last count of what would be dialed now and what not, and why. Without one it begins."""
    await campaign_desk.one_campaign(asked.actor, campaign_id, asked.database, asked.now)
    return _outlook_out(last_look(asked.request, campaign_id) or look(asked.request, asked.actor, campaign_id))


def _outlook_out(looking: Looking) -> OutlookOut:
    summary = looking.summary
    later = {} if summary is None else {why: LaterOut.model_validate(one) for why, one in summary.later.items()}
    return OutlookOut(
        begun_at=looking.begun_at,
        ready=summary is not None,
        done=looking.done,
        whole=looking.whole,
        now=0 if summary is None else summary.now,
        later=later,
        never={} if summary is None else dict(summary.never),
        error=looking.error,
    )


@routes("GET", "/campaigns/{campaign_id}/leads", right=Right.SEE_CAMPAIGNS, errors=(503,))
async def campaign_leads(asked: Asked, campaign_id: int, query: WaitingQuery) -> Page[WaitingOut]:
    """Its leads that are dialed now, or not for the reason `why`. A page may hold few, or none, and go on all the same:
    leads are looked through some thousand at a time."""
    after = unpacked("campaign leads", query.cursor, (int,))[0] if query.cursor else 0
    assert isinstance(after, int)
    found = await outlook.waiting_leads(
        asked.actor,
        campaign_id,
        query.why,
        screening_of(asked.request),
        asked.database,
        asked.now,
        after=after,
        limit=query.limit,
    )
    items = [WaitingOut(lead=lead_out(asked.actor, one.lead), why=one.why, until=one.until) for one in found.leads]
    return Page(items=items, next=packed("campaign leads", found.next) if found.next is not None else None)
