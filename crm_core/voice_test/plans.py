"""What the callers of a test file are to do, worked out before anybody is called, and why some cannot be. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ivr_bot.dialog.actions import Action
from ivr_bot.dialog.conversations import Conversation, Move, Tried, try_out
from ivr_bot.dialog.engine import begin, step
from ivr_bot.dialog.heard import Failed, HungUp, Noise, Played, Pressed, Said, Silence
from ivr_bot.dialog.script import Script
from ivr_bot.dialog.state import Dialog

#: The numbers that the simulated network gives to callers who speak (asterisk_conf/network/extensions.conf).
PREFIX = "+99894"
_MOST = 10**7


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One move, and how the dialog stands after it if everything is heard as it was said.

    `language` is the one spoken before it; `deed`: whether the caller does something (a `hears: played` only waits).
    """

    move: Move
    language: str
    dialog: Dialog
    actions: tuple[Action, ...]
    deed: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """One conversation to be held by voice."""

    conversation: Conversation
    script: Script
    moves: tuple[Foreseen, ...]

    @property
    def ends(self) -> bool:
        """Whether the script comes to its end, so that the bot hangs up."""
        last = self.moves[-1]
        return last.dialog.ended and not isinstance(last.move.heard, HungUp)

    @property
    def end(self) -> Foreseen:
        return self.moves[-1]


@dataclass(frozen=True, slots=True)
class Unspoken:
    """A conversation that is not held by voice. `fault`: something is missing here; else it is one for text only."""

    conversation: Conversation
    why: str
    fault: bool = True


def plans_of(
    script: Script, conversations: Sequence[Conversation], heard_languages: Collection[str]
) -> tuple[tuple[Plan, ...], tuple[Unspoken, ...]]:
    """Plans, and what cannot be held by voice. `heard_languages`: those that a recogniser here hears."""
    plans: list[Plan] = []
    unspoken: list[Unspoken] = []
    for conversation in conversations:
        plan = Plan(conversation, script, _foreseen(script, conversation))
        told = _why_not(plan, heard_languages, try_out(script, conversation))
        if told is None:
            plans.append(plan)
        else:
            unspoken.append(told)
    return tuple(plans), tuple(unspoken)


def number_of(place: int, again: int = 0) -> str:
    """E.164 of the caller of the conversation at this place; another for each time it is held."""
    return f"{PREFIX}{(again * 10_000 + place + 1) % _MOST:07}"


def _foreseen(script: Script, conversation: Conversation) -> tuple[Foreseen, ...]:
    dialog, actions = begin(script, conversation.lead, conversation.language, conversation.now)
    everything: tuple[Action, ...] = actions
    found = []
    for move in conversation.moves:
        language = dialog.language
        if move.heard is not None:
            dialog, actions = step(dialog, move.heard)
            everything = (*everything, *actions)
        is_deed = move.heard is not None and not isinstance(move.heard, Played)
        found.append(Foreseen(move, language, dialog, everything, is_deed))
    return tuple(found)


def _why_not(plan: Plan, heard_languages: Collection[str], as_text: Tried) -> Unspoken | None:
    conversation = plan.conversation
    if as_text.differences:
        first = as_text.differences[0]
        why = f"it differs as text already (line {first.line}: {first.what}); run it without --voice"
        return Unspoken(conversation, why)
    for foreseen in plan.moves:
        match foreseen.move.heard:
            case Failed():
                return Unspoken(conversation, "what fails there cannot be made to fail by a caller", fault=False)
            case Said(confidence=sure) if sure < 1:
                return Unspoken(conversation, "how sure the recogniser is cannot be told by a caller", fault=False)
            case Said() if foreseen.language not in heard_languages:
                why = f"no recogniser here hears {foreseen.language!r}: see `trunkline models list`"
                return Unspoken(conversation, why)
            case None | Said() | Pressed() | Silence() | Noise() | Played() | HungUp():
                pass
    return None
