"""Dispositions: what an agent or the bot concluded, and what follows for the lead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class LeadEffect(StrEnum):
    END = "end"  # the lead is closed
    RETRY = "retry"  # dialed again after `retry_after`
    CALLBACK = "callback"  # dialed again at the time asked from the agent
    DEAD_NUMBER = "dead_number"  # this number is never dialed again; the lead's next number is


@dataclass(frozen=True, slots=True)
class Disposition:
    """`key` is the digit an agent presses; `do_not_call` puts the number on the system list."""

    code: str
    label: str
    effect: LeadEffect
    key: str = ""
    retry_after: timedelta | None = None
    do_not_call: bool = False
    makes_deal: bool = False


#: What the shipped scripts of the infobot come to; agents are offered no key for them.
BOT_DISPOSITIONS = (
    Disposition("surveyed", "Answered the survey", LeadEffect.END),
    Disposition("accepted", "Accepted", LeadEffect.END),
    Disposition("declined", "Declined", LeadEffect.END),
    Disposition("confirmed", "Confirmed the appointment", LeadEffect.END),
    Disposition("moved", "Wants another time", LeadEffect.END),
    Disposition("cancelled", "Cancelled the appointment", LeadEffect.END),
    Disposition("promised", "Promised to pay", LeadEffect.END),
    Disposition("says_paid", "Says it is paid", LeadEffect.END),
    Disposition("disputed", "Disputes the debt", LeadEffect.END),
    Disposition("passed_on", "Passed on to a colleague", LeadEffect.END),
    Disposition("unfinished", "Did not talk to the end", LeadEffect.RETRY, retry_after=timedelta(days=1)),
)
#: Shipped; a site edits them in the database.
DEFAULT_DISPOSITIONS = (
    Disposition("interested", "Interested", LeadEffect.END, "1", makes_deal=True),
    Disposition("callback", "Call back", LeadEffect.CALLBACK, "2"),
    Disposition("not_interested", "Not interested", LeadEffect.END, "3"),
    Disposition("wrong_number", "Wrong number", LeadEffect.DEAD_NUMBER, "4"),
    Disposition("do_not_call", "Do not call again", LeadEffect.END, "5", do_not_call=True),
    Disposition("sale", "Sale", LeadEffect.END, "6", makes_deal=True),
    Disposition("later", "Not now", LeadEffect.RETRY, "7", retry_after=timedelta(days=1)),
    Disposition("machine", "Answering machine", LeadEffect.RETRY, "8", retry_after=timedelta(hours=4)),
    Disposition("silence", "Nobody spoke", LeadEffect.RETRY, "9", retry_after=timedelta(hours=4)),
    *BOT_DISPOSITIONS,
)
