"""How things stand after a call, as it was written down, in the words of a test file. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from crm_core.domain.call_outcomes import CallOutcome
from crm_core.domain.conversations import Ending, Party, Turn
from ivr_bot.dialog.at_any_time import SAME_AS
from ivr_bot.dialog.script import Ask, Script, Task, TransferTo
from ivr_bot.understanding.answers import global_intent
from ivr_bot.understanding.figures import whole_number
from ivr_bot.understanding.words import words_of

NONE, NOTHING = "(none)", "(nothing)"
#: "In an hour" is reckoned from when it was said: so much later than the file's `now` at most.
_TALK = timedelta(minutes=15)
#: So many words make a number at most.
_NUMBER = 10
_CALL_BACK = "%Y-%m-%d %H:%M"
_FIELD = re.compile(r"\\\{\w+\\\}")  # {field}, escaped
#: The task in place of a message that could not be queued (crm_core.handlers.message_queue).
_MESSAGE = re.compile(r"Send (\S+) by ")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was written down of one call. `zone` is the test file's; `left`: the caller was to hang up."""

    outcome: CallOutcome
    script: Script
    zone: tzinfo | None
    left: bool = False

    def fact(self, what: str) -> str:
        """One of result, task, transfer, message, do_not_call, call_back, ended."""
        outcome = self.outcome
        match what:
            case "result":
                return outcome.disposition or NONE
            case "task":
                return next((kind for title in reversed(outcome.tasks) if (kind := self._kind(title))), NONE)
            case "message":
                by_hand = (sent[1] for title in reversed(outcome.tasks) if (sent := _MESSAGE.match(title)))
                return outcome.messages[-1] if outcome.messages else next(by_hand, NONE)
            case "transfer":
                return self._queue() if outcome.ending is Ending.TRANSFERRED else NONE
            case "do_not_call":
                return outcome.refused or NONE
            case "call_back":
                at = outcome.callback_at
                return at.astimezone(self.zone).strftime(_CALL_BACK) if at is not None else NONE
            case _:
                by_script = outcome.ending in (Ending.FINISHED, Ending.TRANSFERRED)
                return "true" if by_script or (self.left and outcome.ending is Ending.HUNG_UP) else "false"

    def slot(self, name: str) -> str:
        """The answer kept in a slot."""
        questions = {node.name for node in self.script.nodes.values() if isinstance(node, Ask) and node.slot == name}
        given = [answer.value for answer in self.outcome.answers if answer.question in questions]
        return given[-1] if given else NOTHING

    def deal(self, name: str) -> str:
        """A field of the last deal; those that are no deal's own stand in its title, as "(name: value; …)"."""
        if not self.outcome.deals:
            return NOTHING
        deal = self.outcome.deals[-1]
        title, _, others = deal.get("title", "").partition(" (")
        said = dict(part.partition(": ")[::2] for part in others.removesuffix(")").split("; "))
        return {**said, **deal, "title": title}.get(name, NOTHING)

    def _kind(self, title: str) -> str | None:
        """The kind that the script calls a task by, known by its words; the longest text that fits."""
        fitting = [
            node
            for node in self.script.nodes.values()
            if isinstance(node, Task) and re.match(_FIELD.sub(".*", re.escape(node.text)), title, re.DOTALL)
        ]
        return max(fitting, key=lambda node: len(node.text)).task if fitting else None

    def _queue(self) -> str:
        node = self.script.nodes.get(self.outcome.last_node)
        return (node.queue if isinstance(node, TransferTo) else "") or self.script.operators


def same(expected: str, found: str, language: str) -> bool:
    """Whether what was found is what was expected: to the letter, word for word, or a little later."""
    if expected == found or same_words(expected, found, language):
        return True
    try:
        later = datetime.fromisoformat(found) - datetime.fromisoformat(expected)
    except (ValueError, TypeError):
        return False
    has_hour = len(expected) > len("2026-11-26")
    return has_hour and timedelta(0) <= later <= _TALK


def same_words(one: str, other: str, language: str) -> bool:
    """Whether both are the same words, however numbers are written; two texts without any are not."""
    return _words(one, language) == _words(other, language) != ()


def _words(text: str, language: str) -> tuple[str, ...]:
    """The words, with each number in figures: a recogniser writes "200" for "two hundred"."""
    left, found = list(words_of(text, language)), []
    while left:
        numbers = ((size, whole_number(left[:size], language)) for size in range(min(len(left), _NUMBER), 0, -1))
        size, number = next(((size, number) for size, number in numbers if number is not None), (1, None))
        found.append(left[0] if number is None else str(number))
        del left[:size]
    return tuple(found)


def last_intent(turns: Sequence[Turn], language: str) -> tuple[str, ...]:
    """The names under which the last wish among the turns goes: as the rules or the model saw it."""
    for turn in reversed([turn for turn in turns if turn.party is Party.PERSON and turn.engine != "keys"]):
        found = global_intent(turn.text, language) or turn.intent
        if found is not None:
            return (found, SAME_AS.get(found, found))
    return ()
