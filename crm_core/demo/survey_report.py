"""What the survey of the demo came to: what people were told to say beside what was written down, and the checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from crm_core.demo.people import Person
from crm_core.domain.call_outcomes import CallOutcome
from crm_core.domain.conversations import Ending
from crm_core.domain.messages import Message, MessageState

#: docs/demo/visit.yml: at this rating or below a task is made, from this one on a message is sent.
_BAD, _GOOD = 3, 9
#: At the first ask four of five ratings said by these voices are understood; hardly any is taken for another.
_RIGHT_AT_LEAST, _OTHER_AT_MOST = 0.7, 0.03


@dataclass(frozen=True, slots=True)
class Asked:
    """A person, and what his call left behind; None: the bot has not talked with him."""

    person: Person
    outcome: CallOutcome | None

    def answer(self, question: str) -> str | None:
        """The value written down."""
        if self.outcome is None:
            return None
        return next((answer.value for answer in self.outcome.answers if answer.question == question), None)

    @property
    def rating(self) -> int | None:
        value = self.answer("rating")
        return None if value is None else int(value)


@dataclass(frozen=True, slots=True)
class SurveyReport:
    """Numbers whose people came to talk with an operator (`bridged`), or whom a task says to call back (`promised`);
    `taken`: what the provider has, by id."""

    asked: tuple[Asked, ...]
    bridged: frozenset[str]
    promised: frozenset[str | None]
    messages: tuple[Message, ...]
    taken: Mapping[str, str]


def print_survey(console: Console, report: SurveyReport) -> bool:
    """Print it; whether every check holds."""
    console.print(_answers(report))
    opinions = [one.answer("why") for one in report.asked if one.answer("why")]
    if opinions:
        console.print(f"{len(opinions)} opinions, such as: {opinions[0]}", markup=False)
    checks = _checks(report)
    table = Table("", "", "", title="Checks of the survey")
    for name, holds, told in checks:
        table.add_row("ok" if holds else "[red]no[/]", name, told)
    console.print(table)
    return all(holds for _, holds, _ in checks)


def _answers(report: SurveyReport) -> Table:
    table = Table("question", "said", "written down", "of them as said", title="What people said by voice")
    for question, said in (("may_ask", _may_ask), ("rating", _rating), ("person", _wants_person)):
        told = {one.person.number: said(one.person) for one in report.asked}
        given = {one.person.number: one.answer(question) for one in report.asked}
        same = sum(value is not None and value == told[number] for number, value in given.items())
        written = sum(value is not None for value in given.values())
        table.add_row(question, str(sum(value is not None for value in told.values())), str(written), str(same))
    said_ratings = Counter(one.person.rating for one in report.asked if one.person.agrees)
    for rating in sorted(said_ratings):
        heard = [one for one in report.asked if one.rating == rating]
        same = sum(one.person.rating == rating for one in heard)
        table.add_row(f"  {rating}", str(said_ratings[rating]), str(len(heard)), str(same))
    return table


def _may_ask(person: Person) -> str | None:
    return "yes" if person.agrees else "no"


def _rating(person: Person) -> str | None:
    return str(person.rating) if person.agrees else None


def _wants_person(person: Person) -> str | None:
    return ("yes" if person.wants_person else "no") if person.agrees else None


def _checks(report: SurveyReport) -> list[tuple[str, bool, str]]:
    asked = [one for one in report.asked if one.person.agrees]
    talked = sum(one.outcome is not None for one in report.asked)
    right = sum(one.rating == one.person.rating for one in asked)
    other = sum(one.rating not in (None, one.person.rating) for one in asked)
    bad = [one for one in asked if one.rating is not None and one.rating <= _BAD]
    tasks = [one for one in bad if one.outcome and any(title.startswith("Bad rating") for title in one.outcome.tasks)]
    good = [one for one in asked if one.rating is not None and one.rating >= _GOOD]
    sent = [message for message in report.messages if message.state is MessageState.SENT]
    handed = [one for one in asked if one.outcome and one.outcome.ending is Ending.TRANSFERRED]
    met = [one for one in handed if one.person.number in report.bridged]
    taken_over = [one for one in handed if one in met or one.person.number in report.promised]
    return [
        ("everybody was talked to", talked == len(report.asked), f"{talked} of {len(report.asked)}"),
        ("ratings understood", right >= _RIGHT_AT_LEAST * len(asked), f"{right} of {len(asked)}"),
        ("ratings taken for another", other <= _OTHER_AT_MOST * len(asked), str(other)),
        ("a bad rating makes a task", len(tasks) == len(bad), f"{len(tasks)} of {len(bad)}"),
        ("a good rating sends a message", len(sent) == len(good), f"{len(sent)} of {len(good)}"),
        ("the provider has each message once", len(report.taken) == len(sent), f"{len(report.taken)}"),
        (
            "who wanted a person got one, or a task",
            bool(handed) and len(taken_over) == len(handed),
            f"{len(met)} of {len(handed)} were connected",
        ),
    ]
