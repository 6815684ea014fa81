"""What campaigns say in words: states, reasons, and the sentences of a policy."""

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

STATES: Mapping[str, str] = {
    "draft": mark("Draft"),
    "running": mark("Running"),
    "paused": mark("Paused"),
    "stopped": mark("Stopped"),
    "finished": mark("Finished"),
}
MODES: Mapping[str, str] = {
    "preview": mark("Preview: the operator sees the card, then dials"),
    "progressive": mark("Progressive: one line for each free operator"),
    "power": mark("Power: a fixed number of lines for each operator"),
    "predictive": mark("Predictive: lines by the answer rate, under the limit of abandoned calls"),
    "bot": mark("Infobot: the robot talks, no operator is needed"),
}
#: Why a lead is not dialed now.
REASONS: Mapping[str, str] = {
    "campaign_not_running": mark("The campaign is not running"),
    "closed": mark("Closed: done with"),
    "in_progress": mark("A call is under way"),
    "quota_full": mark("The quota of its group is full"),
    "callback_of_other": mark("Promised to one operator who is not free"),
    "not_due": mark("Not due yet"),
    "attempts_used": mark("All attempts are used"),
    "no_number": mark("No number that works"),
    "do_not_call": mark("On the do-not-call list"),
    "do_not_call_campaign": mark("On the do-not-call list of this campaign"),
    "do_not_call_prefix": mark("Begins with a prefix on the do-not-call list"),
    "prefix_not_allowed": mark("The trunk may not dial such numbers"),
    "zone_unknown": mark("Time zone not known"),
    "outside_window": mark("Outside calling hours where the person lives"),
    "window_never_opens": mark("The campaign has no calling hours"),
    "number_rested": mark("Dialed often enough of late"),
    "abandoned_rest": mark("Abandoned before, left alone for a while"),
}
#: What happens on an open line.
STAGES: Mapping[str, tuple[str, str, str]] = {
    "ringing": (mark("Ringing"), "quiet", "phone-outgoing"),
    "waiting": (mark("Waits for an operator"), "bad", "clock"),
    "machine": (mark("Answering machine"), "quiet", "device-audio-tape"),
    "robot": (mark("Talks with the robot"), "busy", "robot"),
    "talking": (mark("Talking"), "busy", "phone-filled"),
}
#: What a column of a file may hold.
FIELDS: Mapping[str, str] = {
    "name": mark("Name"),
    "phone": mark("Telephone number"),
    "email": mark("E-mail"),
    "company": mark("Company"),
    "zone": mark("Time zone"),
    "priority": mark("Priority"),
    "language": mark("Language"),
    "field": mark("A field of its own"),
    "-": mark("Leave out"),
}
#: What became of the rows of a file, in the order of the report.
COUNTS: Mapping[str, str] = {
    "created": mark("new people"),
    "updated": mark("people known already, brought up to date"),
    "duplicate": mark("duplicates, left out"),
    "invalid": mark("rows with faults, left out"),
    "skipped": mark("blank rows"),
    "incomplete": mark("imported, something left out"),
    "do_not_call": mark("imported, on the do-not-call list: never dialed"),
}
DUPLICATES: Mapping[str, str] = {
    "skip": mark("Leave the row out"),
    "update": mark("Bring the person up to date with the row"),
    "add": mark("Add new numbers to the person"),
}
RECORDS: Mapping[str, str] = {
    "never": mark("Nothing"),
    "bridged": mark("Talks with operators"),
    "answered": mark("All that is answered, from the first second"),
}

_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60))
_SAID: Mapping[Say, str] = {
    Say.PREVIEW: mark("An operator sees each person's card first, then dials or skips."),
    Say.PROGRESSIVE: mark("Each free operator has one line dialed for him."),
    Say.POWER: mark("For each free operator %(lines)s lines are dialed."),
    Say.PREDICTIVE: mark(
        "As many lines are dialed as the answer rate asks for, at most %(lines)s for each free operator."
    ),
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
        "Who was left without is not called again for %(span)s, unless an operator is held for him."
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
