"""What a campaign's policy means, in plain sentences: which ones, and the values in them. Pure.

A sentence is an id and its values, so that pages say it in every language and the API hands it on as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import Any

from crm_core.domain.agents import HandOffMode
from crm_core.domain.campaigns import CampaignPolicy, DialMode, LawName, Record, Window
from crm_core.domain.law_names import NO_REDIAL, law_name, rest_after


class Say(StrEnum):
    """What is said. Those that begin with `careful_` ask whoever reads to think again."""

    PREVIEW = "preview"
    PROGRESSIVE = "progressive"
    POWER = "power"  # lines
    PREDICTIVE = "predictive"  # lines
    LAW_FCC = "law_fcc"  # limit, window
    LAW_OFCOM = "law_ofcom"
    LAW_STRICT = "law_strict"
    LAW_OF_TRUNK = "law_of_trunk"
    OCCUPANCY = "occupancy"  # limit
    GIVES_UP = "gives_up"  # n
    NEVER_GIVES_UP = "never_gives_up"
    BOT = "bot"  # script
    BOT_WITHOUT_SCRIPT = "careful_bot_without_script"
    SPEED = "speed"  # a_minute, lines
    DAY_CALLS = "day_calls"  # n
    DAY_MINUTES = "day_minutes"  # n
    SHOWS = "shows"  # numbers
    SHOWS_TRUNK = "shows_trunk"  # trunk
    HOURS = "hours"  # days, opens, closes
    NO_HOURS = "careful_no_hours"
    ZONE = "zone"
    RINGS = "rings"  # span
    ATTEMPTS = "attempts"  # n
    AGAIN = "again"  # after: outcome and span of each
    UNFINISHED = "unfinished"  # span, n
    NUMBER_REST = "number_rest"  # n, span
    CONNECT = "connect"  # span, limit, window
    ABANDONED_REST = "abandoned_rest"  # span
    REST_OF_TRUNK = "rest_of_trunk"  # span, window
    OPT_OUT = "opt_out"  # key
    NO_OPT_OUT = "careful_no_opt_out"
    MACHINES_AS_PEOPLE = "machines_as_people"
    MACHINES_HUNG_UP = "machines_hung_up"
    MACHINES_TOLD = "machines_told"  # sound
    RECORDS_NOTHING = "records_nothing"
    RECORDS_BRIDGED = "records_bridged"
    RECORDS_ANSWERED = "records_answered"
    NOTICE = "notice"  # sound
    WRAP_UP = "wrap_up"  # span
    PARKED = "parked"
    RINGING = "ringing"  # span
    SUMMARY = "summary"
    PILOT = "pilot"  # n
    QUOTA = "quota"  # field, value, n
    QUOTA_REST = "quota_rest"  # field, n
    HIGH_LIMIT = "careful_high_limit"  # limit
    LATE_CONNECT = "careful_late_connect"  # span
    LONG_HOURS = "careful_long_hours"
    QUIET_RECORDING = "careful_quiet_recording"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. Spans are timedeltas, times of day times, shares 0…1, days numbers from Monday = 0."""

    id: Say
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_warning(self) -> bool:
        return self.id.value.startswith("careful_")

    def plain(self) -> dict[str, Any]:
        """The values as JSON has them: spans in seconds, times as HH:MM."""
        return {name: _plain(value) for name, value in self.values.items()}


#: 16 CFR 310.4(b)(4) and Ofcom's statement on persistent misuse: 3 % of the people who answer.
_USUAL_LIMIT = 0.03
_USUAL_WINDOW = timedelta(days=30)
#: 47 CFR 64.1200(a)(7): within two seconds of the greeting.
_USUAL_CONNECT = timedelta(seconds=2)
#: 47 CFR 64.1200(c)(1): not before 8 and not after 21, where the person lives.
_EARLIEST, _LATEST = time(8), time(21)


def sentences(policy: CampaignPolicy) -> tuple[Sentence, ...]:
    """What the policy means, the most important first. It need not be one that can work."""
    return (*_who(policy), *_when(policy), *_again(policy), *_care(policy), *_kept(policy))


def _who(policy: CampaignPolicy) -> Iterator[Sentence]:
    match policy.mode:
        case DialMode.POWER:
            yield Sentence(Say.POWER, {"lines": policy.lines_per_agent})
        case DialMode.PREDICTIVE:
            yield Sentence(Say.PREDICTIVE, {"lines": policy.max_lines_per_agent})
            yield from _paced(policy)
        case DialMode.BOT:
            named = {"script": policy.script} if policy.script else {}
            yield Sentence(Say.BOT if named else Say.BOT_WITHOUT_SCRIPT, named)
        case _:
            yield Sentence(Say(policy.mode.value))
    yield Sentence(Say.SPEED, {"a_minute": policy.calls_per_second * 60, "lines": policy.max_lines})
    if policy.daily_calls is not None:
        yield Sentence(Say.DAY_CALLS, {"n": policy.daily_calls})
    if policy.daily_minutes is not None:
        yield Sentence(Say.DAY_MINUTES, {"n": policy.daily_minutes})
    if policy.pilot is not None:
        yield Sentence(Say.PILOT, {"n": policy.pilot})
    if policy.caller_ids:
        yield Sentence(Say.SHOWS, {"numbers": policy.caller_ids})
    else:
        yield Sentence(Say.SHOWS_TRUNK, {"trunk": policy.trunk})


def _paced(policy: CampaignPolicy) -> Iterator[Sentence]:
    """What bounds the look-ahead rule."""
    if _law_is_of_trunk(policy):
        yield Sentence(Say.LAW_OF_TRUNK)
    else:
        law = law_name(policy)
        values = {"limit": _USUAL_LIMIT, "window": _USUAL_WINDOW} if law is LawName.FCC else {}
        yield Sentence(Say(f"law_{law}"), values)
    yield Sentence(Say.OCCUPANCY, {"limit": policy.max_occupancy})
    if policy.give_up and policy.given_up_per_day:
        yield Sentence(Say.GIVES_UP, {"n": policy.given_up_per_day})
    else:
        yield Sentence(Say.NEVER_GIVES_UP)


def _law_is_of_trunk(policy: CampaignPolicy) -> bool:
    return policy.law is None and not policy.caller_ids


def _when(policy: CampaignPolicy) -> Iterator[Sentence]:
    for window in policy.windows:
        values = {"days": tuple(sorted(window.days)), "opens": window.opens, "closes": window.closes}
        yield Sentence(Say.HOURS, values)
    yield Sentence(Say.ZONE) if policy.windows else Sentence(Say.NO_HOURS)
    if any(_is_long(window) for window in policy.windows):
        yield Sentence(Say.LONG_HOURS)


def _is_long(window: Window) -> bool:
    return bool(window.days) and (window.opens < _EARLIEST or window.closes > _LATEST)


def _again(policy: CampaignPolicy) -> Iterator[Sentence]:
    retry = policy.retry
    yield Sentence(Say.RINGS, {"span": policy.ring_for})
    yield Sentence(Say.ATTEMPTS, {"n": retry.max_attempts})
    if retry.after and retry.max_attempts > 1:
        soonest = sorted(retry.after.items(), key=lambda one: (one[1], one[0].value))
        yield Sentence(Say.AGAIN, {"after": tuple((outcome.value, span) for outcome, span in soonest)})
    if retry.unfinished is not None:
        yield Sentence(Say.UNFINISHED, {"span": retry.unfinished.after, "n": retry.unfinished.times})
    yield Sentence(Say.NUMBER_REST, {"n": policy.number_rest_calls, "span": policy.number_rest})
    for quota in policy.quotas:
        if quota.value is None:
            yield Sentence(Say.QUOTA_REST, {"field": quota.field, "n": quota.completes})
        else:
            yield Sentence(Say.QUOTA, {"field": quota.field, "value": quota.value, "n": quota.completes})


def _care(policy: CampaignPolicy) -> Iterator[Sentence]:
    if policy.mode is not DialMode.BOT:
        yield Sentence(
            Say.CONNECT,
            {"span": policy.connect_within, "limit": policy.abandon_limit, "window": policy.abandon_window},
        )
        if _law_is_of_trunk(policy):
            yield Sentence(Say.ABANDONED_REST, {"span": policy.abandoned_rest})
            rests = {"span": NO_REDIAL[LawName.OFCOM], "window": NO_REDIAL[LawName.STRICT]}
            yield Sentence(Say.REST_OF_TRUNK, rests)
        else:
            yield Sentence(Say.ABANDONED_REST, {"span": rest_after(policy)})
        if policy.abandon_limit > _USUAL_LIMIT:
            yield Sentence(Say.HIGH_LIMIT, {"limit": _USUAL_LIMIT})
        if policy.connect_within > _USUAL_CONNECT:
            yield Sentence(Say.LATE_CONNECT, {"span": _USUAL_CONNECT})
        yield Sentence(Say.OPT_OUT, {"key": policy.opt_out_key}) if policy.opt_out_key else Sentence(Say.NO_OPT_OUT)
    if not policy.detect_machines:
        yield Sentence(Say.MACHINES_AS_PEOPLE)
    elif policy.machine_message is None:
        yield Sentence(Say.MACHINES_HUNG_UP)
    else:
        yield Sentence(Say.MACHINES_TOLD, {"sound": policy.machine_message})


def _kept(policy: CampaignPolicy) -> Iterator[Sentence]:
    said = {
        Record.NEVER: Say.RECORDS_NOTHING,
        Record.BRIDGED: Say.RECORDS_BRIDGED,
        Record.ANSWERED: Say.RECORDS_ANSWERED,
    }
    yield Sentence(said[policy.record])
    if policy.record is not Record.NEVER:
        notice = policy.consent_notice
        yield Sentence(Say.QUIET_RECORDING) if notice is None else Sentence(Say.NOTICE, {"sound": notice})
    if policy.mode is DialMode.BOT:
        if policy.announce_summary:
            yield Sentence(Say.SUMMARY)
        return
    is_parked = policy.hand_off is HandOffMode.PARKED
    yield Sentence(Say.PARKED) if is_parked else Sentence(Say.RINGING, {"span": policy.ring_agent_for})
    yield Sentence(Say.WRAP_UP, {"span": policy.wrap_up})


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
