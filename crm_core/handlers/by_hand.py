"""Click to call: an agent asks for one person, and the dialer dials him under all the rules that hold for any call.

The call is that of a preview campaign of its own ("By hand: <trunk>"), so limits, do-not-call lists, hours, recording
and results are the same; a manager may pause that campaign like any other.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from crm_core.db import agents, by_hand, campaigns
from crm_core.db.engine import Database
from crm_core.db.leads import LeadKey, Since, leads_of
from crm_core.db.site import dialing_stopped
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import CampaignPolicy, CampaignState, DialMode, RetryPolicy, Trunk, Window
from crm_core.errors import BadInput, Conflict
from crm_core.handlers.commits import committed
from crm_core.ports import Screening

#: 47 CFR 64.1200(c)(1): from 8 to 21 on the person's own clocks; by hand on Sundays too.
_HOURS = (Window(frozenset(range(7)), time(8), time(21)),)
#: Whoever calls by hand decides himself how often; a slip of the hand is still caught.
_REST_CALLS = 10
_MOST_ATTEMPTS = 1_000


async def call_contact(
    actor: Actor,
    contact_id: int,
    screening: Screening,
    database: Database,
    now: datetime,
    phone_id: int | None = None,
) -> None:
    """Have the dialer call the contact for the agent: the first of his numbers that may be dialed, or the one named by
    its id. Raises NotFound, BadInput saying why he is not called, and Conflict while he is being called already."""
    actor.require(Right.TAKE_CALLS)

    async def act(work: UnitOfWork) -> None:
        await by_hand.check_contact(work, actor, contact_id)
        await _check_agent(work, actor)
        lead_id = await by_hand.lead_for(work, contact_id, now)
        trunk, policy = await _way(work, contact_id, phone_id)
        campaign = await by_hand.campaign_for(work, policy, now)
        if campaign.state is not CampaignState.RUNNING:
            raise BadInput("call", f"calling by hand is {campaign.state}", f"Start the campaign {campaign.name!r}")
        if await dialing_stopped(work) is not None:
            raise BadInput("call", "all dialing is stopped", "Ask whoever stopped it")
        if not await by_hand.ask_for(work, campaign.id, lead_id, actor.user_id, now, phone_id):
            raise Conflict("this person is being called already")
        since = Since(now - policy.number_rest, now - policy.abandoned_rest)
        (lead,) = await leads_of(work, [LeadKey(campaign.id, lead_id)], since)
        answer = screening(lead, campaign, trunk, now, [actor.user_id])
        if answer.number is None:
            why = answer.why.value.replace("_", " ") if answer.why is not None else "no number"
            raise BadInput("call", f"he is not called now: {why}")

    await committed(database, act)


async def call_for_task(actor: Actor, task_id: int, screening: Screening, database: Database, now: datetime) -> None:
    """Call whom the task is about. Raises as `call_contact` does."""
    actor.require(Right.TAKE_CALLS)
    async with database.reading() as work:
        contact_id = await by_hand.contact_of_task(work, actor, task_id)
    if contact_id is None:
        raise BadInput("task", "it is about nobody in particular", "Link it to a contact first")
    await call_contact(actor, contact_id, screening, database, now)


async def _check_agent(work: UnitOfWork, actor: Actor) -> None:
    me = next((one for one in await agents.every_agent(work) if one.id == actor.user_id), None)
    if me is None:
        raise BadInput("call", "you have no phone", "An administrator gives you one under Settings, Users")
    if me.state is not AgentState.AVAILABLE:
        do = "Start taking calls on the operator's page" if me.state is AgentState.LOGGED_OUT else "Wait a moment"
        raise BadInput("call", f"your phone is {me.state.replace('_', ' ')}", do)
    if me.campaign_id is None:
        return
    campaign = await campaigns.campaign(work, me.campaign_id)
    if campaign is not None and campaign.policy.mode is not DialMode.PREVIEW:
        # Its pacing counts on him: he would be given one person while another answers.
        do = "End the shift and start one for incoming calls only"
        raise BadInput("call", f"the campaign {campaign.name!r} dials for you", do)


async def _way(work: UnitOfWork, contact_id: int, phone_id: int | None) -> tuple[Trunk, CampaignPolicy]:
    """The trunk that may dial one of the person's numbers, or the one chosen. Raises BadInput where there is none."""
    numbers = await by_hand.numbers_of(work, contact_id, phone_id)
    for trunk in (await campaigns.every_trunk(work)).values():
        if trunk.caller_ids and any(number.startswith(trunk.prefixes) for number in numbers):
            return trunk, _policy(trunk)
    if not numbers and phone_id is not None:
        raise BadInput("call", "this number is not in service", "Choose another")
    what = "no trunk may dial his number" if numbers else "he has no number"
    raise BadInput("call", what, "See Settings, Trunks" if numbers else "Add one to the contact")


def _policy(trunk: Trunk) -> CampaignPolicy:
    return CampaignPolicy(
        trunk.name,
        mode=DialMode.PREVIEW,
        windows=_HOURS,
        retry=RetryPolicy(max_attempts=_MOST_ATTEMPTS, after={}),
        number_rest_calls=_REST_CALLS,
        max_lines=trunk.max_lines,
        calls_per_second=trunk.calls_per_second,
        wrap_up=timedelta(minutes=2),
    )
