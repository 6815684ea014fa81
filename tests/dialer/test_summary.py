"""How a list would fare."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from crm_core.domain.campaigns import CampaignState
from crm_core.domain.leads import Block, Lead, LeadState, WhyNot
from dialer.summary import _WORDS, Later, explain, start_summary
from tests.dialer.clock import START
from tests.dialer.scene import TRUNK, campaign, lead, number

HOUR = timedelta(hours=1)
LEADS = [
    lead(1),
    lead(2),
    lead(3, next_attempt_at=START + HOUR),
    lead(4, next_attempt_at=START + 3 * HOUR),
    lead(5, numbers=(number(5, block=Block.SYSTEM),)),
    lead(6, numbers=(number(6, zone=None),)),
]


async def listed() -> AsyncIterator[Lead]:
    for one in LEADS:
        yield one


def test_a_list_is_told_apart_before_the_campaign_is_started() -> None:
    draft = replace(campaign(), state=CampaignState.DRAFT)
    summary = asyncio.run(start_summary(listed(), draft, TRUNK, START))
    assert (summary.total, summary.now) == (6, 2)
    assert summary.later == {WhyNot.NOT_DUE: Later(2, START + HOUR, START + 3 * HOUR)}
    assert summary.never == {WhyNot.DO_NOT_CALL: 1, WhyNot.ZONE_UNKNOWN: 1}


def test_a_lead_is_explained_in_words() -> None:
    assert explain(LEADS[0], campaign(), TRUNK, START) == "Lead 1 may be dialed now, on +998900000001."
    assert explain(LEADS[2], campaign(), TRUNK, START) == (
        "Lead 3 is not dialed: it is not due yet; it comes up at 2026-03-03 11:00 UTC."
    )
    gone = lead(9, state=LeadState.CLOSED, close_reason="talked")
    assert explain(gone, campaign(), TRUNK, START) == "Lead 9 is not dialed: the lead is closed (talked)."


@pytest.mark.parametrize("why", WhyNot)
def test_every_reason_has_words(why: WhyNot) -> None:
    assert _WORDS[why]
