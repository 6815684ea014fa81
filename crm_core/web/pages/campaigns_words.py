"""What campaigns say in words: states, modes, reasons, columns; the sentences of a policy stand elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.web.pages.catalogues import mark

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
    "words_unsayable": mark("Nothing that can be said stands where the script wants the person's own words"),
    "words_not_ready": mark("What the person hears first cannot be rendered for now, it is tried again"),
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
LAWS: Mapping[str, str] = {
    "": mark("By the country of the numbers shown"),
    "fcc": mark("United States (FCC)"),
    "ofcom": mark("Britain (Ofcom)"),
    "strict": mark("The strictest: nobody is abandoned"),
}
RECORDS: Mapping[str, str] = {
    "never": mark("Nothing"),
    "bridged": mark("Talks with operators"),
    "answered": mark("All that is answered, from the first second"),
}
