"""Speech confirmed without a detector: by what the test says."""

from __future__ import annotations

from dataclasses import dataclass, field

from ivr_bot.speech.ports import Utterance


@dataclass
class FakeConfirmation:
    """Confirms from the start, or once it was fed so many bytes more; None: never."""

    after: int | None
    confirmed: bool = field(init=False)
    closed: bool = False

    def __post_init__(self) -> None:
        self.confirmed = self.after == 0

    def feed(self, ulaw: bytes) -> bool:
        if self.after is not None:
            self.after -= len(ulaw)
            self.confirmed = self.confirmed or self.after <= 0
        return self.confirmed

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeConfirms:
    """`after` as above, for each beginning."""

    after: int | None = 0
    made: list[FakeConfirmation] = field(default_factory=list)

    def begin(self, heard: Utterance) -> FakeConfirmation:
        self.made.append(FakeConfirmation(self.after))
        return self.made[-1]
