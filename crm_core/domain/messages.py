"""Messages to people: templates, how they are filled, where a message stands, and when it is tried again. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crm_core.domain.phone import parse_phone
from crm_core.errors import BadInput, CrmError

_LONGEST_ADDRESS = 200  # characters, as in the table
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]{2,}")
_CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{4,32}")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class MessageChannel(StrEnum):
    """By which way a message goes; the scripts' own word. A channel without "message" before it is Asterisk's."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"


class MessageState(StrEnum):
    QUEUED = "queued"  # waits for its time
    SENDING = "sending"  # a worker has it, for as long as its lease runs
    SENT = "sent"  # the provider has taken it
    FAILED = "failed"  # given up; a person has a task
    REFUSED = "refused"  # never tried: the person has opted out, or no address is known


@dataclass(frozen=True, slots=True)
class Template:
    """A text with `{field}`s, in one language for one channel; `{{` and `}}` are braces. Only e-mail has a subject."""

    name: str
    channel: MessageChannel
    language: str
    body: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template's words for one person."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands. `to` is a number in E.164, an e-mail address or a Telegram chat; empty: nobody knows.

    `key` names what it is about: a second one of the same key is not queued. `token` names it to providers. `number`
    is the person's, whatever the channel: the do-not-call list is asked about it.
    """

    id: int
    key: str
    token: str
    channel: MessageChannel
    to: str
    template: str
    subject: str
    body: str
    state: MessageState
    attempts: int
    due_at: datetime
    created_at: datetime
    number: str | None = None
    contact_id: int | None = None
    call_id: str | None = None
    campaign_id: int | None = None
    leased_until: datetime | None = None
    sent_at: datetime | None = None
    provider_id: str | None = None
    last_error: str | None = None


class FaultKind(StrEnum):
    TEMPORARY = "temporary"  # it did not go out; the same again may help
    PERMANENT = "permanent"  # it did not go out, and never will as it is
    UNCERTAIN = "uncertain"  # it may have gone out: the answer never came


class NotSent(CrmError):
    """A message did not go out, or may not have; the text holds the provider's words. `wait`: as long as he asked."""

    def __init__(self, kind: FaultKind, words: str, wait: timedelta | None = None) -> None:
        self.kind, self.words, self.wait = kind, words, wait
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Waits grow from `first` by `factor` up to `longest`; after `attempts` it is given up: 3.7 hours as it stands."""

    first: timedelta = timedelta(minutes=1)
    factor: float = 3.0
    longest: timedelta = timedelta(hours=1)
    attempts: int = 8
    #: A provider may ask for a longer wait than our longest, but for no longer than this.
    longest_asked: timedelta = timedelta(hours=6)


def next_try(schedule: RetrySchedule, attempts: int, failed_at: datetime, asked: timedelta | None) -> datetime | None:
    """When to send again after `attempts` (from 1) have failed, or None to give up. `asked`: the provider's wish."""
    if attempts >= schedule.attempts:
        return None
    wait = schedule.first
    for _ in range(attempts - 1):
        wait = min(wait * schedule.factor, schedule.longest)
    wait = min(wait, schedule.longest)
    return failed_at + max(wait, min(asked or wait, schedule.longest_asked))


def is_tried_again(kind: FaultKind, *, repeatable: bool) -> bool:
    """Whether a fault allows another attempt: an uncertain one only where a repeated message does no harm."""
    return kind is FaultKind.TEMPORARY or (kind is FaultKind.UNCERTAIN and repeatable)


def checked(template: Template) -> Template:
    """The template, if its words can be filled; raises BadInput naming what is wrong in it."""
    where = f"template {template.name!r}"
    if not template.body.strip():
        raise BadInput(where, "it has no text")
    if template.channel is MessageChannel.EMAIL and not template.subject.strip():
        raise BadInput(where, "an e-mail needs a subject", "Give one")
    if template.channel is not MessageChannel.EMAIL and template.subject:
        raise BadInput(where, f"{template.channel} has no subject", "Leave it out")
    for text in (template.subject, template.body):
        for _ in _pieces(text, where):
            pass
    return template


def fields_of(template: Template) -> tuple[str, ...]:
    """The names of its fields, each once, in the order of their first use."""
    where = f"template {template.name!r}"
    pieces = [*_pieces(template.subject, where), *_pieces(template.body, where)]
    return tuple(dict.fromkeys(name for _, name in pieces if name is not None))


def render(template: Template, fields: Mapping[str, str]) -> Rendered:
    """Fill the template. Raises BadInput naming all fields that are missing; an empty one counts as missing."""
    missing = [name for name in fields_of(template) if not fields.get(name, "").strip()]
    if missing:
        raise BadInput(f"template {template.name!r}", f"nothing is known for {', '.join(missing)}")
    # A subject is one header line: a line break in a field would begin the next header (RFC 5322 2.2).
    return Rendered(" ".join(_filled(template.subject, fields).split()), _filled(template.body, fields))


def parse_address(channel: MessageChannel, raw: str, default_country: str | None = None) -> str:
    """The address in the form it is stored in; raises BadInput when `raw` is none of that channel."""
    text = raw.strip()
    match channel:
        case MessageChannel.EMAIL:
            if len(text) > _LONGEST_ADDRESS or _EMAIL.fullmatch(text) is None:
                raise BadInput("address", f"{text!r} is no e-mail address", "Write it as name@example.com")
            return text.lower()
        case MessageChannel.TELEGRAM:
            if _CHAT.fullmatch(text) is None:
                what = "Write the number of the chat with the bot, such as 123456789, or @channel"
                raise BadInput("address", f"{text!r} is no Telegram chat", what)
            return text.lower()
        case MessageChannel.SMS | MessageChannel.WHATSAPP:
            return parse_phone(text, default_country).e164


def parse_any_address(raw: str, default_country: str | None = None) -> str:
    """An address of whichever channel it can be: an e-mail address, a telephone number, else a Telegram chat."""
    text = raw.strip()
    if "@" in text[1:]:
        return parse_address(MessageChannel.EMAIL, text)
    try:
        return parse_phone(text, default_country).e164
    except BadInput as error:
        if text.startswith("+") or _CHAT.fullmatch(text) is None:
            raise error
        return text.lower()


def _pieces(text: str, where: str) -> Iterator[tuple[str, str | None]]:
    """Literal text and the field after it, as of `str.format`, of which only plain names are allowed."""
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError as error:
        raise BadInput(where, f"a brace stands alone ({error})", "Write {{ and }} for braces") from error
    for literal, name, spec, conversion in parsed:
        if name is not None and (spec or conversion or _FIELD.fullmatch(name) is None):
            written = name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            raise BadInput(where, f"{{{written}}} is no field", "Write a plain name in braces, such as {offer}")
        yield literal, name


def _filled(text: str, fields: Mapping[str, str]) -> str:
    return "".join(
        literal + ("" if name is None else fields[name].strip()) for literal, name in _pieces(text, "template")
    )
