"""Which caller id a person sees."""

from __future__ import annotations

import zlib

from crm_core.domain.campaigns import CampaignPolicy, Trunk


def caller_ids(policy: CampaignPolicy, trunk: Trunk) -> list[str]:
    """The campaign's pool, or the trunk's where it has none: those that the trunk may show.

    A caller id that is not the trunk's own is never shown (spoofing).
    """
    return [own for own in policy.caller_ids or trunk.caller_ids if own in trunk.caller_ids]


def caller_id(number: str, policy: CampaignPolicy, trunk: Trunk) -> str | None:
    """One of the pool, the same for one number each time; None if the pool is empty."""
    pool = caller_ids(policy, trunk)
    return pool[zlib.crc32(number.encode()) % len(pool)] if pool else None
