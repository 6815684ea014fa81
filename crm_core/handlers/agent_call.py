"""What an agent is to know of the person he has on the line, or is about to have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crm_core.db import agents, conversations
from crm_core.db.conversations import Person
from crm_core.db.engine import Database
from crm_core.domain.agents import AgentState
from crm_core.domain.conversations import Answer, Turn
from crm_core.errors import NotFound


@dataclass(frozen=True, slots=True)
class AgentCall:
    """`summary` is None where the bot did not hand the person on; then there is neither answer nor turn."""

    agent: str
    state: AgentState
    since: datetime
    call_id: str
    who: Person
    summary: str | None = None
    answers: Sequence[Answer] = ()
    turns: Sequence[Turn] = ()


async def agent_call(name: str, database: Database) -> AgentCall:
    """The call that the agent of this name or phone has now, or writes up. Raises NotFound: no agent, no call."""
    async with database.reading() as work:
        agent = next((one for one in await agents.every_agent(work) if name in (one.name, one.phone)), None)
        if agent is None:
            raise NotFound("agent", name, "See `trunkline agent list`")
        if agent.call_id is None:
            raise NotFound("call of", agent.name, f"He is {agent.state.replace('_', ' ')}")
        handed = await conversations.handed_on(work, agent.call_id)
        who = await conversations.who_is_on(work, agent.call_id)
        told = AgentCall(agent.name, agent.state, agent.since, agent.call_id, who)
        if handed is None:
            return told
        answers = await conversations.answers_of(work, agent.call_id)
        said = await conversations.transcript(work, agent.call_id)
        return replace(told, summary=handed.summary, answers=answers, turns=said)
