"""What settings call things: rights, roles, kinds of fields, triggers, comparisons. Templates say them."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.domain.access import Right, Role, Sees
from crm_core.domain.agents import HandOffMode
from crm_core.domain.dispositions import LeadEffect
from crm_core.domain.messages import MessageChannel
from crm_core.domain.own_fields import OwnFieldKind, OwnFieldNoun
from crm_core.domain.rules import ActionKind, Op
from crm_core.domain.sales import StageKind, TaskKind
from crm_core.domain.webhooks import DeliveryState
from crm_core.web.pages.catalogues import mark

ROLES: Mapping[Role, str] = {
    Role.AGENT: mark("Operator"),
    Role.OUTSIDE: mark("Operator of another firm"),
    Role.SELLER: mark("Seller"),
    Role.HEAD: mark("Head of a team"),
    Role.MARKETER: mark("Marketer"),
    Role.MANAGER: mark("Manager"),
    Role.ADMINISTRATOR: mark("Administrator"),
}
SEES: Mapping[Sees, str] = {
    Sees.OWN: mark("What is their own"),
    Sees.TEAM: mark("What is their team's"),
    Sees.ALL: mark("Everything"),
}
RIGHTS: Mapping[Right, str] = {
    Right.TAKE_CALLS: mark("Take calls"),
    Right.SEE_CALLS: mark("See calls"),
    Right.SEE_CONTACTS: mark("See contacts"),
    Right.CHANGE_CONTACTS: mark("Change contacts"),
    Right.MERGE_CONTACTS: mark("Merge contacts"),
    Right.EXPORT: mark("Export a person's data"),
    Right.ERASE: mark("Erase a person for good"),
    Right.SEE_DEALS: mark("See deals"),
    Right.CHANGE_DEALS: mark("Change deals"),
    Right.SEE_TASKS: mark("See tasks"),
    Right.CHANGE_TASKS: mark("Change tasks"),
    Right.SEE_CAMPAIGNS: mark("See campaigns"),
    Right.CHANGE_CAMPAIGNS: mark("Make, start and stop campaigns"),
    Right.SEE_SURVEYS: mark("See surveys"),
    Right.CHANGE_SCRIPTS: mark("Change the robot's scripts"),
    Right.LISTEN: mark("Listen to recordings"),
    Right.DOWNLOAD: mark("Download recordings"),
    Right.DELETE_RECORDINGS: mark("Delete recordings"),
    Right.SEE_FLOOR: mark("See operators' states"),
    Right.MONITOR: mark("Listen in to live calls"),
    Right.CONTROL_AGENTS: mark("Pause and log out operators"),
    Right.SEE_REPORTS: mark("See reports"),
    Right.CHANGE_SETTINGS: mark("Change settings"),
    Right.CHANGE_USERS: mark("Change users and their rights"),
    Right.SEE_AUDIT: mark("See the audit log"),
}
HAND_OFFS: Mapping[HandOffMode, str] = {
    HandOffMode.PARKED: mark("The line stays open between calls"),
    HandOffMode.RING: mark("The phone rings for each call"),
}
STAGE_KINDS: Mapping[StageKind, str] = {
    StageKind.UNSORTED: mark("Unsorted: nobody has accepted it yet"),
    StageKind.OPEN: mark("Open"),
    StageKind.WON: mark("Won"),
    StageKind.LOST: mark("Lost"),
}
REQUIRED: Mapping[str, str] = {
    "amount": mark("Sum"),
    "contact": mark("Contact"),
    "owner": mark("Owner"),
    "company": mark("Company"),
}
FIELD_KINDS: Mapping[OwnFieldKind, str] = {
    OwnFieldKind.TEXT: mark("Text"),
    OwnFieldKind.NUMBER: mark("Number"),
    OwnFieldKind.DATE: mark("Date"),
    OwnFieldKind.CHOICE: mark("Choice"),
    OwnFieldKind.YES_NO: mark("Yes or no"),
}
NOUNS: Mapping[OwnFieldNoun, str] = {
    OwnFieldNoun.CONTACT: mark("Contacts"),
    OwnFieldNoun.COMPANY: mark("Companies"),
    OwnFieldNoun.DEAL: mark("Deals"),
    OwnFieldNoun.LEAD: mark("Leads"),
}
EFFECTS: Mapping[LeadEffect, str] = {
    LeadEffect.END: mark("Nobody calls again"),
    LeadEffect.RETRY: mark("Call again after a while"),
    LeadEffect.CALLBACK: mark("Call again at the time agreed"),
    LeadEffect.DEAD_NUMBER: mark("This number is wrong: try the next one"),
}
CHANNELS: Mapping[MessageChannel, str] = {
    MessageChannel.EMAIL: mark("E-mail"),
    MessageChannel.SMS: mark("SMS"),
    MessageChannel.WHATSAPP: "WhatsApp",
    MessageChannel.TELEGRAM: "Telegram",
}
DELIVERY_STATES: Mapping[DeliveryState, tuple[str, str]] = {
    DeliveryState.QUEUED: (mark("In line"), "wait"),
    DeliveryState.SENDING: (mark("Is being sent"), "busy"),
    DeliveryState.SENT: (mark("Taken"), "good"),
    DeliveryState.FAILED: (mark("Given up"), "bad"),
}

# --- rules --------------------------------------------------------------------------------------------------
TRIGGERS: Mapping[str, str] = {
    "CallEnded": mark("a call has ended"),
    "CallMissed": mark("a call was missed"),
    "CallAbandoned": mark("somebody answered and nobody was free"),
    "CallBridged": mark("a person and an operator were connected"),
    "LeadDisposed": mark("a result was written down"),
    "AttemptEnded": mark("an attempt to reach a lead has ended"),
    "LeadClosed": mark("a lead was closed"),
    "ConversationEnded": mark("the robot has talked with somebody"),
    "DealChanged": mark("a deal was changed"),
}
FACTS: Mapping[str, str] = {
    "call_id": mark("call"),
    "attempt_id": mark("attempt"),
    "direction": mark("direction of the call"),
    "number": mark("telephone number"),
    "known": mark("the number was known before"),
    "outcome": mark("outcome of the call"),
    "agent_id": mark("operator (number of the user)"),
    "contact_id": mark("contact (its number)"),
    "campaign_id": mark("campaign (its number)"),
    "lead_id": mark("lead (its number)"),
    "deal_id": mark("deal (its number)"),
    "bridged": mark("they talked to an operator"),
    "after_hours": mark("outside working hours"),
    "unanswered": mark("attempts in a row without an answer"),
    "disposition": mark("result (its code)"),
    "callback_at": mark("time to call back"),
    "note": mark("note"),
    "reason": mark("reason"),
    "script": mark("script"),
    "ending": mark("how the conversation ended"),
    "stage": mark("stage"),
    "owner_id": mark("owner (number of the user)"),
    "was_owner_id": mark("former owner (number of the user)"),
    "by": mark("who did it"),
    "effect": mark("effect of the result"),
    "makes_deal": mark("the result makes a deal"),
}
OPS: Mapping[Op, str] = {
    Op.IS: mark("is"),
    Op.IS_NOT: mark("is not"),
    Op.AT_LEAST: mark("is at least"),
    Op.ONE_OF: mark("is one of"),
}
ACTIONS: Mapping[ActionKind, str] = {
    ActionKind.CREATE_DEAL: mark("make a deal"),
    ActionKind.CREATE_TASK: mark("make a task"),
    ActionKind.CLOSE_TASKS: mark("close open tasks"),
    ActionKind.CLOSE_LEAD: mark("close the lead"),
    ActionKind.ADD_NOTE: mark("write a note"),
}
TASK_KINDS: Mapping[TaskKind, str] = {
    TaskKind.CALLBACK: mark("Call back"),
    TaskKind.FOLLOW_UP: mark("Follow up"),
    TaskKind.OTHER: mark("Other"),
}
WEEKDAYS = (
    mark("Monday"),
    mark("Tuesday"),
    mark("Wednesday"),
    mark("Thursday"),
    mark("Friday"),
    mark("Saturday"),
    mark("Sunday"),
)
