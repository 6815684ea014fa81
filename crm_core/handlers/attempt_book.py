"""One attempt, as the hand-off needs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from crm_core.db import attempts, conversations, lead_moves, site, tasks
from crm_core.db.dispositions import call_to_dispose
from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.leads import LeadKey
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Attempt, Outcome, Verdict
from crm_core.domain.campaigns import Campaign
from crm_core.domain.conversations import HandedOn
from crm_core.domain.sales import TaskKind
from crm_core.domain.work_calendar import next_working_time
from crm_core.events import LeadClosed
from crm_core.handlers.commits import committed

#: Why a lead was closed that pressed the opt-out key.
OPTED_OUT = "opted_out"
#: Who made a task for a person the bot could not hand on.
_BY_BOT = "bot: nobody was free"


class DatabaseAttemptBook:
    """`AttemptBook` over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def answered(
        self, attempt_id: str, verdict: Verdict, verdict_cause: str, now: datetime
    ) -> tuple[Attempt, Campaign] | None:
        """Note that the callee answered; None if no attempt has this id. The first verdict and instant stay."""
        async with self._database.single() as work:
            return await attempts.note_answered(work, attempt_id, verdict, verdict_cause, now)

    async def conclude(self, attempt_id: str, outcome: Outcome, now: datetime) -> None:
        """Write the outcome before the channel ends; the end does not overwrite it."""
        await committed(self._database, lambda work: attempts.conclude(work, attempt_id, outcome))

    async def handed_on(self, call_id: str) -> HandedOn | None:
        """What an agent is told of the person the bot wants one for; None: it wants none on this call."""
        async with self._database.reading() as work:
            return await conversations.handed_on(work, call_id)

    async def nobody_took_over(self, call_id: str, now: datetime) -> None:
        """A callback task with the bot's summary, due at the next working time; made once for each call."""

        async def act(work: UnitOfWork) -> None:
            call = await call_to_dispose(work, call_id)
            handed = await conversations.handed_on(work, call_id)
            if handed is None or await tasks.of_call(work, call_id, _BY_BOT):
                return
            title = "The bot promised a colleague" + (f": {handed.summary}" if handed.summary else "")
            due = next_working_time(now, await site.calendar(work))
            new = tasks.NewTask(TaskKind.CALLBACK, title[:200], due, _BY_BOT, now)
            await tasks.create_task(work, replace(new, contact_id=call.contact_id, call_id=call_id, number=call.number))

        await committed(self._database, act)

    async def opted_out(self, attempt_id: str, now: datetime) -> None:
        """Put the number on the system's do-not-call list and close the lead."""

        async def act(work: UnitOfWork) -> None:
            placed = (await attempts.locked(work, [attempt_id])).get(attempt_id)
            if placed is None:
                return
            attempt = placed.attempt
            reason = f"opted out during call {attempt_id}"
            await add_blocks(work, [Blocked(BlockKind.NUMBER, attempt.number, reason=reason)], now)
            key = LeadKey(attempt.campaign_id, attempt.lead_id)
            if await lead_moves.close(work, {key: OPTED_OUT}):
                work.publish(LeadClosed(key.lead_id, key.campaign_id, OPTED_OUT, now))

        await committed(self._database, act)
