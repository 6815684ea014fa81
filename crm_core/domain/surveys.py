"""What a campaign's people answered: what is asked for, and what is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from crm_core.domain.access import Actor
from crm_core.domain.conversations import Ending

#: A player begins a little before the first word.
_BEFORE = timedelta(seconds=0.5)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which conversations of a campaign are meant. `where`: the values a lead's field may hold; `since` is the first
    instant, `until` the one after the last; `by`: only those that he sees (None: all)."""

    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    by: Actor | None = None


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """How often each value was given to one question, the most frequent first and not all of very many: there were
    `answers` in all with `values` different ones. `average` where all of them are numbers."""

    question: str
    counts: Mapping[str, int]
    answers: int
    values: int
    average: float | None = None


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """What came of a campaign's conversations. `complete`: those whose answers count; `reached` and `left_at`: at how
    many the bot came to a node, and how many that did not finish ended there."""

    conversations: int
    complete: int
    endings: Mapping[Ending, int]
    reached: Mapping[str, int]
    left_at: Mapping[str, int]
    questions: tuple[QuestionResult, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """One answer; `second` is where to listen in the recording of its call, None where there is none."""

    value: str
    raw: str
    second: float | None


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation with its answers by question. `recording`: a path below the recordings folder."""

    call_id: str
    number: str | None
    name: str
    fields: Mapping[str, str]
    began_at: datetime
    ended_at: datetime
    ending: Ending
    disposition: str | None
    language: str
    last_node: str
    recording: str | None
    answers: Mapping[str, Given]


class Need(StrEnum):
    """Why somebody who talked with the bot needs a person's call now."""

    BROKE_OFF = "broke_off"  # a fault of ours ended the talk
    PROMISED = "promised"  # he was put through, and nobody took him
    ASKED = "asked"  # his result says that somebody is to call


@dataclass(frozen=True, slots=True)
class NeedsCall:
    """Somebody who needs a call, and no task says so yet."""

    call_id: str
    contact_id: int
    name: str
    number: str | None
    at: datetime
    need: Need
    disposition: str | None
    summary: str


@dataclass(frozen=True, slots=True)
class FreeAnswer:
    """What one person said at an open question; `second` as in `Given`."""

    call_id: str
    text: str
    second: float | None


def second_of(answer_at: datetime, recording_began: datetime) -> float:
    """Where in a recording an answer is listened to: seconds from its beginning."""
    return round(max(0.0, (answer_at - recording_began - _BEFORE).total_seconds()), 1)


def link_to(recording: str, second: float) -> str:
    """The recording at that second, as a media fragment (W3C, Media Fragments URI 1.0, section 4.2.1)."""
    return f"{recording}#t={second:g}"
