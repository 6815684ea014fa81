"""The one place that says when a caller begins and ends a turn. Takes line audio in any pieces, gives events.

Speech is a 20 ms frame that webrtcvad (mode 3) calls speech and that is louder than the line's noise by 3 dB: the
first alone never ends a turn in babble. The figures behind it are in docs/speech.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import webrtcvad

from ivr_bot.media import ulaw as g711
from ivr_bot.speech.audio import dbfs, samples_of
from ivr_bot.speech.line_floor import LineFloor
from ivr_bot.speech.ports import LINE_RATE, AnswerShape, Utterance

FRAME_MS = 20
FRAME_BYTES = LINE_RATE * FRAME_MS // 1000
_BYTES_PER_MS = LINE_RATE // 1000

#: Says whether 160 linear 16-bit samples (320 bytes) are speech. May keep state: one per call.
IsSpeech = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class TurnRules:
    """When a turn begins and ends. Times in ms; frames are of 20 ms."""

    silence_ms: int = 600
    pause_ms: int = 300  # after so much of it what was said so far is looked at: a whole answer ends the turn
    hard_stop_ms: int = 6000  # from the first frame of speech
    start_frames: int = 3  # so many speech frames ...
    start_window: int = 5  # ... of so many
    least_speech_ms: int = 100  # less was a click or a cough
    pre_roll_ms: int = 300
    tail_ms: int = 350  # weak word endings come after the last frame that counts as speech
    before_ms: int = 2400  # line audio handed on so that a second detector can settle


CLOSED_TURN = TurnRules()
OPEN_TURN = TurnRules(silence_ms=1000, pause_ms=1000, hard_stop_ms=20_000)


def rules_for(kind: AnswerShape) -> TurnRules:
    """Who answers in his own words pauses to think."""
    return OPEN_TURN if kind is AnswerShape.OPEN else CLOSED_TURN


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The caller speaks (stop the prompt). `heard`: the pre-roll and what was said so far."""

    at_ms: int
    heard: Utterance


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The turn is over. `cut`: not by silence but by the hard stop or the end of the call."""

    at_ms: int
    utterance: Utterance
    cut: bool


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """What began was too short to be speech: a prompt that was stopped may go on."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Paused:
    """The caller is silent; the turn goes on for now. `utterance`: what was said so far."""

    at_ms: int
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Resumed:
    """After a pause the caller speaks on."""

    at_ms: int


TurnEvent = SpeechBegan | Paused | Resumed | SpeechEnded | FalseAlarm


def webrtc_gate() -> IsSpeech:
    """webrtcvad, mode 3, for one call."""
    vad = webrtcvad.Vad(3)
    return lambda pcm: bool(vad.is_speech(pcm, LINE_RATE))


class Endpointer:
    """State of one call. Feed it all line audio, during prompts too: that is when it learns the line's noise."""

    def __init__(self, rules: TurnRules = CLOSED_TURN, is_speech: IsSpeech | None = None) -> None:
        self._rules = rules
        self._is_speech = is_speech or webrtc_gate()
        self._floor = LineFloor()
        self._audio = bytearray()  # what may still be handed out
        self._audio_from = 0  # its place on the line, in bytes
        self._handled = 0  # bytes on the line already judged
        self._free_from = 0  # bytes before this belong to an earlier utterance
        self._recent: deque[bool] = deque(maxlen=rules.start_window)
        self._began: int | None = None  # place of the first speech frame of this turn
        self._last_speech = 0  # place after the latest speech frame
        self._levels: list[float] = []  # of this turn's speech frames
        self._paused = False

    @property
    def speaking(self) -> bool:
        return self._began is not None

    @property
    def floor_dbfs(self) -> float:
        return self._floor.dbfs

    def new_turn(self, rules: TurnRules) -> None:
        """Listen for the answer to another question. Who is speaking already goes on under the new rules."""
        self._rules = rules
        self._recent = deque(self._recent, maxlen=rules.start_window)

    def end_turn(self) -> list[TurnEvent]:
        """What was said up to the pause is a whole answer: nobody waits for more. Nothing where nobody pauses."""
        return self._end(cut=False) if self._paused else []

    def feed(self, ulaw: bytes) -> list[TurnEvent]:
        """Take the next audio, in pieces of any size; what was decided."""
        self._audio += ulaw
        events: list[TurnEvent] = []
        while len(self._audio) - (self._handled - self._audio_from) >= FRAME_BYTES:
            start = self._handled - self._audio_from
            frame = bytes(self._audio[start : start + FRAME_BYTES])
            self._handled += FRAME_BYTES
            events += self._judge(frame)
            self._forget()
        return events

    def hung_up(self) -> list[TurnEvent]:
        """The line is gone: what was being said ends here."""
        return self._end(cut=True) if self.speaking else []

    def _judge(self, frame: bytes) -> list[TurnEvent]:
        level = dbfs(samples_of(frame))
        voiced = self._is_speech(g711.decode(frame).tobytes()) and self._floor.is_above(level)
        self._recent.append(voiced)
        if not voiced:
            self._floor.hear(level)
        if self._began is None:
            return self._begin() if sum(self._recent) >= self._rules.start_frames else []
        if voiced:
            self._last_speech = self._handled
            self._levels.append(level)
            if self._paused:
                self._paused = False
                return [Resumed(self._handled // _BYTES_PER_MS), *self._ended()]
        return self._ended()

    def _begin(self) -> list[TurnEvent]:
        first = len(self._recent) - list(self._recent).index(True)
        self._began = self._handled - first * FRAME_BYTES
        self._last_speech = self._handled
        self._levels = [dbfs(samples_of(bytes(self._slice(self._began, self._handled))))] * sum(self._recent)
        self._paused = False
        return [SpeechBegan(self._handled // _BYTES_PER_MS, self._utterance(self._handled))]

    def _ended(self) -> list[TurnEvent]:
        assert self._began is not None
        rules, silent = self._rules, self._handled - self._last_speech
        if self._handled - self._began >= rules.hard_stop_ms * _BYTES_PER_MS:
            return self._end(cut=True)
        if silent >= rules.silence_ms * _BYTES_PER_MS:
            return self._end(cut=False)
        if silent >= rules.pause_ms * _BYTES_PER_MS and not self._paused and self._is_enough():
            self._paused = True
            return [Paused(self._handled // _BYTES_PER_MS, self._utterance(self._upto()))]
        return []

    def _is_enough(self) -> bool:
        return len(self._levels) * FRAME_MS >= self._rules.least_speech_ms

    def _upto(self) -> int:
        """Where what was said ends: a little after the last frame that counts as speech."""
        return min(self._handled, self._last_speech + self._rules.tail_ms * _BYTES_PER_MS)

    def _end(self, *, cut: bool) -> list[TurnEvent]:
        upto = self._upto()
        at = self._handled // _BYTES_PER_MS
        event: TurnEvent = FalseAlarm(at)
        if self._is_enough():
            event = SpeechEnded(at, self._utterance(upto), cut)
            self._free_from = upto
        if cut:
            self._floor.relearn(self._levels)
        self._began, self._paused = None, False
        self._recent.clear()
        return [event]

    def _utterance(self, upto: int) -> Utterance:
        assert self._began is not None
        start = max(self._began - self._rules.pre_roll_ms * _BYTES_PER_MS, self._free_from, self._audio_from)
        before = max(start - self._rules.before_ms * _BYTES_PER_MS, self._audio_from)
        loud = sum(self._levels) / len(self._levels)
        return Utterance(self._slice(start, upto), self._slice(before, start), round(loud - self._floor.dbfs, 1))

    def _slice(self, start: int, end: int) -> bytes:
        return bytes(self._audio[start - self._audio_from : end - self._audio_from])

    def _forget(self) -> None:
        """Keep what an utterance beginning now could need."""
        rules = self._rules
        oldest = self._handled if self._began is None else self._began
        kept_ms = rules.before_ms + rules.pre_roll_ms + rules.start_window * FRAME_MS
        spare = oldest - kept_ms * _BYTES_PER_MS - self._audio_from
        if spare >= LINE_RATE:  # in steps of a second: moving the rest costs more than keeping it
            del self._audio[:spare]
            self._audio_from += spare
