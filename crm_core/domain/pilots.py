"""Pilots: the first calls of a campaign, after which it waits until somebody has looked at what came of them. Pure."""

from __future__ import annotations

from crm_core.domain.campaigns import Campaign

#: Why a campaign paused by itself.
PILOT_OVER = "pilot_over"


def pilot_room(campaign: Campaign, dialed: int) -> int | None:
    """How many calls its pilot leaves after `dialed` in all; None: no pilot holds it."""
    if campaign.policy.pilot is None or campaign.approved_at is not None:
        return None
    return max(0, campaign.policy.pilot - dialed)


def is_pilot_over(campaign: Campaign, dialed: int) -> bool:
    """Whether all calls of the pilot were dialed and nobody has approved them."""
    return pilot_room(campaign, dialed) == 0
