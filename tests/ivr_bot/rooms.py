"""A call of the bot in virtual time: the person, the line, and all that the bot needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from crm_core.domain.conversations import Briefing, Conversation, Party
from ivr_bot.dialog.reading import read_script
from ivr_bot.dialog.script import Script
from ivr_bot.hearing import Hearing
from ivr_bot.media.ports import FRAME_BYTES, SILENCE
from ivr_bot.parts import BotParts
from ivr_bot.player import Player
from ivr_bot.session import BotSession
from ivr_bot.speech.audio import ulaw_of
from ivr_bot.speech.ports import Heard, Question, Utterance
from tests.dialer import clock
from tests.fakes.announcer import FakeAnnouncer
from tests.fakes.call_media import FakeCallMedia
from tests.fakes.confirms import FakeConfirms
from tests.fakes.conversation_book import FakeConversationBook
from tests.fakes.prompts import FakePrompts
from tests.fakes.speaker import FakeSpeaker

SCRIPT = """
script: survey
languages: [en]
fields: [name]
operators: sales
who: "Lola calls about your visit."
start: hello
nodes:
  hello: {kind: say, prompt: "Good day {name}.", next: rating}
  rating:
    kind: rating
    from: 0
    to: 10
    prompt: "How was your visit, from nought to ten?"
    next: how_bad
  how_bad:
    kind: branch
    cases: [{if: {of: rating, at_most: 3}, go: sorry}]
    otherwise: done
  sorry: {kind: task, task: call_back, text: "Bad rating: {rating}", next: done}
  done: {kind: disposition, code: later, next: bye}
  bye: {kind: hang_up, prompt: "Thank you, goodbye."}
"""
CALL = "t-1"


class Whoever:
    """Hears the next of `words` in each utterance."""

    def __init__(self, *words: str) -> None:
        self.words = list(words)
        self.fault: Exception | None = None
        self.asked: list[Question] = []
        self.seconds = 0.1  # that reading takes

    async def transcribe(self, utterance: Utterance, question: Question) -> Heard:
        self.asked.append(question)
        if self.fault is not None:
            raise self.fault
        await asyncio.sleep(self.seconds)
        text = self.words.pop(0) if self.words else ""
        return Heard(text, 0.9 if text else 0.0, "fake", timedelta(milliseconds=50))


def voice(seconds: float) -> bytes:
    """Something webrtcvad takes for speech: a buzz of 150 Hz with its overtones, rising and falling."""
    at = np.arange(int(8000 * seconds)) / 8000
    buzz = sum(np.sin(2 * np.pi * 150 * n * at) / n for n in range(1, 15))
    return ulaw_of((0.15 * buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))).astype(np.float32))


@dataclass
class Room:
    """A call of the bot and the person on it."""

    folder: Path
    hears: Any = field(default_factory=Whoever)
    book: FakeConversationBook = field(default_factory=FakeConversationBook)
    speaker: FakeSpeaker = field(default_factory=FakeSpeaker)
    call: FakeCallMedia = field(default_factory=lambda: FakeCallMedia(CALL))
    script: str = SCRIPT
    confirms: FakeConfirms = field(default_factory=FakeConfirms)
    announces: bool = False
    prompts: FakePrompts = field(init=False)
    hears_bot: list[bool] = field(default_factory=list)  # whether in each frame something is played

    def __post_init__(self) -> None:
        self.prompts = FakePrompts(self.speaker)

    def parts(self, script: Callable[[str], Script]) -> BotParts:
        """What the call shares with others, all in this room."""
        prompts = self.prompts
        return BotParts(
            script=script,
            player=lambda call: Player(call, prompts, self.folder),
            hearing=Hearing({"en": self.hears}, None),
            book=self.book,
            now=clock.now,
            announcer=FakeAnnouncer(prompts, self.folder),
            confirms=self.confirms,
        )

    def longest_silence(self, seconds: float) -> float:
        """Of the bot in the first seconds of the call, in seconds."""
        frames = self.hears_bot[: round(seconds * 50)]
        return max(sum(1 for _ in run) for played, run in groupby([*frames, False]) if not played) * 0.02

    async def talk(self, *moves: tuple[float, bytes | str]) -> Conversation:
        """Run the call; each move comes so many seconds after the move before: sound to say, keys, or "leave"."""
        script = read_script(self.script, "survey.yml")
        self.book.briefings[CALL] = Briefing(
            CALL, "survey", "+998901234567", "en", "Asia/Tashkent", 1, {"name": "Ali"}, announces=self.announces
        )
        session = asyncio.create_task(BotSession(self.call, self.parts(lambda name: script)).run())
        person = asyncio.create_task(self._person(moves))
        try:
            await session
        finally:
            person.cancel()
            await asyncio.gather(person, return_exceptions=True)
        return self.book.recorded[-1]

    async def _person(self, moves: tuple[tuple[float, bytes | str], ...]) -> None:
        """The line: a frame each 20 ms for at most three minutes."""
        said = b""
        for after, move in moves:
            said = await self._pass(after, said)
            match move:
                case bytes():
                    said += move
                case "leave":
                    self.call.leave()
                case keys:
                    self.call.press(keys)
        await self._pass(180, said)

    async def _pass(self, seconds: float, said: bytes) -> bytes:
        for _ in range(round(seconds * 50)):
            frame, said = said[:FRAME_BYTES].ljust(FRAME_BYTES, SILENCE), said[FRAME_BYTES:]
            await asyncio.sleep(0.02)
            self.hears_bot.append(self.call.pass_frame(frame).strip(SILENCE) != b"")
        return said


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return clock.run(main)


def told(conversation: Conversation, party: Party) -> list[str]:
    return [turn.text for turn in conversation.turns if turn.party is party]
