"""Conversations that were answered and did not come to their end: when such a person is dialed again. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from crm_core.domain.campaigns import RetryPolicy, Unfinished
from crm_core.domain.conversations import Ending
from crm_core.errors import BadInput

#: A result of the shipped scripts, and why a lead is closed that is not dialed again.
UNFINISHED = "unfinished"
#: Endings for which a campaign's own rule decides.
UNFINISHED_ENDINGS = (Ending.HUNG_UP, Ending.FAILED)
_RULE = re.compile(r"(\d{1,4})\s*([smhd])(?::(\d{1,2}))?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_rule(text: str) -> Unfinished:
    """`2h:1`: after how long (s, m, h, d), and how many times (1 where nothing is said). Raises BadInput."""
    found = _RULE.fullmatch(text.strip().casefold())
    if found is None or not int(found[1]) or found[3] == "0":
        raise BadInput("retry-unfinished", f"{text!r} is no rule", "Write after how long and how many times, as 2h:1")
    return Unfinished(timedelta(**{_UNITS[found[2]]: int(found[1])}), int(found[3] or 1))


def again_at(retry: RetryPolicy, unfinished: int, attempts: int, ended_at: datetime) -> datetime | None:
    """When to dial again after the lead's `unfinished`th such conversation, its `attempts`th attempt; None: no more."""
    rule = retry.unfinished
    if rule is None or unfinished > rule.times or attempts >= retry.max_attempts:
        return None
    return ended_at + rule.after


def is_open(ending: Ending, disposition: str | None) -> bool:
    """Whether the rule decides: a result that says more (a refusal, a wrong number, a callback) goes before it."""
    return ending in UNFINISHED_ENDINGS and disposition in (None, UNFINISHED)
