"""The bot's conversations: whom it talks to, and what it writes down."""

from __future__ import annotations

from datetime import datetime

from crm_core.commands import RecordDisposition
from crm_core.db import attempts, campaigns, conversations, numbers, sales, site, tasks
from crm_core.db import dispositions as disposition_rows
from crm_core.db.conversations import Dialed, Whose
from crm_core.db.dispositions import DisposedCall
from crm_core.db.do_not_call import WHOLE_SYSTEM, Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Outcome
from crm_core.domain.conversations import Answer, Briefing, Conversation, Turn
from crm_core.domain.numbers import IncomingRule, answering
from crm_core.domain.rule_acts import stage_named
from crm_core.domain.work_calendar import next_working_time
from crm_core.errors import BadInput, NotFound
from crm_core.events import ConversationEnded
from crm_core.handlers.call_notices import notify_of_call
from crm_core.handlers.commits import committed
from crm_core.handlers.dispositions import dispose
from crm_core.handlers.message_queue import queue_of_call
from crm_core.handlers.quotas import note_answers
from crm_core.handlers.sales import check_money
from crm_core.handlers.unfinished import retry_unfinished

#: A field of the briefing that is always there: the person's name, empty where nobody knows it.
NAME_FIELD = "name"


class DatabaseConversationBook:
    """`ConversationBook` over the database. `rule`: what holds for calls to numbers without a rule of their own."""

    def __init__(self, database: Database, rule: IncomingRule | None = None) -> None:
        self._database, self._rule = database, rule or IncomingRule()

    async def begin(self, call_id: str) -> Briefing | None:
        """The call counts as answered from now on: the bot talks. None if neither a campaign of the bot dialed it nor
        does a script answer the number called at this hour."""

        async def act(work: UnitOfWork) -> Briefing | None:
            return await _begin_dialed(work, call_id) or await _begin_incoming(work, call_id, self._rule)

        return await committed(self._database, act, at_once=True)

    async def foresee(self, campaign_id: int, lead_id: int) -> Briefing | None:
        """What `begin` would tell of a lead if he were called now, without a number; None: the campaign is none of the
        bot's, or the lead is gone."""
        async with self._database.reading() as work:
            return await _briefing(work, "", await conversations.to_be_dialed(work, campaign_id, lead_id))

    async def record(self, conversation: Conversation, now: datetime) -> None:
        """Write the conversation and all that follows from it in one commit; again: the words only."""
        for deal in conversation.deals:
            check_money(deal.amount, deal.currency)
        await committed(self._database, lambda work: _record(work, conversation, self._rule, now))


async def transcript(call_id: str, database: Database) -> tuple[list[Turn], list[Answer]]:
    """What was said in this call and what came of its questions. Raises NotFound."""
    async with database.reading() as work:
        said = await conversations.transcript(work, call_id)
        if not said:
            raise NotFound("conversation", call_id)
        return said, await conversations.answers_of(work, call_id)


async def _begin_dialed(work: UnitOfWork, call_id: str) -> Briefing | None:
    briefing = await _briefing(work, call_id, await conversations.dialed(work, call_id))
    if briefing is not None:
        await attempts.conclude(work, call_id, Outcome.ANSWERED)
    return briefing


async def _briefing(work: UnitOfWork, call_id: str, dialed: Dialed | None) -> Briefing | None:
    policy = None if dialed is None else campaigns.policy_of(dialed.policy)
    if dialed is None or policy is None or policy.script is None:
        return None
    zone = dialed.zone or (await site.calendar(work)).zone
    own = {name: str(value) for name, value in dialed.fields.items() if value not in (None, "")}
    fields = policy.script_fields | own | {NAME_FIELD: dialed.name}
    return Briefing(
        call_id,
        policy.script,
        dialed.number,
        dialed.language,
        zone,
        dialed.campaign_id,
        fields,
        announces=policy.announce_summary,
    )


async def _begin_incoming(work: UnitOfWork, call_id: str, rule: IncomingRule) -> Briefing | None:
    called = await numbers.called(work, call_id)
    found = None if called is None else answering(called.own, rule, called.after_hours)
    if found is None:
        return None
    await conversations.take_call(work, call_id)
    caller = await conversations.who_is_on(work, call_id)
    zone = (await site.calendar(work)).zone
    fields = {**found.fields, NAME_FIELD: caller.name}
    return Briefing(
        call_id, found.script, caller.number, caller.language, zone, fields=fields, announces=rule.announces
    )


async def _record(work: UnitOfWork, conversation: Conversation, rule: IncomingRule, now: datetime) -> None:
    call = await disposition_rows.call_to_dispose(work, conversation.call_id)
    whose = Whose(call.campaign_id, call.lead_id, call.contact_id)
    if not await conversations.save(work, conversation, whose):
        return  # told before: what follows from it stands
    by = f"bot: {conversation.script}"
    await _make_deals(work, conversation, call, by, now)
    await _make_tasks(work, conversation, call, by, now)
    if conversation.do_not_call is not None and call.number is not None:
        only_here = call.campaign_id if conversation.do_not_call == "campaign" else None
        reason = f"asked the bot in call {call.call_id}"
        block = Blocked(BlockKind.NUMBER, call.number, only_here or WHOLE_SYSTEM, reason)
        await add_blocks(work, [block], now)
    if conversation.disposition is not None:
        said = _note(conversation)
        await dispose(
            RecordDisposition(
                call.call_id, conversation.disposition, None, conversation.callback_at, said, callback_for_anyone=True
            ),
            work,
            now,
        )
    else:
        await note_answers(work, call.campaign_id, call.lead_id)
    await retry_unfinished(work, conversation, call, now)
    await queue_of_call(work, conversation, call, now)  # after the do-not-call entries: they hold for messages too
    await notify_of_call(work, conversation, call, rule, now)
    work.publish(
        ConversationEnded(
            call_id=call.call_id,
            script=conversation.script,
            ending=conversation.ending,
            number=call.number,
            contact_id=call.contact_id,
            campaign_id=call.campaign_id,
            lead_id=call.lead_id,
            at=conversation.ended_at,
        )
    )


async def _make_deals(work: UnitOfWork, conversation: Conversation, call: DisposedCall, by: str, now: datetime) -> None:
    if not conversation.deals:
        return
    stages = await sales.default_stages(work)
    if not stages:
        raise BadInput("deal", "there is no pipeline yet", "Run `trunkline rules install` once")
    for deal in conversation.deals:
        new = sales.NewDeal(
            title=deal.title[:200],
            stage=stages[0] if deal.stage is None else stage_named(stages, deal.stage),
            contact_id=call.contact_id,
            owner_id=None,
            amount=deal.amount,
            currency=deal.currency,
            call_id=call.call_id,
        )
        await sales.create_deal(work, new, by, now)


async def _make_tasks(work: UnitOfWork, conversation: Conversation, call: DisposedCall, by: str, now: datetime) -> None:
    if not conversation.tasks:
        return
    soonest = next_working_time(now, await site.calendar(work))
    for task in conversation.tasks:
        new = tasks.NewTask(
            kind=task.kind,
            title=task.title[:200],
            due_at=task.due_at or soonest,
            by=by,
            created_at=now,
            contact_id=call.contact_id,
            call_id=call.call_id,
            number=call.number,
        )
        await tasks.create_task(work, new)


def _note(conversation: Conversation) -> str:
    """The answers in one line, for whoever reads the call's result."""
    return "; ".join(f"{answer.question}: {answer.value}" for answer in conversation.answers)
