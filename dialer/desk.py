"""The hand-off desk: decides at once what happens to a person on the line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from crm_core.domain.agents import Agent, AgentState, HandOffMode, Trigger
from crm_core.domain.attempts import Attempt, Outcome, Verdict
from crm_core.domain.campaigns import Campaign, DialMode
from crm_core.domain.conversations import HandedOn
from crm_core.domain.recordings import recording_path
from crm_core.domain.work_calendar import is_working_time
from crm_core.errors import Conflict, IllegalTransition
from crm_core.ports import AttemptBook, HandOff, IncomingCall, PersonAnswered, Reception, Roster
from dialer.hand_off import HANG_UP, WAIT, abandoned, closed, machine, record_to, to_agent, to_bot
from dialer.search import AgentSearch
from dialer.settings import DeskSettings

log = logging.getLogger(__name__)


class Desk:
    """Fits ports.HandOffDesk. With an agent free, an answer takes two awaits: the attempt's and the roster's.

    Raises Unavailable while the database does not answer: the dialplan then plays its own message. A coroutine
    cancelled means that the person hung up; nobody stays assigned to him.
    """

    def __init__(
        self,
        roster: Roster,
        attempts: AttemptBook,
        reception: Reception,
        settings: DeskSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._roster, self._attempts, self._reception = roster, attempts, reception
        self._settings, self._now = settings, now
        self._search = AgentSearch(roster, settings.poll, now)

    def agent_available(self) -> None:
        """An agent may have become free: those first in line ask now."""
        self._search.wake()

    async def close(self) -> None:
        """Wait until the agents of people who hung up have been taken back."""
        await self._search.close()

    async def answered(self, person: PersonAnswered) -> HandOff:
        """A callee of ours answered: an agent, a message, or the end."""
        if person.again:
            return await self.unanswered(person.channel)
        now = self._now()
        known = await self._attempts.answered(person.channel, person.verdict, person.verdict_cause, now)
        if known is None:
            log.warning("answer of an unknown attempt", extra={"attempt_id": person.channel})
            return HANG_UP
        attempt, campaign = known
        if attempt.outcome is Outcome.ABANDONED:  # given up in this instant: its end is on the way from us
            return abandoned(campaign.policy)
        if person.verdict is Verdict.MACHINE and campaign.policy.detect_machines:
            await self._attempts.conclude(attempt.id, Outcome.MACHINE, now)
            return machine(campaign.policy)
        if campaign.policy.mode is DialMode.BOT:
            record = record_to(attempt.id, attempt.created_at, campaign.policy)
            return to_bot(campaign.policy.consent_notice, record)
        return await self._agent_or_message(attempt, campaign)

    async def unanswered(self, channel: str) -> HandOff:
        """The agent's phone did not answer, or his leg is gone: he is not there; another one, or the message."""
        await self._roster.take_back(channel, self._now(), gone=True)
        if (handed := await self._attempts.handed_on(channel)) is not None:
            return await self._agent_or_task(channel, handed)
        known = await self._known(channel)
        return await (self._agent_or_wait(channel) if known is None else self._agent_or_message(*known))

    async def incoming(self, call: IncomingCall) -> HandOff:
        """Somebody calls us: the number's script, the agent idle longest, music until there is one, or a message."""
        now = self._now()
        after_hours = not is_working_time(now, await self._reception.calendar())
        if await self._reception.note_incoming(call, after_hours, now):
            return to_bot(self._settings.incoming_notice, self._record_incoming(call.channel))
        if after_hours:
            return closed(self._settings.closed_message)
        return await self._agent_or_wait(call.channel)

    async def waiting(self, channel: str) -> HandOff:
        """A caller hears music: an agent as soon as one is free, or the message that nobody was."""
        agent = await self._search.agent_for(channel, None, self._now() + self._settings.incoming_wait)
        return closed(self._settings.missed_message) if agent is None else self._caller_to(agent, channel)

    async def after_bot(self, channel: str) -> HandOff:
        """The bot has done its part: the end, unless it wants an agent; if nobody is free, a message and a task."""
        handed = await self._attempts.handed_on(channel)
        return HANG_UP if handed is None else await self._agent_or_task(channel, handed)

    async def left(self, channel: str) -> None:
        """The person hung up while an agent was told of him: what the bot promised is a task."""
        await self._attempts.nobody_took_over(channel, self._now())

    async def opted_out(self, channel: str, key: str) -> None:
        """A key was pressed during the message; the campaign's opt-out key ends all calls to this number."""
        known = await self._known(channel)
        if known is not None and key and key == known[1].policy.opt_out_key:
            await self._attempts.opted_out(channel, self._now())

    async def phone_login(self, channel: str, channel_name: str, phone: str) -> bool:
        """Log the agent of `phone` in; refused to a stranger, and where the phone holds no leg or another one."""
        agent = next((agent for agent in await self._roster.agents() if agent.phone == phone), None)
        if agent is None or agent.hand_off is not HandOffMode.PARKED:
            log.info("log-in refused", extra={"channel": channel, "channel_name": channel_name, "phone": phone})
            return False
        if agent.state is not AgentState.LOGGED_OUT:
            return agent.state is AgentState.CONNECTING or agent.leg == channel
        try:
            await self._roster.move(agent.id, Trigger.LOG_IN, self._now())
        except (Conflict, IllegalTransition) as error:  # he logged in elsewhere this instant
            log.info("log-in refused", extra={"channel": channel, "phone": phone, "error": repr(error)})
            return False
        return True

    async def _agent_or_message(self, attempt: Attempt, campaign: Campaign) -> HandOff:
        policy = campaign.policy
        until = self._now() + policy.connect_within

        async def hung_up() -> None:
            await self._attempts.conclude(attempt.id, Outcome.HUNG_UP, self._now())

        agent = await self._search.agent_for(attempt.id, campaign.id, until, promised=attempt.agent_id, hung_up=hung_up)
        if agent is not None:
            record = record_to(attempt.id, attempt.created_at, policy)
            return to_agent(agent, policy.ring_agent_for, policy.consent_notice, record)
        await self._attempts.conclude(attempt.id, Outcome.ABANDONED, self._now())
        return abandoned(policy)

    async def _agent_or_task(self, channel: str, handed: HandedOn) -> HandOff:
        """Whom the bot has promised an agent: he is told first what it is about."""
        known = await self._known(channel)
        campaign_id = None if known is None else known[1].id
        until = self._now() + self._settings.bot_wait

        async def hung_up() -> None:
            await self._attempts.nobody_took_over(channel, self._now())

        agent = await self._search.agent_for(channel, campaign_id, until, hung_up=hung_up)
        if agent is None and campaign_id is not None:  # of the campaign nobody: whoever takes calls
            agent = await self._search.agent_for(channel, None, self._now(), hung_up=hung_up)
        if agent is not None:
            return self._caller_to(agent, channel, handed.announcement)
        await self._attempts.nobody_took_over(channel, self._now())
        return closed(self._settings.missed_message)

    async def _agent_or_wait(self, channel: str) -> HandOff:
        agent = await self._search.agent_for(channel, None, self._now())
        return WAIT if agent is None else self._caller_to(agent, channel)

    def _caller_to(self, agent: Agent, channel: str, announcement: str | None = None) -> HandOff:
        record, of = self._record_incoming(channel), self._settings
        return to_agent(agent, of.ring_agent_for, of.incoming_notice, record, announcement)

    def _record_incoming(self, channel: str) -> str | None:
        return str(recording_path(channel, self._now())) if self._settings.record_incoming else None

    async def _known(self, channel: str) -> tuple[Attempt, Campaign] | None:
        """The attempt and its campaign; the verdict noted first stays."""
        return await self._attempts.answered(channel, Verdict.UNSURE, "", self._now())
