"""Quotas: held with every lease, and told of every conversation that counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from crm_core.db import dispositions, quotas
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Attempt
from crm_core.domain.campaigns import Campaign, CampaignPolicy
from crm_core.domain.quotas import Room, counting


async def within_quotas(work: UnitOfWork, wanted: Sequence[Attempt], running: Mapping[int, Campaign]) -> list[Attempt]:
    """The first of `wanted` that the quotas of their campaigns leave room for: calls under way count as if each of them
    brought an answer, so that nobody is dialed in vain."""
    of_campaign: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in wanted:
        of_campaign[attempt.campaign_id].append(attempt)
    refused: set[str] = set()
    for campaign_id, mine in of_campaign.items():
        if running[campaign_id].policy.quotas:
            room = Room(await quotas.quota_states(work, running[campaign_id]))
            cells = await quotas.cells_of(work, campaign_id, [a.lead_id for a in mine])
            refused |= {a.id for a in mine if not room.take(cells.get(a.lead_id, ""))}
    return [attempt for attempt in wanted if attempt.id not in refused]


async def note_answers(work: UnitOfWork, campaign_id: int | None, lead_id: int | None) -> None:
    """A conversation, or its result, was written down: note whether the lead's answers count."""
    if campaign_id is None or lead_id is None:
        return
    policy = await quotas.policy_with_quotas(work, campaign_id, lead_id)
    if policy is not None:
        known = (await dispositions.all_dispositions(work)).values()
        await quotas.recount(work, campaign_id, counting(policy, known), lead_id)


async def regroup(work: UnitOfWork, campaign_id: int, policy: CampaignPolicy, before: CampaignPolicy | None) -> None:
    """Group the leads of a campaign whose policy is new or changed; raising a quota regroups nothing."""
    groups, old = _groups(policy), _groups(before)
    if groups != old:
        await quotas.put_cells(work, campaign_id, policy.quotas)
    counts = before is None or policy.counts_as_complete != before.counts_as_complete
    if groups and (counts or not old):
        known = (await dispositions.all_dispositions(work)).values()
        await quotas.recount(work, campaign_id, counting(policy, known))


def _groups(policy: CampaignPolicy | None) -> list[str]:
    return [] if policy is None else [str(quota) for quota in policy.quotas]
