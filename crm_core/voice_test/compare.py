"""A conversation that was expected, laid beside the one that was held and written down. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm_core.domain.call_outcomes import CallOutcome
from crm_core.domain.conversations import Party, Turn
from crm_core.voice_test.errands import Taken
from crm_core.voice_test.found import NONE, Facts, last_intent, same
from crm_core.voice_test.lines import Line, line_of, move_told
from crm_core.voice_test.plans import Foreseen, Plan
from ivr_bot.dialog.conversations import Difference, deal_of, state_of
from ivr_bot.dialog.heard import HungUp, Noise, Said
from ivr_bot.dialog.script import Ask

#: What is known at the end of a call only, not after each move.
_FACTS = ("result", "task", "transfer", "message", "do_not_call", "call_back", "ended")


@dataclass(frozen=True, slots=True)
class Held:
    """One conversation that was held: where it differs, what was said in it, and the whole as text.

    `number` is the caller's, empty if no call came; `responses` are seconds from the end of speech to the answer."""

    plan: Plan
    voice: str
    differences: tuple[Difference, ...]
    lines: tuple[Line, ...] = ()
    told: tuple[str, ...] = ()
    number: str = ""
    responses: tuple[float, ...] = ()

    @property
    def misheard(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if not line.as_said)


@dataclass(frozen=True, slots=True)
class _Window:
    """A move, and the turns that were taken from it until the next; `going_on`: the bot's that had begun before."""

    foreseen: Foreseen
    reached: bool
    going_on: tuple[Turn, ...]
    bot: tuple[Turn, ...]
    person: tuple[Turn, ...]
    before: tuple[Turn, ...]  # everything up to the next move


def compared(plan: Plan, voice: str, taken: Taken | None, outcome: CallOutcome | None) -> Held:
    """What was expected against what was found; neither a call nor a conversation is one difference more."""
    if taken is None or outcome is None:
        got = "the call did not come" if taken is None else "nothing was written down of the call"
        missing = Difference(plan.conversation.line, "call", "a conversation", got)
        return Held(plan, voice, (missing,), number="" if taken is None else taken.number)
    windows = _windows(plan, taken, outcome)
    facts = Facts(outcome, plan.script, plan.conversation.now.tzinfo, isinstance(plan.end.move.heard, HungUp))
    differences = [found for place in range(len(windows)) for found in _differences(windows, place, plan, facts)]
    lines = tuple(line for place in range(len(windows)) if (line := _line(windows, place, plan)) is not None)
    told = _told(windows, lines)
    return Held(plan, voice, tuple(differences), lines, told, taken.number, _responses(plan, taken))


def _responses(plan: Plan, taken: Taken) -> tuple[float, ...]:
    deeds = [foreseen.move.heard for foreseen in plan.moves if foreseen.deed]
    spoken = [exchange for heard, exchange in zip(deeds, taken.exchanges, strict=False) if isinstance(heard, Said)]
    return tuple(seconds for exchange in spoken if (seconds := exchange.response_seconds) is not None)


# --- which turn belongs to which move -------------------------------------------------------------------------
def _windows(plan: Plan, taken: Taken, outcome: CallOutcome) -> list[_Window]:
    starts = [taken.instant(exchange.began).timestamp() for exchange in taken.exchanges]
    if taken.ended is not None and not taken.dropped:  # so a deed of hanging up has its time
        starts.append(taken.instant(taken.ended).timestamp())
    deeds, windows = 0, []
    for place, foreseen in enumerate(plan.moves):
        deeds += foreseen.deed
        start = -math.inf if not deeds else _at(starts, deeds - 1)
        end = _at(starts, deeds)
        is_last = place == len(plan.moves) - 1
        windows.append(_window(foreseen, outcome.turns, start, math.inf if is_last else end))
    return windows


def _at(starts: Sequence[float], place: int) -> float:
    return starts[place] if place < len(starts) else math.inf


def _window(foreseen: Foreseen, turns: Sequence[Turn], start: float, end: float) -> _Window:
    """The bot's turns count by their beginning; the person's by their end, as their beginning is an estimate."""
    bot = [turn for turn in turns if turn.party is Party.BOT]
    person = [turn for turn in turns if turn.party is Party.PERSON]
    return _Window(
        foreseen,
        start < math.inf,
        tuple(turn for turn in bot if _s(turn.began_at) < start < _s(turn.ended_at)),
        tuple(turn for turn in bot if start <= _s(turn.began_at) < end),
        tuple(turn for turn in person if start <= _s(turn.ended_at) < end),
        tuple(turn for turn in turns if _s(turn.ended_at) < end),
    )


def _s(at: datetime) -> float:
    return at.timestamp()


# --- what is expected -----------------------------------------------------------------------------------------
def _differences(windows: Sequence[_Window], place: int, plan: Plan, facts: Facts) -> list[Difference]:
    window = windows[place]
    foreseen = window.foreseen
    if not window.reached:
        return [Difference(foreseen.move.line, "call", "still talking", "it had ended before this move")]
    language = foreseen.dialog.language
    found = []
    for what, value in foreseen.move.expected.items():
        if what in ("slots", "deal"):
            for name, wanted in value.mapping().items():
                got = facts.slot(name) if what == "slots" else facts.deal(name)
                is_kept = _value(what, name, foreseen) == _value(what, name, plan.end)
                if is_kept and not same(wanted.text(), got, language):
                    found.append(Difference(wanted.line, f"{what} {name}", wanted.text(), got))
            continue
        expected = value.text()
        got = _found(what, windows, place, facts)
        if _is_kept(what, foreseen, plan.end) and not _agrees(what, expected, got, language):
            found.append(Difference(value.line, what, expected, got))
    return found


def _is_kept(what: str, then: Foreseen, end: Foreseen) -> bool:
    """What a later move changes cannot be seen when all is over; run as text it is."""
    if what not in _FACTS:
        return True
    return state_of(what, (then.dialog, then.actions)) == state_of(what, (end.dialog, end.actions))


def _value(what: str, name: str, then: Foreseen) -> str | None:
    return (then.dialog.slots if what == "slots" else deal_of(then.actions)).get(name)


def _found(what: str, windows: Sequence[_Window], place: int, facts: Facts) -> str:
    window = windows[place]
    match what:
        case "bot":
            goes_on = window.going_on if isinstance(window.foreseen.move.heard, Noise) else ()
            return " ".join(turn.text for turn in (*goes_on, *window.bot)) or "(says nothing)"
        case "node":
            return _node(windows, place, facts.outcome)
        case "intent":
            return "|".join(last_intent(window.before, window.foreseen.language)) or NONE
        case _:
            return facts.fact(what)


def _node(windows: Sequence[_Window], place: int, outcome: CallOutcome) -> str:
    """Where the dialog stood: what the bot said then, or else the question at which it next heard something."""
    if place == len(windows) - 1:
        return outcome.last_node
    if windows[place].bot:
        return windows[place].bot[-1].node
    later = (turn.node for window in windows[place + 1 :] for turn in (*window.person, *window.bot))
    return next(later, outcome.last_node)


def _agrees(what: str, expected: str, found: str, language: str) -> bool:
    match what:
        case "bot":
            return " ".join(expected.split()).casefold() in " ".join(found.split()).casefold()
        case "intent":
            return expected in found.split("|")
        case _:
            return same(expected, found, language)


# --- what was said and heard ----------------------------------------------------------------------------------
def _line(windows: Sequence[_Window], place: int, plan: Plan) -> Line | None:
    window = windows[place]
    said = window.foreseen.move.heard
    if not isinstance(said, Said) or not window.reached:
        return None
    asked = plan.script.nodes.get(plan.moves[place - 1].dialog.node if place else plan.script.start)
    ask = asked if isinstance(asked, Ask) else None
    return line_of(window.foreseen.move.line, said, window.person, window.foreseen.language, ask)


def _told(windows: Sequence[_Window], lines: Sequence[Line]) -> tuple[str, ...]:
    """The conversation as text, one line a turn."""
    by_line = {line.line: line for line in lines}
    told: list[str] = []
    for window in windows:
        move = window.foreseen.move
        if move.heard is not None and window.reached:
            told.append("person: " + move_told(move.heard, by_line.get(move.line), interrupts=move.interrupts))
        told += [f"bot: {turn.text}" for turn in window.bot]
    return tuple(told)
