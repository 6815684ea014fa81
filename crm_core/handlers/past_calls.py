"""What past calls tell of a campaign's calls to come, read in pieces and counted."""

from __future__ import annotations

from datetime import datetime, timedelta

from crm_core.db import past_calls as rows
from crm_core.db import site
from crm_core.db.engine import Database
from crm_core.domain.campaigns import Campaign, DialMode
from crm_core.domain.past_calls import PastCalls

#: Older calls tell of another season.
_SINCE = timedelta(days=90)
#: Of the campaign itself and of others so many attempts, the latest; and so many changes of agents' states.
_OWN_MOST, _OTHERS_MOST, _SPANS_MOST = 40_000, 40_000, 20_000
_PIECE = 500
_BOT = frozenset({DialMode.BOT.value})
_AGENTS = frozenset(mode.value for mode in DialMode) - _BOT


async def past_calls(database: Database, campaign: Campaign, now: datetime, *, others: bool = True) -> PastCalls:
    """The campaign's own calls of 90 days, then (`others`) those of campaigns dialed like it. Raises Unavailable.

    It reads in short transactions; memory does not grow with the history.
    """
    past, since = PastCalls(), now - _SINCE
    async with database.reading() as work:
        zone = (await site.calendar(work)).zone
        modes = _BOT if campaign.policy.mode is DialMode.BOT else _AGENTS
        like = await rows.campaigns_like(work, campaign.id, modes, since) if others else []
        past.add_spans(await rows.agent_spans(work, [campaign.id, *like], since, _SPANS_MOST))
    for ids, most in (([campaign.id], _OWN_MOST), (like, _OTHERS_MOST)):
        read, mark = 0, None
        while ids and read < most:
            async with database.reading() as work:
                dials, mark = await rows.past_dials(work, ids, campaign.id, since, mark, _PIECE, zone)
            past.add(dials)
            read += len(dials)
            if mark is None:
                break
    return past
