"""What is written down of one call while the bot talks: turns, answers, and what the script wants done. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from crm_core.domain.conversations import (
    Answer,
    Conversation,
    Ending,
    Party,
    Turn,
    WantedDeal,
    WantedMessage,
    WantedTask,
)
from crm_core.domain.messages import MessageChannel
from crm_core.domain.sales import TaskKind
from ivr_bot.dialog.actions import (
    Action,
    Answered,
    CallBack,
    CreateDeal,
    CreateTask,
    DoNotCall,
    SendMessage,
    SetDisposition,
    SetLanguage,
    Transfer,
)

log = logging.getLogger(__name__)

#: Kinds of task that a script names and the task list knows; every other kind is something to follow up.
_KINDS: Mapping[str, TaskKind] = {"call_back": TaskKind.CALLBACK, "callback": TaskKind.CALLBACK}
#: A deal's own fields; a script's others go into its title's company as words.
_TITLE, _STAGE, _AMOUNT, _CURRENCY = "title", "stage", "amount", "currency"


@dataclass(slots=True)
class CallLog:
    """Grows while the call lasts. Instants are UTC."""

    call_id: str
    script: str
    language: str
    began_at: datetime
    turns: list[Turn] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    deals: list[WantedDeal] = field(default_factory=list)
    tasks: list[WantedTask] = field(default_factory=list)
    messages: list[WantedMessage] = field(default_factory=list)
    disposition: str | None = None
    callback_at: datetime | None = None
    do_not_call: str | None = None
    summary: str = ""
    announcement: str | None = None

    def said(self, text: str, node: str, began_at: datetime, ended_at: datetime) -> None:
        """The bot has said something, as far as it came."""
        self.turns.append(Turn(Party.BOT, text, node, began_at, ended_at))

    def heard(self, turn: Turn) -> None:
        """The person has said or keyed something."""
        self.turns.append(turn)

    def wanted(self, action: Action) -> None:
        """Note what an action of the dialog leaves behind; those that only play or listen leave nothing."""
        match action:
            case Answered(question, value, raw):
                self.answers.append(Answer(question, value, raw, self._last_heard_at()))
            case SetDisposition(code):
                self.disposition = code
            case CallBack(at):
                self.callback_at = at.astimezone(UTC)
            case DoNotCall(scope):
                self.do_not_call = scope
            case CreateDeal(fields):
                self.deals.append(_deal(fields, self.call_id))
            case CreateTask(kind, text, due, fields):
                title = text + _in_words(fields)
                self.tasks.append(WantedTask(title, _KINDS.get(kind, TaskKind.FOLLOW_UP), due.astimezone(UTC)))
            case SendMessage(template, channel, fields):
                self.messages.append(WantedMessage(template, MessageChannel(channel), fields))
            case SetLanguage(language):
                self.language = language
            case Transfer(summary=summary):
                self.summary = summary
            case _:
                pass

    def conversation(self, ending: Ending, last_node: str, ended_at: datetime) -> Conversation:
        """The whole, to be recorded. A call back without a time is one for the next day."""
        return Conversation(
            call_id=self.call_id,
            script=self.script,
            language=self.language,
            began_at=self.began_at,
            ended_at=ended_at,
            ending=ending,
            last_node=last_node,
            turns=tuple(sorted(self.turns, key=lambda turn: turn.began_at)),
            answers=tuple(self.answers),
            summary=self.summary,
            announcement=self.announcement,
            disposition=self.disposition,
            callback_at=self.callback_at,
            do_not_call=self.do_not_call,
            deals=tuple(self.deals),
            tasks=tuple(self.tasks),
            messages=tuple(self.messages),
        )

    def _last_heard_at(self) -> datetime:
        spoken = [turn.began_at for turn in self.turns if turn.party is Party.PERSON]
        return spoken[-1] if spoken else self.began_at


def without_effects(conversation: Conversation, why: str) -> Conversation:
    """The words alone, with a task for a person to do what could not be done: nothing that was said is lost."""
    wanted = [conversation.disposition, *(deal.title for deal in conversation.deals)]
    note = f"After the bot's call, by hand: {', '.join(filter(None, wanted)) or 'its result'} ({why})"
    tasks = (*conversation.tasks, WantedTask(note))
    return replace(conversation, disposition=None, callback_at=None, deals=(), tasks=tasks)


def _deal(fields: Mapping[str, str], call_id: str) -> WantedDeal:
    title = fields.get(_TITLE) or "Deal from a call of the bot"
    others = {name: value for name, value in fields.items() if name not in (_TITLE, _STAGE, _AMOUNT, _CURRENCY)}
    amount, currency = _money(fields, call_id)
    return WantedDeal(title + _in_words(others), fields.get(_STAGE) or None, amount, currency)


def _money(fields: Mapping[str, str], call_id: str) -> tuple[Decimal | None, str | None]:
    """Both or neither: an amount without a currency says little, and one that is no number nothing."""
    given, currency = fields.get(_AMOUNT), fields.get(_CURRENCY)
    if not given or not currency:
        return None, None
    try:
        return Decimal(given).quantize(Decimal("0.01")), currency
    except InvalidOperation:
        log.warning("a deal's amount is no number", extra={"call_id": call_id})
        return None, None


def _in_words(fields: Mapping[str, str]) -> str:
    given = [f"{name}: {value}" for name, value in fields.items() if value]
    return f" ({'; '.join(given)})" if given else ""
