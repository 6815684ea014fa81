"""Who has the floor in one call: when the person takes it from the bot, and what he has said when he gives it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from ivr_bot.early_reading import EarlyReading, Listens, Read
from ivr_bot.hearing import Missed, Spoken
from ivr_bot.speech.endpointing import (
    Endpointer,
    FalseAlarm,
    Paused,
    Resumed,
    SpeechBegan,
    SpeechEnded,
    TurnEvent,
    TurnRules,
)
from ivr_bot.speech.ports import Utterance


class Confirmation(Protocol):
    """Listens whether what began is speech (speech.confirming.Confirmer)."""

    @property
    def confirmed(self) -> bool: ...

    def feed(self, ulaw: bytes) -> bool: ...

    def close(self) -> None: ...


class Confirms(Protocol):
    """Where such a listener is had from (speech.confirming.Confirmers)."""

    def begin(self, heard: Utterance) -> Confirmation: ...


@dataclass(frozen=True, slots=True)
class Began:
    """The person speaks: the bot falls silent."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """What began was no speech: the bot may go on."""


@dataclass(frozen=True, slots=True)
class Turned:
    """The person has said something. Instants as the clock of the call tells them."""

    read: Spoken | Missed
    began_at: datetime
    ended_at: datetime


Move: TypeAlias = Began | Nothing | Turned


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of the call: its clock, whether what is said now is meant for the bot, whether the bot speaks."""

    now: Callable[[], datetime]
    counts: Callable[[], bool]
    is_playing: Callable[[], bool]


class TurnTaking:
    """Fed with all line audio. While the bot speaks, only what is confirmed to be speech takes the floor from it."""

    def __init__(self, read: Read, listens: Listens, confirms: Confirms, ask: Ask) -> None:
        self._confirms, self._ask = confirms, ask
        self._endpointer = Endpointer()
        self.early = EarlyReading(read, listens)
        self._confirmation: Confirmation | None = None
        self._counts = False  # what is being said is meant for the bot
        self._has_floor = False  # the person has
        self._began_at = ask.now()

    @property
    def speaking(self) -> bool:
        """Whether there is sound on the line that may be speech."""
        return self._endpointer.speaking

    def new_turn(self, rules: TurnRules) -> None:
        """Listen for the answer to another question."""
        self.early.drop()
        self._endpointer.new_turn(rules)

    def close(self) -> None:
        self.early.drop()
        self._settle()

    async def feed(self, ulaw: bytes) -> list[Move]:
        """Take the next audio."""
        moves: list[Move] = []
        self.early.feed(ulaw)
        if self._confirmation is not None and self._confirmation.feed(ulaw):
            moves += self._take_floor()
        for event in self._endpointer.feed(ulaw):
            moves += await self._judge(event)
        return moves

    async def answered_early(self) -> list[Move]:
        """The end of the turn, if what was said up to its pause is a whole answer."""
        moves: list[Move] = []
        if self.early.is_whole:
            for event in self._endpointer.end_turn():
                moves += await self._judge(event)
        return moves

    async def _judge(self, event: TurnEvent) -> list[Move]:
        if isinstance(event, SpeechBegan):
            return self._begin(event.heard)
        if not self._counts:
            return []
        match event:
            case Paused(utterance=utterance):
                self.early.begin(utterance)
            case Resumed():
                self.early.give_up()
            case FalseAlarm():
                self.early.drop()
                return [Nothing()] if self._give_floor() else []
            case SpeechEnded(utterance=utterance):
                return await self._end(utterance)
        return []

    def _begin(self, heard: Utterance) -> list[Move]:
        self._settle()
        self._counts, self._has_floor = self._ask.counts(), False
        self._began_at = self._ask.now() - timedelta(seconds=heard.seconds)
        if not self._counts:
            return []
        self.early.listen(heard.ulaw)
        if not self._ask.is_playing():
            return self._take_floor()
        self._confirmation = self._confirms.begin(heard)
        return self._take_floor() if self._confirmation.confirmed else []

    async def _end(self, utterance: Utterance) -> list[Move]:
        read = await self.early.result(utterance)
        turned = Turned(read, self._began_at, self._began_at + timedelta(seconds=utterance.seconds))
        if self._give_floor():
            return [turned]
        # Never confirmed while the bot speaks on: only words that mean something are worth stopping it.
        return [Began(), turned] if isinstance(read, Spoken) and not read.unclear else []

    def _take_floor(self) -> list[Move]:
        self._settle()
        self._has_floor = True
        return [Began()]

    def _give_floor(self) -> bool:
        """Whether the floor was the person's: he had taken it, or the bot has come to its end meanwhile."""
        self._settle()
        had, self._has_floor = self._has_floor or not self._ask.is_playing(), False
        return had

    def _settle(self) -> None:
        if self._confirmation is not None:
            self._confirmation.close()
            self._confirmation = None
