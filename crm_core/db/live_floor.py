"""What is pushed of the floor: agents, calls under way, campaigns, as they now are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, select

from crm_core.db.batches import one_of
from crm_core.db.campaigns import COUNTERS, campaign_scope, policy_of
from crm_core.db.tables import agents, attempts, calls, campaigns, contacts, day_counts, numbers, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import CampaignState, DialMode
from crm_core.domain.pushes import Push, Topic

HOLDS = (AgentState.RINGING.value, AgentState.ON_CALL.value)
#: Campaigns that a board shows: those that dial or may go on dialing.
SHOWN = (CampaignState.RUNNING.value, CampaignState.PAUSED.value)


def when(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


# --- agents -------------------------------------------------------------------------------------------------
async def agent_pushes(work: UnitOfWork, *conditions: ColumnElement[bool]) -> list[Push]:
    """The agents of whom all conditions hold."""
    wanted = select(agents, users.c.name, campaigns.c.name.label("campaign"))
    joined = agents.join(users, users.c.id == agents.c.id).outerjoin(campaigns, campaigns.c.id == agents.c.campaign_id)
    rows = await work.all(wanted.select_from(joined).where(*conditions).order_by(users.c.name))
    return [_of_agent(row) for row in rows]


def is_agent(agent_id: int) -> ColumnElement[bool]:
    return agents.c.id == agent_id


async def agents_among(work: UnitOfWork, ids: Collection[int]) -> list[Push]:
    return await agent_pushes(work, one_of(agents.c.id, ids)) if ids else []


def _of_agent(row: Row[Any]) -> Push:
    body = {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "since": when(row.since),
        "campaign_id": row.campaign_id,
        "campaign": row.campaign,
        "call_id": row.call_id,
        "pause_reason": row.pause_reason,
        "wrap_up_until": when(row.wrap_up_until),
    }
    return Push(Topic.AGENT, str(row.id), body, owner=row.id, campaign_id=row.campaign_id)


# --- calls --------------------------------------------------------------------------------------------------
_CALL = select(
    calls,
    agents.c.id.label("given"),  # whom it is given to now: before the bridge only the roster knows
    contacts.c.name.label("contact"),
    contacts.c.owner_id.label("contact_owner"),
    campaigns.c.name.label("campaign"),
    campaigns.c.policy["mode"].as_string().label("mode"),
    numbers.c.number.label("scripted"),
).select_from(
    calls.outerjoin(contacts, contacts.c.id == calls.c.contact_id)
    .outerjoin(agents, and_(agents.c.call_id == calls.c.id, agents.c.state.in_(HOLDS)))
    .outerjoin(campaigns, campaigns.c.id == calls.c.campaign_id)
    .outerjoin(
        numbers,
        and_(
            numbers.c.number == calls.c.line,
            case((calls.c.after_hours, numbers.c.night_script), else_=numbers.c.day_script).is_not(None),
        ),
    )
)


async def calls_among(work: UnitOfWork, ids: Collection[str]) -> list[Push]:
    return _once(await work.all(_CALL.where(one_of(calls.c.id, ids)))) if ids else []


async def open_calls(work: UnitOfWork, *conditions: ColumnElement[bool]) -> list[Push]:
    """Calls under way of which all conditions hold, oldest first."""
    # Without a beginning it is a note to a call the switch has not reported.
    is_call = (calls.c.direction != "internal", calls.c.started_at.is_not(None))
    under_way = _CALL.where(calls.c.ended_at.is_(None), *is_call, *conditions)
    return _once(await work.all(under_way.order_by(calls.c.started_at)))


async def call_given_to(work: UnitOfWork, agent_id: int) -> list[Push]:
    """The call the agent holds or is being connected to, if there is one."""
    return _once(await work.all(_CALL.where(agents.c.id == agent_id, calls.c.ended_at.is_(None))))


def _once(rows: Sequence[Row[Any]]) -> list[Push]:
    """Each call once, whoever holds it."""
    return list({row.id: _of_call(row) for row in rows}.values())


def call_state(row: Any) -> str:
    """ringing: nobody has answered; robot: the person talks with the infobot; waiting: for an agent; given: an agent is
    being connected; talking; ended."""
    if row.ended_at is not None:
        return "ended"
    if row.bridged_at is not None:
        return "talking"
    if row.given is not None:
        return "given"
    if row.direction == "incoming":  # the switch answers only when somebody, or the robot, takes it
        return "robot" if row.scripted is not None else "waiting"
    if row.answered_at is None:
        return "ringing"
    return "robot" if row.mode == DialMode.BOT.value else "waiting"


def _of_call(row: Row[Any]) -> Push:
    agent_id = row.given if row.given is not None else row.agent_id
    body = {
        "id": row.id,
        "state": call_state(row),
        "direction": row.direction,
        "number": row.number,
        "agent_id": agent_id,
        "contact_id": row.contact_id,
        "contact": row.contact or None,
        "lead_id": row.lead_id,
        "campaign_id": row.campaign_id,
        "campaign": row.campaign,
        "started_at": when(row.started_at),
        "answered_at": when(row.answered_at),
        "bridged_at": when(row.bridged_at),
        "ended_at": when(row.ended_at),
        "outcome": row.outcome,
    }
    return Push(
        Topic.CALL,
        row.id,
        body,
        owner=agent_id,
        campaign_id=row.campaign_id,
        contact_owner=row.contact_owner,
        numbers=("number",),
        texts=("contact",),
    )


# --- campaigns ----------------------------------------------------------------------------------------------
async def campaigns_among(work: UnitOfWork, ids: Collection[int], now: datetime) -> list[Push]:
    """The figures of these campaigns: lines open now, today's counters, the abandoned share over its window. Today is
    the UTC day, as the counters are."""
    known = await work.all(select(campaigns).where(one_of(campaigns.c.id, ids)))
    if not known:
        return []
    policies = {row.id: policy_of(row.policy) for row in known}
    longest = max(policy.abandon_window for policy in policies.values())
    counted = await _counters(work, list(policies), (now - longest).date().isoformat())
    lines = await _lines(work, list(policies))
    states = await _states(work, list(policies))
    today = now.date().isoformat()
    pushes = []
    for row in known:
        policy, days = policies[row.id], counted.get(row.id, {})
        first = (now - policy.abandon_window).date().isoformat()
        within = [day for name, day in days.items() if name >= first]
        people, lost = (sum(day[what] for day in within) for what in ("people", "abandoned"))
        body = {
            "id": row.id,
            "name": row.name,
            "state": row.state,
            "mode": policy.mode.value,
            "today": days.get(today, dict.fromkeys(COUNTERS, 0)),
            "abandoned_share": lost / people if people else 0.0,
            "abandon_limit": policy.abandon_limit,
            "abandon_window_days": policy.abandon_window.days,
            "lines": lines.get(row.id, {"ringing": 0, "waiting": 0, "talking": 0}),
            "agents": states.get(row.id, {}),
        }
        pushes.append(Push(Topic.CAMPAIGN, str(row.id), body, campaign_id=row.id))
    return pushes


async def shown_campaigns(work: UnitOfWork, *conditions: ColumnElement[bool]) -> list[int]:
    """Ids of the campaigns that run or pause and of which all conditions hold."""
    rows = await work.all(select(campaigns.c.id).where(campaigns.c.state.in_(SHOWN), *conditions))
    return [row.id for row in rows]


async def _counters(work: UnitOfWork, ids: Sequence[int], first: str) -> dict[int, dict[str, dict[str, int]]]:
    of = {campaign_scope(campaign_id): campaign_id for campaign_id in ids}
    wanted = select(day_counts).where(one_of(day_counts.c.scope, list(of)), day_counts.c.day >= first)
    found: dict[int, dict[str, dict[str, int]]] = {}
    for row in await work.all(wanted):
        found.setdefault(of[row.scope], {})[row.day] = {name: getattr(row, name) for name in COUNTERS}
    return found


async def _lines(work: UnitOfWork, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Open lines of each campaign by what happens on them; a person who talks with the robot counts as talking."""
    is_person = and_(attempts.c.answered_at.is_not(None), attempts.c.outcome.is_distinct_from(Outcome.MACHINE.value))
    talks = attempts.c.bridged_at.is_not(None)
    with_robot = campaigns.c.policy["mode"].as_string() == DialMode.BOT.value
    stage = case((talks, "talking"), (and_(is_person, with_robot), "talking"), (is_person, "waiting"), else_="ringing")
    joined = attempts.join(campaigns, campaigns.c.id == attempts.c.campaign_id)
    mine = (one_of(attempts.c.campaign_id, ids), attempts.c.ended_at.is_(None))
    counted = select(attempts.c.campaign_id, stage.label("stage"), func.count().label("n")).select_from(joined)
    found: dict[int, dict[str, int]] = {}
    for row in await work.all(counted.where(*mine).group_by(attempts.c.campaign_id, stage)):
        lines = found.setdefault(row.campaign_id, {"ringing": 0, "waiting": 0, "talking": 0})
        lines[row.stage] = int(row.n)
    return found


async def _states(work: UnitOfWork, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    counted = select(agents.c.campaign_id, agents.c.state, func.count().label("n"))
    found: dict[int, dict[str, int]] = {}
    rows = await work.all(
        counted.where(one_of(agents.c.campaign_id, ids)).group_by(agents.c.campaign_id, agents.c.state)
    )
    for row in rows:
        found.setdefault(row.campaign_id, {})[row.state] = int(row.n)
    return found
