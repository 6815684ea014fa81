"""What a caller is to do in a call, and when what happened: plain values that measurements are made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Deed:
    """One move of a caller, made when the bot has finished, or (`interrupts`) while it speaks.

    `sound` is µ-law of what he says, without silence around it; neither sound nor keys: he stays silent.
    """

    sound: bytes = b""
    keys: str = ""
    hangs_up: bool = False
    interrupts: bool = False


@dataclass(frozen=True, slots=True)
class Errand:
    """All deeds of one caller. `stays`: after the last he waits for the bot to hang up instead of doing it himself."""

    deeds: tuple[Deed, ...]
    stays: bool = False


@dataclass(slots=True)
class Exchange:
    """A deed and what the bot did then, in seconds of one clock (Taken.instant makes instants of them).

    `began` and `ended` are the deed's own: for speech its first and last sample as played on the line, for keys the
    moments at which the first and the last went down. `silenced` is the bot's last sound after it was interrupted,
    `answered` its first sound of the answer, `finished` its last. None: that did not happen.
    """

    began: float
    ended: float
    silenced: float | None = None
    answered: float | None = None
    finished: float | None = None

    @property
    def response_seconds(self) -> float | None:
        """From the end of the caller's speech (or his last key) to the bot's first sound."""
        is_answer = self.answered is not None and self.answered >= self.ended
        return self.answered - self.ended if self.answered is not None and is_answer else None

    @property
    def stop_seconds(self) -> float | None:
        """From the caller's first word to the bot's last sound before it fell silent for him."""
        return None if self.silenced is None else self.silenced - self.began


@dataclass(slots=True)
class Taken:
    """One call as its caller lived through it. `clock_at` on the caller's clock is the instant `at`.

    `greeted` and `greeted_until`: the bot's first sound, and its last before the first deed. `dropped`: it was not he
    who ended the call; `unanswered`: he gave up waiting for the bot to say something.
    """

    number: str
    at: datetime
    clock_at: float
    greeted: float | None = None
    greeted_until: float | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    dropped: bool = False
    unanswered: bool = False
    ended: float | None = None

    def instant(self, clock: float) -> datetime:
        """An instant on the caller's clock as a time of day."""
        return self.at + timedelta(seconds=clock - self.clock_at)

    def as_data(self) -> dict[str, object]:
        """The call as JSON takes it, in seconds from its beginning."""

        def since(clock: float | None) -> float | None:
            return None if clock is None else round(clock - self.clock_at, 3)

        exchanges = [
            {name: since(getattr(exchange, name)) for name in ("began", "ended", "silenced", "answered", "finished")}
            | {"response_seconds": _rounded(exchange.response_seconds), "stop_seconds": _rounded(exchange.stop_seconds)}
            for exchange in self.exchanges
        ]
        told = {
            "number": self.number,
            "at": self.at.isoformat(),
            "dropped": self.dropped,
            "unanswered": self.unanswered,
        }
        return told | {"greeted": since(self.greeted), "ended": since(self.ended), "exchanges": exchanges}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
