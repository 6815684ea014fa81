"""What a caller said beside what the bot heard of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_core.domain.conversations import Turn
from crm_core.voice_test.found import NOTHING, same_words
from ivr_bot.dialog.answering import MIN_CONFIDENCE, value_in
from ivr_bot.dialog.heard import Heard, HungUp, Noise, Pressed, Said, Silence
from ivr_bot.dialog.script import Ask, AskKind
from ivr_bot.understanding.answers import global_intent


@dataclass(frozen=True, slots=True)
class Line:
    """What the caller said and what the bot heard; `as_said`: it means the same, and the bot trusted its ears.

    `unsure` is how sure the recogniser was (0 to 1) where that is too little for the bot to take it for an answer."""

    line: int
    said: str
    heard: str
    as_said: bool
    unsure: float | None = None

    @property
    def told(self) -> str:
        """In words, as the diff shows it."""
        doubt = "" if self.unsure is None else f", only {self.unsure:.0%} sure"
        return f"said “{self.said}”, heard “{self.heard}”{doubt}"


def line_of(line: int, said: Said, turns: Sequence[Turn], language: str, ask: Ask | None) -> Line:
    """A line and the person's turns that were taken from it at the question `ask`."""
    turns = [turn for turn in turns if turn.engine != "keys"]
    heard = " ".join(turn.text for turn in turns)
    sure = min((turn.confidence for turn in turns if turn.confidence is not None), default=1.0)
    unsure = sure if sure < MIN_CONFIDENCE else None
    as_said = _means_the_same(said, heard, language, ask) and unsure is None
    return Line(line, said.text, heard or NOTHING, as_said, unsure)


def move_told(heard: Heard, line: Line | None, *, interrupts: bool) -> str:
    """A caller's move as text."""
    match heard:
        case Said(text=text):
            told = text if line is None or line.as_said else line.told
        case Pressed(digits=digits):
            told = f"presses {digits}"
        case Silence():
            told = "(says nothing)"
        case Noise():
            told = "(coughs)"
        case HungUp():
            told = "(hangs up)"
        case _:
            told = "(listens)"
    return f"(interrupts) {told}" if interrupts else told


def _means_the_same(said: Said, heard: str, language: str, ask: Ask | None) -> bool:
    is_same_sound = said.text.casefold() == heard.casefold().rstrip(".!?")  # "hmm" has no words
    if is_same_sound or same_words(said.text, heard, language):
        return True
    wish = global_intent(said.text, language)
    if wish is not None and wish == global_intent(heard, language):
        return True
    value = value_in(ask, said.text, language, said.at) if ask is not None and ask.kind is not AskKind.FREE else None
    return ask is not None and value is not None and value == value_in(ask, heard, language, said.at)
