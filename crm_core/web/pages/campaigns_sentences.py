"""A policy in plain sentences, in the viewer's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import time, timedelta
from typing import Any

from babel.dates import get_day_names
from babel.lists import format_list
from babel.units import format_unit

from crm_core.domain.policy_words import Say, Sentence
from crm_core.web.pages import formats
from crm_core.web.pages.catalogues import Words, mark
from crm_core.web.pages.words import OUTCOMES
from crm_core.web.viewer import Viewer

_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60))
_SAID: Mapping[Say, str] = {
    Say.PREVIEW: mark("An operator sees each person's card first, then dials or skips."),
    Say.PROGRESSIVE: mark("Each free operator has one line dialed for them."),
    Say.POWER: mark("For each free operator %(lines)s lines are dialed."),
    Say.PREDICTIVE: mark(
        "As many lines are dialed as the answer rate asks for, at most %(lines)s for each free operator."
    ),
    Say.LAW_FCC: mark(
        "The rules of the United States on abandoned calls hold: at most %(limit)s of the people who answer, over "
        "%(window)s."
    ),
    Say.LAW_OFCOM: mark(
        "The rules of Britain on abandoned calls hold: nobody may be left without an operator, so no more lines are "
        "dialed than operators surely take."
    ),
    Say.LAW_STRICT: mark(
        "The strictest rules on abandoned calls hold: nobody may be left without an operator, so no more lines are "
        "dialed than operators surely take."
    ),
    Say.LAW_OF_TRUNK: mark(
        "Whose rules on abandoned calls hold is told by the country of the trunk's numbers; where no rules are known, "
        "nobody may be left without an operator."
    ),
    Say.OCCUPANCY: mark("Operators are busy at most %(limit)s of their time."),
    Say.NEVER_GIVES_UP: mark("No line is ended while it rings."),
    Say.BOT: mark("The robot talks by the script %(script)s."),
    Say.BOT_WITHOUT_SCRIPT: mark("The robot has no script: choose one."),
    Say.SPEED: mark("At most %(a_minute)s calls a minute, and %(lines)s at the same time."),
    Say.SHOWS: mark("People see one of these numbers: %(numbers)s."),
    Say.SHOWS_TRUNK: mark("People see a number of the trunk %(trunk)s."),
    Say.HOURS: mark("People are called on %(days)s from %(opens)s to %(closes)s."),
    Say.NO_HOURS: mark("There are no calling hours: nobody is ever called."),
    Say.ZONE: mark("Hours are those where the person lives; who lives in an unknown time zone is not called."),
    Say.RINGS: mark("A telephone rings for %(span)s."),
    Say.AGAIN: mark("Dialed again: %(after)s."),
    Say.CONNECT: mark(
        "Who answers has an operator within %(span)s; at most %(limit)s of them, over %(window)s, may be left without."
    ),
    Say.ABANDONED_REST: mark(
        "Whoever was left without is not called again for %(span)s, unless an operator is held for them."
    ),
    Say.REST_OF_TRUNK: mark(
        "For longer where the country of the trunk's numbers asks for it: %(span)s in Britain, %(window)s where no "
        "rules are known."
    ),
    Say.OPT_OUT: mark("Who presses %(key)s while the message plays is never called again."),
    Say.NO_OPT_OUT: mark("Nobody can ask by a key not to be called again."),
    Say.MACHINES_AS_PEOPLE: mark("Answering machines are not told from people."),
    Say.MACHINES_HUNG_UP: mark("Answering machines are hung up on."),
    Say.MACHINES_TOLD: mark("Answering machines hear the message %(sound)s."),
    Say.RECORDS_NOTHING: mark("Nothing is recorded."),
    Say.RECORDS_BRIDGED: mark("Talks with operators are recorded."),
    Say.RECORDS_ANSWERED: mark("Calls are recorded from the moment they are answered."),
    Say.NOTICE: mark("People hear %(sound)s, which tells them that they are recorded."),
    Say.QUIET_RECORDING: mark("People are not told that they are recorded: in many countries they must be."),
    Say.WRAP_UP: mark("After a talk an operator has %(span)s to write up."),
    Say.PARKED: mark("Operators stay on the line between calls, and are connected at once."),
    Say.RINGING: mark("An operator's telephone rings for each call, for %(span)s; then another is looked for."),
    Say.SUMMARY: mark("An operator hears what it is about before the person is connected."),
    Say.HIGH_LIMIT: mark("More than %(limit)s of abandoned calls is forbidden in the United States and Britain."),
    Say.LATE_CONNECT: mark(
        "More than %(span)s of silence is against the rules of the United States, and people hang up."
    ),
    Say.LONG_HOURS: mark("Before 8:00 or after 21:00 calls are forbidden in many countries."),
}


def say(viewer: Viewer, words: Words, sentence: Sentence) -> str:
    """A sentence in the viewer's language."""
    values = {name: _value(viewer, words, name, value) for name, value in sentence.values.items()}
    counted = _counted(words, sentence.id, sentence.values.get("n", 0))
    return (counted or words.gettext(_SAID[sentence.id])) % values


def _counted(words: Words, said: Say, n: int) -> str | None:
    """Sentences with a number in them, in the right form for it."""
    told: Mapping[Say, Callable[[], str]] = {
        Say.DAY_CALLS: lambda: words.ngettext("At most %(n)s call a day.", "At most %(n)s calls a day.", n),
        Say.DAY_MINUTES: lambda: words.ngettext(
            "At most %(n)s minute of talk a day.", "At most %(n)s minutes of talk a day.", n
        ),
        Say.ATTEMPTS: lambda: words.ngettext(
            "Each person is dialed once.", "Each person is dialed at most %(n)s times.", n
        ),
        Say.UNFINISHED: lambda: words.ngettext(
            "Who breaks off in the middle is called again after %(span)s, once.",
            "Who breaks off in the middle is called again after %(span)s, at most %(n)s times.",
            n,
        ),
        Say.NUMBER_REST: lambda: words.ngettext(
            "One number is dialed at most once in %(span)s, in all campaigns together.",
            "One number is dialed at most %(n)s times in %(span)s, in all campaigns together.",
            n,
        ),
        Say.GIVES_UP: lambda: words.ngettext(
            "Lines that have rung as long as the law asks are ended when operators have filled up; for one number at "
            "most once a day.",
            "Lines that have rung as long as the law asks are ended when operators have filled up; for one number at "
            "most %(n)s times a day.",
            n,
        ),
        Say.PILOT: lambda: words.ngettext(
            "After the first call it waits until somebody says: go on.",
            "After the first %(n)s calls it waits until somebody says: go on.",
            n,
        ),
        Say.QUOTA: lambda: words.ngettext(
            "Of people with %(field)s = %(value)s, %(n)s answered talk is enough.",
            "Of people with %(field)s = %(value)s, %(n)s answered talks are enough.",
            n,
        ),
        Say.QUOTA_REST: lambda: words.ngettext(
            "Of people with any other %(field)s, %(n)s answered talk is enough.",
            "Of people with any other %(field)s, %(n)s answered talks are enough.",
            n,
        ),
    }
    return told[said]() if said in told else None


def _value(viewer: Viewer, words: Words, name: str, value: Any) -> str:
    match name:
        case "days":
            return _days(viewer, value)
        case "after":
            return _after(viewer, words, value)
        case "numbers":
            return format_list([formats.phone(viewer, number) for number in value], "or", locale=viewer.locale)
        case "limit":
            return formats.percent(viewer, value)
    if isinstance(value, timedelta):
        return _span(viewer, value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, int | float):
        return formats.number(viewer, value, 2)
    return str(value)


def _after(viewer: Viewer, words: Words, after: Sequence[tuple[str, timedelta]]) -> str:
    told = []
    for outcome, span in after:
        values = {"what": words.gettext(OUTCOMES[outcome]), "span": _span(viewer, span)}
        told.append(words.gettext("%(what)s: after %(span)s") % values)
    return "; ".join(told)


def _span(viewer: Viewer, span: timedelta) -> str:
    """A rule's span, exactly: in the largest unit of which it is so many whole ones."""
    seconds = span.total_seconds()
    for unit, length in _UNITS:
        if seconds >= length and seconds % length == 0:
            return str(format_unit(int(seconds // length), f"duration-{unit}", "long", locale=viewer.locale))
    return str(format_unit(seconds, "duration-second", "long", locale=viewer.locale))


def day_names(viewer: Viewer) -> list[str]:
    """Short names of the days, Monday first."""
    names = get_day_names("abbreviated", context="stand-alone", locale=viewer.locale)
    return [str(names[day]) for day in range(7)]


def _days(viewer: Viewer, days: Sequence[int]) -> str:
    """Days that follow one another as a range."""
    names, runs = day_names(viewer), list[list[int]]()
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(
        f"{names[run[0]]}–{names[run[-1]]}" if len(run) > 2 else ", ".join(names[day] for day in run) for run in runs
    )
