"""What is asked of the database before a policy is kept and before a campaign starts."""

from __future__ import annotations

from crm_core.db import agents, attempts, campaigns, dispositions, quotas
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import Campaign, CampaignPolicy, DialMode
from crm_core.domain.pilots import is_pilot_over
from crm_core.domain.quotas import plain, quota_fields
from crm_core.errors import BadInput
from crm_core.handlers.policy_checks import check_policy


async def check_stored(work: UnitOfWork, policy: CampaignPolicy) -> None:
    """Raise BadInput for the first thing wrong with a policy, also for what it names and the site does not have."""
    check_policy(policy, await campaigns.every_trunk(work))
    if policy.counts_as_complete:
        known = await dispositions.all_dispositions(work)
        for code in policy.counts_as_complete:
            if code not in known:
                raise BadInput("counts_as_complete", f"there is no result {code!r}", f"Choose of {', '.join(known)}")


async def check_start(work: UnitOfWork, campaign: Campaign) -> tuple[str, ...]:
    """What will keep a campaign from dialing although it may start; raises BadInput for what forbids that."""
    await check_stored(work, campaign.policy)
    await _check_pilot(work, campaign)
    if not await campaigns.lead_count(work, campaign.id):
        do = f"Attach a list: `trunkline campaign attach {campaign.name} LIST`"
        raise BadInput(f"campaign {campaign.name}", "it has no leads", do)
    if campaign.policy.mode is DialMode.BOT:
        return (*await _slower_trunk(work, campaign.policy), *await _unknown_groups(work, campaign))
    by_state = await agents.counts_by_state(work, campaign.id)
    if sum(count for state, count in by_state.items() if state is not AgentState.LOGGED_OUT):
        return ()
    return ("nobody is logged in: it dials as soon as an agent is (`trunkline agent login`)",)


async def _check_pilot(work: UnitOfWork, campaign: Campaign) -> None:
    dialed = (await attempts.dialed(work, [campaign.id])).get(campaign.id, 0) if campaign.policy.pilot else 0
    if is_pilot_over(campaign, dialed):
        raise BadInput(
            f"campaign {campaign.name}",
            f"its pilot of {campaign.policy.pilot} calls is over and nobody has approved it",
            f"Look at `trunkline campaign report {campaign.name}`, then say go on: "
            f"`trunkline campaign approve {campaign.name}`",
        )


async def _slower_trunk(work: UnitOfWork, policy: CampaignPolicy) -> tuple[str, ...]:
    """Somebody has set how fast to dial and the trunk is slower."""
    trunk = (await campaigns.every_trunk(work))[policy.trunk]
    usual = CampaignPolicy(trunk.name).calls_per_second
    if policy.calls_per_second in (usual, trunk.calls_per_second) or policy.calls_per_second < trunk.calls_per_second:
        return ()
    wanted, allowed = policy.calls_per_second * 60, trunk.calls_per_second * 60
    return (f"it is to dial {wanted:g} calls a minute and trunk {trunk.name} takes {allowed:g}",)


async def _unknown_groups(work: UnitOfWork, campaign: Campaign) -> tuple[str, ...]:
    """Quotas that no lead counts for: most likely a slip of the pen, and then nothing holds those leads back."""
    warnings = []
    for name in quota_fields(campaign.policy.quotas):
        found = await quotas.values_of(work, campaign.id, name)
        known = {plain(value) for value in found}
        missing = [q for q in campaign.policy.quotas if q.field == name and q.value and plain(q.value) not in known]
        if missing:
            there = ", ".join(list(found)[:10]) or f"no field {name!r}"
            warnings.append(f"no lead has {' or '.join(map(str, missing))}; there is {there}")
    return tuple(warnings)
