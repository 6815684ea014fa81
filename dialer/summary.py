"""What would become of a list: how many leads are dialed now, later and not at all, and why; and one lead in words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from crm_core.domain.campaigns import Campaign, CampaignState, Trunk
from crm_core.domain.leads import Lead, WhyNot
from crm_core.domain.outlook import Later as Later
from crm_core.domain.outlook import StartSummary as StartSummary
from crm_core.domain.outlook import Tally
from dialer.screening import Screened, screened


async def start_summary(
    leads: AsyncIterator[Lead],
    campaign: Campaign,
    trunk: Trunk | None,
    now: datetime,
    available_agents: Collection[int] = (),
) -> StartSummary:
    """Screen every lead as if `campaign` were started at `now`. Holds no lead in memory."""
    started = replace(campaign, state=CampaignState.RUNNING)
    tally = Tally()
    async for lead in leads:
        answer = screened(lead, started, trunk, now, available_agents)
        tally.add(answer.why, answer.until)
    return tally.summary()


_WORDS: Mapping[WhyNot, str] = {
    WhyNot.CAMPAIGN_NOT_RUNNING: "the campaign is not running",
    WhyNot.CLOSED: "the lead is closed",
    WhyNot.IN_PROGRESS: "a call to it is under way",
    WhyNot.QUOTA_FULL: "the quota of its group is full",
    WhyNot.CALLBACK_OF_OTHER: "it is promised to one agent, who is not available",
    WhyNot.WORDS_UNSAYABLE: "nothing that can be said stands where the script wants its own words: mend its data",
    WhyNot.WORDS_NOT_READY: "the words it hears first cannot be rendered for now: look at the log for the voice",
    WhyNot.NOT_DUE: "it is not due yet",
    WhyNot.ATTEMPTS_USED: "all its attempts are used",
    WhyNot.NO_NUMBER: "it has no number that works",
    WhyNot.DO_NOT_CALL: "its number is on the do-not-call list",
    WhyNot.DO_NOT_CALL_CAMPAIGN: "its number is on the campaign's do-not-call list",
    WhyNot.DO_NOT_CALL_PREFIX: "its number begins with a prefix on the do-not-call list",
    WhyNot.PREFIX_NOT_ALLOWED: "the campaign's trunk may not dial such numbers: allow their prefix on the trunk",
    WhyNot.ZONE_UNKNOWN: "its time zone is not known: set it on the lead",
    WhyNot.OUTSIDE_WINDOW: "it is outside the calling hours where the person lives",
    WhyNot.WINDOW_NEVER_OPENS: "the campaign has no calling hours: set them in its policy",
    WhyNot.NUMBER_RESTED: "its number has been dialed often enough of late",
    WhyNot.ABANDONED_REST: "the person was abandoned before and is left alone for a while",
}


def explain(
    lead: Lead, campaign: Campaign, trunk: Trunk | None, now: datetime, available_agents: Collection[int] = ()
) -> str:
    """One sentence on why `lead` is, or is not, dialed at `now`."""
    answer = screened(lead, campaign, trunk, now, available_agents)
    if answer.number is not None:
        return f"Lead {lead.id} may be dialed now, on {answer.number.e164}."
    return f"Lead {lead.id} is not dialed: {_reason(lead, answer)}{_when(answer)}."


def _reason(lead: Lead, answer: Screened) -> str:
    if answer.why is WhyNot.CLOSED and lead.close_reason:
        return f"the lead is closed ({lead.close_reason})"
    if answer.why is WhyNot.QUOTA_FULL:
        return f"{_WORDS[answer.why]} ({lead.full_quota})"
    return _WORDS[answer.why] if answer.why is not None else ""


def _when(answer: Screened) -> str:
    return f"; it comes up at {answer.until:%Y-%m-%d %H:%M} UTC" if answer.until is not None else ""
