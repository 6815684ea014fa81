"""Word of a call that a script took: an e-mail to whoever is to know of it, queued in the conversation's own commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from crm_core.db import conversations, messages, numbers, site
from crm_core.db.dispositions import DisposedCall
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.conversations import Conversation, Party
from crm_core.domain.messages import MessageChannel, Template
from crm_core.domain.numbers import IncomingRule, told_of
from crm_core.handlers.message_queue import MessageOrder, Person, queue_or_task

#: A site changes the words by `trunkline message template put`; these stand until it does.
TEMPLATE = "script_took_call"
_FALLBACK = "en"
_SUBJECTS: Mapping[str, str] = {
    "en": "{caller} called at {at}",
    "ru": "Звонок: {caller}, {at}",
    "uz": "{caller} {at} da qo'ng'iroq qildi",
}
_BODIES: Mapping[str, str] = {
    "en": "{caller} called {line} at {at}.\n\n{answers}\n\nWhat was said:\n{said}\n\nThe call: {call}\n",
    "ru": "Звонок: {caller}, на номер {line}, {at}.\n\n{answers}\n\nРазговор:\n{said}\n\nЗвонок: {call}\n",
    "uz": "{caller} {line} raqamiga {at} da qo'ng'iroq qildi.\n\n{answers}\n\nSuhbat:\n{said}\n\nQo'ng'iroq: {call}\n",
}
_NUMBER_WITHHELD: Mapping[str, str] = {"en": "A withheld number", "ru": "Скрытый номер", "uz": "Yashirin raqam"}
_NOT_ANSWERED: Mapping[str, str] = {
    "en": "No question was answered.",
    "ru": "На вопросы ответа нет.",
    "uz": "Savollarga javob berilmadi.",
}
#: Who speaks, in the words of the mail.
_BOT, _PERSON = "—", "»"


async def notify_of_call(
    work: UnitOfWork, conversation: Conversation, call: DisposedCall, rule: IncomingRule, now: datetime
) -> None:
    """Queue the mail where the number called, or the site, names an address; nothing where nobody called us."""
    called = await numbers.called(work, call.call_id)
    if called is None or (to := told_of(called.own, rule)) is None:
        return
    await messages.put_templates(work, _templates(), now, keep=True)
    language = conversation.language if conversation.language in _BODIES else _FALLBACK
    who = await conversations.who_is_on(work, call.call_id)
    zone = ZoneInfo((await site.calendar(work)).zone)
    fields = {
        "caller": " ".join(filter(None, (who.name, who.number))) or _NUMBER_WITHHELD[language],
        "line": called.line or "?",
        "at": f"{conversation.began_at.astimezone(zone):%d.%m.%Y %H:%M}",
        "answers": _answers(conversation) or _NOT_ANSWERED[language],
        "said": _said(conversation) or _BOT,
        "call": call.call_id,
    }
    by = f"bot: {conversation.script}"
    key, person = f"{call.call_id} {TEMPLATE}", Person(contact_id=call.contact_id, call_id=call.call_id)
    await queue_or_task(work, MessageOrder(key, TEMPLATE, MessageChannel.EMAIL, language, by, person, fields, to), now)


def _templates() -> list[Template]:
    return [Template(TEMPLATE, MessageChannel.EMAIL, of, body, _SUBJECTS[of]) for of, body in _BODIES.items()]


def _answers(conversation: Conversation) -> str:
    return "\n".join(f"{answer.question.replace('_', ' ')}: {answer.value}" for answer in conversation.answers)


def _said(conversation: Conversation) -> str:
    return "\n".join(f"{_BOT if turn.party is Party.BOT else _PERSON} {turn.text}" for turn in conversation.turns)
