"""What the database says by a code, said in words: outcomes, results, reasons for a pause, who signed. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.domain.rule_desk import RULE_PREFIX
from crm_core.web.pages.catalogues import Words, mark

#: What the network said (`crm_core.domain.attempts.Outcome`).
OUTCOMES: Mapping[str, str] = {
    "answered": mark("Answered"),
    "abandoned": mark("Abandoned"),
    "machine": mark("Answering machine"),
    "no_answer": mark("No answer"),
    "busy": mark("Busy"),
    "not_in_service": mark("Number not in service"),
    "congestion": mark("Network congested"),
    "hung_up": mark("Hung up at once"),
    "given_up": mark("Ended by us while ringing"),
    "failed": mark("Failed"),
    "lost": mark("Lost without a trace"),
}
#: Results that Trunkline is shipped with, by code; a site may call them otherwise, and then its word counts.
RESULTS: Mapping[str, str] = {
    "interested": mark("Interested"),
    "callback": mark("Call back"),
    "not_interested": mark("Not interested"),
    "wrong_number": mark("Wrong number"),
    "do_not_call": mark("Do not call again"),
    "sale": mark("Sale"),
    "later": mark("Not now"),
    "machine": mark("Answering machine"),
    "silence": mark("Nobody spoke"),
    "surveyed": mark("Answered the survey"),
    "accepted": mark("Accepted"),
    "declined": mark("Declined"),
    "confirmed": mark("Confirmed the appointment"),
    "moved": mark("Wants another time"),
    "cancelled": mark("Cancelled the appointment"),
    "promised": mark("Promised to pay"),
    "says_paid": mark("Says it is paid"),
    "disputed": mark("Disputes the debt"),
    "passed_on": mark("Passed on to a colleague"),
    "unfinished": mark("Did not talk to the end"),
}
#: Stages that Trunkline is shipped with; a site's own are said as they are.
STAGES: Mapping[str, str] = {
    "Unsorted": mark("Unsorted"),
    "New": mark("New"),
    "Offer sent": mark("Offer sent"),
    "Agreed": mark("Agreed"),
    "Won": mark("Won"),
    "Lost": mark("Lost"),
}
#: Outcomes of which there is nothing to hear or read.
_SILENT = frozenset({"no_answer", "busy", "not_in_service", "congestion", "hung_up", "given_up", "failed", "lost"})
#: Why an agent is paused (`crm_core.domain.agents.PAUSE_REASONS`); a site's own are said as they are.
PAUSES: Mapping[str, str] = {
    "lunch": mark("lunch"),
    "rest": mark("rest"),
    "training": mark("training"),
    "technical": mark("technical"),
    "other": mark("other"),
}
_REACHED = "reached by "
_SOMEBODY = "an agent"  # what stands behind it where the agent is not known
_ROBOT = "bot: "
_COMMAND_LINE = "command line"


def result(words: Words, code: str, labels: Mapping[str, str]) -> str:
    """What a call came to: the site's label of a disposition, else our word for it or for an outcome."""
    known = labels.get(code) or RESULTS.get(code) or OUTCOMES.get(code)
    return words.gettext(known) if known else code.replace("_", " ")


def stage(words: Words, name: str) -> str:
    """What a stage is called."""
    return words.gettext(STAGES[name]) if name in STAGES else name


def is_silent(state: str) -> bool:
    """Whether a call that came to this has nothing to listen to."""
    return state in _SILENT


def pause(words: Words, reason: str) -> str:
    """Why somebody is paused."""
    return words.gettext(PAUSES[reason]) if reason in PAUSES else reason


def signature(words: Words, by: str) -> str:
    """Who did it. A person's name is itself; rules, the robot and what a call did by itself are said in words."""
    if by.startswith(RULE_PREFIX):
        return words.gettext("the rule “%(name)s”") % {"name": by.removeprefix(RULE_PREFIX)}
    if by.startswith(_ROBOT):
        return words.gettext("the robot, “%(script)s”") % {"script": by.removeprefix(_ROBOT)}
    if by.startswith(_REACHED):
        name = by.removeprefix(_REACHED)
        if name == _SOMEBODY:
            return words.gettext("reached by a colleague")
        return words.gettext("reached by %(name)s") % {"name": name}
    return words.gettext("the command line") if by == _COMMAND_LINE else by


def done_by(words: Words, by: str) -> str:
    """Who ended a task; "open" where nobody has yet."""
    return words.gettext("open") if by == "open" else signature(words, by)
