"""What a dialog asks its call to do, in the order given: a closed union. Pure.

Plays queue up. `Listen` begins at once (so that a prompt can be interrupted), but its patience counts from the end of
the last play; `Transfer` and `HangUp` wait for that end too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from ivr_bot.dialog.pieces import Pieces


@dataclass(frozen=True, slots=True)
class Play:
    """Play the pieces one after another; with `barge_in` speech stops them."""

    pieces: Pieces
    barge_in: bool


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for an answer.

    `expected` are the phrases that would answer a closed question (for a recogniser's grammar or second pass), `keys`
    the digits taken, `max_keys` how many make an answer, `is_open` whether anything may be said at length.
    """

    question: str
    kind: str
    expected: tuple[str, ...]
    keys: str
    max_keys: int
    patience: timedelta
    is_open: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to be logged: `value` as stored, `raw` as it was said or keyed."""

    question: str
    value: str
    raw: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand over to the operators of a queue; `summary` is one sentence for them, in `language`."""

    queue: str
    summary: str
    language: str


@dataclass(frozen=True, slots=True)
class SetDisposition:
    code: str


@dataclass(frozen=True, slots=True)
class CreateDeal:
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CreateTask:
    """`due` is in the person's local time, as `now` of the dialog is."""

    kind: str
    text: str
    due: datetime
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DoNotCall:
    """`scope` is "campaign" (this campaign's list) or "all"."""

    scope: str


@dataclass(frozen=True, slots=True)
class CallBack:
    at: datetime


@dataclass(frozen=True, slots=True)
class SendMessage:
    template: str
    channel: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SetLanguage:
    language: str


@dataclass(frozen=True, slots=True)
class HangUp:
    pass


Action: TypeAlias = (
    Play
    | Listen
    | Answered
    | Transfer
    | SetDisposition
    | CreateDeal
    | CreateTask
    | DoNotCall
    | CallBack
    | SendMessage
    | SetLanguage
    | HangUp
)
Actions: TypeAlias = tuple[Action, ...]
