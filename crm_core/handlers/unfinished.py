"""A conversation that broke off: whether the person is called again, by the campaign's own rule."""

from __future__ import annotations

from datetime import datetime

from crm_core.db import campaigns, conversations, lead_moves
from crm_core.db.dispositions import DisposedCall, LeadChange, change_lead
from crm_core.db.leads import LeadKey
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.conversations import Conversation
from crm_core.domain.leads import LeadState
from crm_core.domain.unfinished import UNFINISHED, again_at, is_open
from crm_core.events import LeadClosed

#: How a lead was closed that nobody decided about: its call was over before the conversation was written down.
_UNDECIDED = (None, "talked")


async def retry_unfinished(work: UnitOfWork, conversation: Conversation, call: DisposedCall, now: datetime) -> None:
    """Put the lead off, or close it, if the conversation just written broke off and its campaign has a rule for that.

    The settler (dialer.retry) decides the same where the attempt's end is told after this; whoever asked not to be
    called is not called again.
    """
    if call.campaign_id is None or call.lead_id is None or not is_open(conversation.ending, conversation.disposition):
        return
    retry = (await campaigns.policies(work, [call.campaign_id]))[call.campaign_id].retry
    stands = await lead_moves.standing(work, LeadKey(call.campaign_id, call.lead_id))
    if retry.unfinished is None or stands is None or stands.close_reason not in _UNDECIDED:
        return
    broken = (await conversations.unfinished(work, [call.call_id])).get(call.call_id, 0)
    due = again_at(retry, broken, stands.attempts, conversation.ended_at)
    if due is None or conversation.do_not_call is not None:
        change = LeadChange(LeadState.CLOSED, close_reason=UNFINISHED)
    else:
        change = LeadChange(LeadState.OPEN, next_attempt_at=due)
    if await change_lead(work, call.campaign_id, call.lead_id, change):
        work.publish(LeadClosed(call.lead_id, call.campaign_id, UNFINISHED, now))
