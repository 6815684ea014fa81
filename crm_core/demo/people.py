"""The hundred people of the demo's survey: what each has been told to say, and in whose voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_core.voice_test.errands import Deed, Errand
from crm_core.voice_test.voices import Clips, voices_for

PEOPLE = 100
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_OPINIONS = (
    "the people were very friendly",
    "I had to wait for half an hour",
    "everything was clean and quick",
    "nobody could answer my question",
    "it was as good as always",
)


@dataclass(frozen=True, slots=True)
class Person:
    """One in ten declines at once; one in ten wants to talk to a person at the end."""

    number: str
    agrees: bool
    rating: int
    opinion: str
    wants_person: bool

    @property
    def lines(self) -> tuple[str, ...]:
        """What he says, question by question."""
        if not self.agrees:
            return ("no thank you",)
        last = "yes please" if self.wants_person else "no thank you"
        return ("yes please", f"I would say {_WORDS[self.rating]}", self.opinion, last)


def people() -> list[Person]:
    """The same every time: all ratings, all opinions."""
    return [
        Person(
            number=f"+99894{n:07}",
            agrees=n % 10 != 9,
            rating=n % len(_WORDS),
            opinion=_OPINIONS[n % len(_OPINIONS)],
            wants_person=n % 10 == 4,
        )
        for n in range(PEOPLE)
    ]


def errands(asked: Sequence[Person], clips: Clips) -> dict[str, Errand]:
    """What each does in his call, by number without plus sign; blocks while voices are rendered.

    Raises Unavailable where this machine has no voice for them.
    """
    voices = voices_for("en")
    return {
        person.number.removeprefix("+"): Errand(
            tuple(Deed(clips.line(voices[n % len(voices)], line)) for line in person.lines), stays=True
        )
        for n, person in enumerate(asked)
    }
