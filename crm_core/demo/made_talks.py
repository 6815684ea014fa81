"""What people said to the infobot in its surveys: conversations, turns and answers of the shipped scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from crm_core.demo import made_words as words
from crm_core.demo.made_calls import BotCall
from crm_core.demo.made_people import Crowd
from crm_core.domain.conversations import Ending, Party

Row = tuple[Any, ...]
#: The surveys in order of time: name of the campaign, and script.
SURVEYS = (
    ("Guests of last year", "satisfaction_survey"),
    ("Who has not come back", "lost_customers"),
    ("Open day", "event_invitation"),
    ("Guests of this year", "satisfaction_survey"),
)
CONVERSATION_COLUMNS = (
    *("call_id", "campaign_id", "contact_id", "script", "language", "began_at", "ended_at", "ending", "last_node"),
    "summary",
)
TURN_COLUMNS = (
    *("call_id", "position", "party", "text", "node", "began_at", "ended_at", "engine", "confidence", "intent"),
    "unclear",
)
ANSWER_COLUMNS = ("call_id", "question", "value", "raw", "at")


@dataclass(frozen=True, slots=True)
class _Said:
    """One question and what was answered; `value` None: it is no question, or was not understood."""

    node: str
    asked: str
    heard: str
    value: str | None
    intent: str | None = None
    question: str | None = None  # the slot, where it is not the node


@dataclass(frozen=True, slots=True)
class Talk:
    conversation: Row
    turns: list[Row]
    answers: list[Row]


def talk(crowd: Crowd, call: BotCall) -> Talk:
    """One conversation: most people answer to the end, some decline, some hang up half way."""
    random = Random(call.seed)  # chance, not secrecy
    script, group = SURVEYS[call.survey][1], crowd.group(call.contact)
    said = list(_SCRIPTS[script](random, group))
    ending = Ending.FINISHED
    if len(said) > 1 and random.random() < 0.18:
        said, ending = said[: random.randint(1, len(said) - 1)], Ending.HUNG_UP
    at = call.began_at
    turns: list[Row] = []
    answers: list[Row] = []
    for one in said:
        for party, text in ((Party.BOT, one.asked), (Party.PERSON, one.heard)):
            ends = at + timedelta(seconds=1 + len(text) * 0.06)
            heard = ("vosk", round(0.6 + random.random() * 0.4, 2), one.intent, one.value is None)
            of_party = heard if party is Party.PERSON else ("", None, None, False)
            turns.append((call.call_id, len(turns), party.value, text, one.node, at, ends, *of_party))
            if party is Party.PERSON and one.value is not None:
                answers.append((call.call_id, one.question or one.node, one.value, text, at))
            at = ends
    language = group if script == "satisfaction_survey" else "en"
    row = (
        *(call.call_id, call.campaign_id, crowd.first_id + call.contact, script, language, call.began_at, at),
        *(ending.value, said[-1].node, ""),
    )
    return Talk(row, turns, answers)


def ended_with(made: Talk) -> tuple[datetime, str]:
    """When it ended, and what the bot concludes from it."""
    return made.conversation[6], _result(made)


def _result(made: Talk) -> str:
    if made.conversation[7] == Ending.HUNG_UP.value:
        return "unfinished"
    if len(made.answers) < 2:
        return "not_interested"
    return "accepted" if made.conversation[3] == "event_invitation" else "surveyed"


def _satisfaction(random: Random, group: str) -> Iterator[_Said]:
    yes, no = {"uz": ("ha", "yo‘q"), "ru": ("да", "нет"), "en": ("yes", "no")}[group]
    willing = random.random() < 0.8
    yield _Said(
        "may_ask", "May I ask three short questions?", yes if willing else no, "yes" if willing else "no", "yes"
    )
    if not willing:
        return
    rating = random.choices(range(1, 11), (1, 1, 2, 3, 5, 6, 12, 22, 24, 24))[0]
    yield _Said("rating", "How satisfied were you, from one to ten?", str(rating), str(rating))
    if rating <= 6:
        fault = random.choice(words.COMPLAINTS[group])
        yield _Said("what_was_wrong", "What went wrong?", fault, fault, question="complaint")
    recommends = random.random() < rating / 10
    heard, value = (yes, "yes") if recommends else (no, "no")
    yield _Said("recommend", "Would you recommend us to a friend?", heard, value, value)
    comment = random.choice(words.PRAISE[group] if rating > 6 else words.COMPLAINTS[group])
    yield _Said("comment", "Is there anything else you would like to tell us?", comment, comment)


def _lost(random: Random, _group: str) -> Iterator[_Said]:
    willing = random.random() < 0.6
    yield _Said("still_customer", "May I ask why?", "yes" if willing else "no", "yes" if willing else "no")
    if not willing:
        return
    reason = random.choices(("price", "quality", "moved", "other"), (45, 20, 15, 20))[0]
    unclear = random.random() < 0.08
    yield _Said(
        "reason", "Was it the price, the quality, or was it something else?", reason, None if unclear else reason
    )
    back = random.random() < 0.3
    yield _Said("gift_offer", "Would you come back?", "yes" if back else "no", "yes" if back else "no")


def _invitation(random: Random, _group: str) -> Iterator[_Said]:
    comes = random.random() < 0.5
    yield _Said("invited", "Will you come?", "yes" if comes else "no", "yes" if comes else "no")
    if comes:
        heads = str(random.choices((1, 2, 3, 4, 6), (30, 40, 12, 12, 6))[0])
        yield _Said("heads", "How many will you be?", heads, heads)


_SCRIPTS = {"satisfaction_survey": _satisfaction, "lost_customers": _lost, "event_invitation": _invitation}
