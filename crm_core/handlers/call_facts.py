"""What a snapshot of the switch makes of a call, its attempt and its agents. Decides only; call_writing acts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from crm_core.db.agents import moved
from crm_core.db.attempts import Placed
from crm_core.db.calls import Call
from crm_core.domain.agents import Agent, AgentState, Trigger
from crm_core.domain.attempts import Attempt, Outcome
from crm_core.domain.calls import CallSnapshot, Direction
from crm_core.domain.work_calendar import WorkCalendar, is_working_time
from crm_core.errors import IllegalTransition
from crm_core.events import CallAbandoned, CallBridged, CallEnded, CallMissed, Event

log = logging.getLogger(__name__)

#: For calls that belong to no campaign.
INCOMING_WRAP_UP = timedelta(seconds=30)


class Concerned:
    """Agents a batch may concern, as they become while it is read; `steps` are the states they went through."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self.agents = {agent.id: agent for agent in agents}
        self.steps: list[Agent] = []
        self._by_leg = {agent.leg: agent.id for agent in self.agents.values() if agent.leg is not None}
        self._by_phone = {agent.phone: agent.id for agent in self.agents.values()}

    def on(self, snapshot: CallSnapshot) -> int | None:
        """The agent whose leg or phone takes part in the call."""
        by_leg = self._by_leg.get(snapshot.agent_leg) if snapshot.agent_leg is not None else None
        if by_leg is not None or snapshot.agent_phone is None:
            return by_leg
        return self._by_phone.get(snapshot.agent_phone)

    def holding(self, call_id: str) -> list[Agent]:
        return [agent for agent in self.agents.values() if agent.call_id == call_id]

    def move(
        self, agent_id: int, trigger: Trigger, at: datetime, call_id: str, wrap_up_until: datetime | None = None
    ) -> None:
        """Move an agent; a move his state does not allow is logged and left."""
        agent = self.agents[agent_id]
        try:
            after = moved(agent, trigger, at, call_id=call_id, detail=wrap_up_until)
        except IllegalTransition:
            fields = {"agent_id": agent_id, "call_id": call_id, "state": agent.state, "trigger": trigger}
            log.warning("a call asks for a move that the agent's state does not allow", extra=fields)
            return
        if after is not agent:
            self.agents[agent_id] = after
            self.steps.append(after)


# --- the call -----------------------------------------------------------------------------------------------
def call_after(
    old: Call | None, snapshot: CallSnapshot, placed: Placed | None, contact_id: int | None, agent_id: int | None
) -> Call:
    """The call as it stands after `snapshot`: what is known is never blanked, an outcome never replaced.

    `contact_id`: whose number it is, by the phones; `agent_id`: whose leg or phone takes part.
    """
    before = old or Call(snapshot.id, snapshot.node, snapshot.direction)
    call = replace(
        before,
        node=snapshot.node,
        direction=snapshot.direction,
        agent_id=agent_id if agent_id is not None and snapshot.bridged_at else before.agent_id,
        number=snapshot.number or before.number,
        line=snapshot.line or before.line,
        started_at=snapshot.started_at,
        ringing_at=snapshot.ringing_at or before.ringing_at,
        answered_at=snapshot.answered_at or before.answered_at,
        bridged_at=snapshot.bridged_at or before.bridged_at,
        ended_at=snapshot.ended_at or before.ended_at,
        cause=snapshot.cause if snapshot.cause is not None else before.cause,
        sip_status=snapshot.sip_status or before.sip_status,
    )
    if placed is not None:
        call = _of_attempt(call, placed)
    elif before.started_at is None:  # first seen: whose number is it?
        call = replace(call, contact_id=before.contact_id or contact_id, known=contact_id is not None)
    if call.ended_at is None:
        return call
    concluded = placed.attempt.outcome if placed is not None else None
    if concluded is Outcome.GIVEN_UP and call.answered_at is not None:
        # Answered in the instant the ringing was ended: a person lost, whatever was meant (a machine's verdict takes
        # longer than that).
        concluded = Outcome.ABANDONED
    return replace(call, outcome=concluded or before.outcome or snapshot.outcome or _outcome_of(call))


def _of_attempt(call: Call, placed: Placed) -> Call:
    attempt = placed.attempt
    return replace(
        call,
        direction=Direction.OUTGOING,
        attempt_id=attempt.id,
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        contact_id=call.contact_id or placed.contact_id,
        known=True,
        number=attempt.number,
    )


def _outcome_of(call: Call) -> Outcome:
    if call.bridged_at is not None:
        return Outcome.ANSWERED
    return Outcome.HUNG_UP if call.answered_at is not None else Outcome.FAILED


def attempt_after(attempt: Attempt, call: Call) -> Attempt:
    """The attempt as its call tells it. One that has ended keeps its end and its outcome."""
    return replace(
        attempt,
        agent_id=attempt.agent_id or call.agent_id,
        answered_at=call.answered_at or attempt.answered_at,
        bridged_at=call.bridged_at or attempt.bridged_at,
        ended_at=attempt.ended_at or call.ended_at,
        outcome=call.outcome if _lost(attempt, call) else attempt.outcome or call.outcome,
        cause=call.cause if call.cause is not None else attempt.cause,
        sip_status=call.sip_status or attempt.sip_status,
    )


def _lost(attempt: Attempt, call: Call) -> bool:
    """Whether a line given up turned out to be answered before it ended."""
    return attempt.ended_at is None and attempt.outcome is Outcome.GIVEN_UP and call.outcome is Outcome.ABANDONED


# --- agents -------------------------------------------------------------------------------------------------
def move_agents(concerned: Concerned, old: Call | None, new: Call, wrap_up: timedelta) -> None:
    """Let the call's agents follow it: bridged, ended, and disposed at once if the result was written while talking."""
    was_over = old is not None and old.ended_at is not None
    if new.bridged_at is not None and not was_over and _talks(new) != _talks(old):
        _bridged(concerned, new, new.bridged_at)
    if new.ended_at is None or was_over:
        return
    for agent in concerned.holding(new.id):
        if agent.state not in (AgentState.RINGING, AgentState.ON_CALL):
            continue
        concerned.move(agent.id, Trigger.CALL_ENDED, new.ended_at, new.id, new.ended_at + wrap_up)
        if concerned.agents[agent.id].state is AgentState.WRAP_UP and new.disposition is not None:
            concerned.move(agent.id, Trigger.DISPOSED, new.ended_at, new.id)


def _bridged(concerned: Concerned, call: Call, at: datetime) -> None:
    agent = concerned.agents.get(call.agent_id) if call.agent_id is not None else None
    if agent is None:
        return
    if agent.state is AgentState.AVAILABLE:  # taken back too early: the switch did bridge them
        concerned.move(agent.id, Trigger.ASSIGNED, at, call.id)
    if concerned.agents[agent.id].call_id in (None, call.id):
        concerned.move(agent.id, Trigger.BRIDGED, at, call.id)


def _talks(call: Call | None) -> int | None:
    """Who talks with the person."""
    return None if call is None or call.bridged_at is None else call.agent_id


# --- events -------------------------------------------------------------------------------------------------
def events_of(old: Call | None, new: Call, calendar: WorkCalendar) -> Iterator[Event]:
    """What has become true with this snapshot and was not before. A call the bot took was answered, not missed."""
    if new.bridged_at is not None and (old is None or old.bridged_at is None):
        yield CallBridged(
            new.id, new.direction, new.number, new.agent_id, new.contact_id, new.campaign_id, new.bridged_at
        )
    if new.ended_at is None or (old is not None and old.ended_at is not None):
        return
    yield CallEnded(
        call_id=new.id,
        direction=new.direction,
        number=new.number,
        known=new.known,
        outcome=new.outcome,
        agent_id=new.agent_id,
        contact_id=new.contact_id,
        campaign_id=new.campaign_id,
        bridged=new.bridged_at is not None,
        at=new.ended_at,
    )
    by_bot = old is not None and old.outcome is Outcome.ANSWERED
    if new.direction is Direction.INCOMING and new.bridged_at is None and not by_bot:
        yield CallMissed(new.id, new.number, new.contact_id, _after_hours(new, calendar), new.ended_at)
    if new.outcome is Outcome.ABANDONED and new.campaign_id is not None and new.lead_id is not None:
        yield CallAbandoned(new.id, new.number or "", new.contact_id, new.campaign_id, new.lead_id, new.ended_at)


def _after_hours(call: Call, calendar: WorkCalendar) -> bool:
    if call.after_hours is not None:
        return call.after_hours
    return call.started_at is not None and not is_working_time(call.started_at, calendar)
