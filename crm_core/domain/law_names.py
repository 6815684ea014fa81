"""Which country's rules on abandoned calls a campaign keeps. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from crm_core.domain.campaigns import CampaignPolicy, LawName, Trunk

#: How long an abandoned person is left alone at least, unless an agent is held for him (sources: dialer/laws.py).
NO_REDIAL = {LawName.FCC: timedelta(0), LawName.OFCOM: timedelta(hours=72), LawName.STRICT: timedelta(days=30)}
LONGEST_REST = max(NO_REDIAL.values())
#: By the beginning of the number shown. +1 is the US and Canada, whose CRTC asks for less than the FCC (5 % over a
#: month); some Caribbean states share it.
_BY_PREFIX = {"+1": LawName.FCC, "+44": LawName.OFCOM}


def law_name(policy: CampaignPolicy, trunk: Trunk | None = None) -> LawName:
    """The campaign's own choice; else by the numbers it shows, all of one country; else the strictest."""
    if policy.law is not None:
        return policy.law
    return law_of_numbers(policy.caller_ids or (() if trunk is None else trunk.caller_ids))


def rest_after(policy: CampaignPolicy, trunk: Trunk | None = None) -> timedelta:
    """How long an abandoned person is left alone: as the campaign says, and no shorter than its law."""
    return max(policy.abandoned_rest, NO_REDIAL[law_name(policy, trunk)])


def law_of_numbers(numbers: Iterable[str]) -> LawName:
    """By the country of E.164 numbers; the strictest where one is of a country unknown here, or they are of several."""
    laws = {next((law for start, law in _BY_PREFIX.items() if n.startswith(start)), LawName.STRICT) for n in numbers}
    return laws.pop() if len(laws) == 1 else LawName.STRICT
