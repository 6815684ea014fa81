"""A call as the bot's dialog sees it: what is heard and pressed comes in, prompts go out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

#: The one audio format on our side of every border: µ-law, 8000 samples a second, one byte each (ITU-T G.711).
BYTES_PER_MS = 8
FRAME_MS = 20
FRAME_BYTES = FRAME_MS * BYTES_PER_MS
#: µ-law of digital silence.
SILENCE = b"\xff"


@dataclass(frozen=True, slots=True)
class Heard:
    """20 ms of the person's side: 160 bytes of µ-law. Frames come in order and none is left out."""

    ulaw: bytes


@dataclass(frozen=True, slots=True)
class Played:
    """The prompt given under `mark` has been played to its end."""

    mark: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key of the person's phone: 0 to 9, *, #, A to D."""

    digit: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call is over, or its media connection is: nothing comes after this."""


MediaEvent = Heard | Played | Pressed | HungUp


@dataclass(frozen=True, slots=True)
class Unheard:
    """What is left of one prompt: play `ulaw` under `mark` to go on where it was stopped."""

    mark: str
    ulaw: bytes


@dataclass(frozen=True, slots=True)
class Stopped:
    """What stopping came to.

    `played_ms` counts from the start of the oldest prompt not yet told as Played; `unheard` are the rests, in order.
    """

    played_ms: int
    unheard: tuple[Unheard, ...]


class CallMedia(Protocol):
    """The sound of one call. One task reads `events`; the other methods may be called from anywhere in the loop."""

    @property
    def channel(self) -> str:
        """Asterisk's unique id of the person's channel: the id of the attempt, or of the incoming call."""

    async def events(self) -> Sequence[MediaEvent]:
        """Everything that came since the last time, oldest first; waits for one. After HungUp: HungUp again."""

    def play(self, ulaw: bytes, mark: str) -> None:
        """Queue a prompt behind those queued before. Any length; the last frame is filled up with silence.

        After the end of the call nothing is played, and nothing raised: HungUp says so.
        """

    async def stop_playing(self) -> Stopped:
        """Silence at once; what was queued is dropped, and told as unheard. No Played comes for it."""

    async def hang_up(self) -> None:
        """End the bot's part of the call; the dialplan goes on with the person."""


#: The bot's part of one call, from the first frame on; when it returns, that part is over.
ServeCall = Callable[[CallMedia], Awaitable[None]]
