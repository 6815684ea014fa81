"""Whether a campaign's policy can work. Decides only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta

from crm_core.domain.campaigns import REST, CampaignPolicy, DialMode, Trunk, Window
from crm_core.domain.quotas import plain, quota_fields
from crm_core.errors import BadInput

#: Leads are counted by every combination of groups that occurs.
_MOST_FIELDS, _MOST_QUOTAS = 5, 200
#: Longer spans, and larger figures, are slips of the pen; dates could not be reckoned with them.
_LONGEST, _MOST = timedelta(days=366), 1_000_000_000
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def check_policy(policy: CampaignPolicy, trunks: Mapping[str, Trunk]) -> None:
    """Raise BadInput for the first thing wrong, naming the field and what to write instead."""
    trunk = trunks.get(policy.trunk)
    if trunk is None:
        known = ", ".join(trunks) or "none: add one with `trunkline trunk add`"
        raise BadInput("trunk", f"there is no trunk {policy.trunk!r}", f"There are: {known}")
    for number in policy.caller_ids:
        if number not in trunk.caller_ids:
            owned = ", ".join(trunk.caller_ids) or "none"
            raise BadInput("caller_ids", f"{number!r} does not belong to trunk {trunk.name}", f"It has: {owned}")
    if policy.mode is DialMode.BOT and not policy.script:
        raise BadInput("script", "mode bot needs a script", "Write the name of one: trunkline bot list")
    if policy.script and policy.mode is not DialMode.BOT:
        raise BadInput("script", f"only mode bot talks by a script, not {policy.mode}", 'Write mode = "bot"')
    _check_windows(policy.windows)
    _check_figures(policy)
    _check_quotas(policy)


def _check_windows(windows: tuple[Window, ...]) -> None:
    if not windows:
        raise BadInput("windows", "there is none, so no lead could ever be called", "Give at least one")
    for place, window in enumerate(windows, 1):
        where = f"windows, number {place}"
        if wrong := sorted(day for day in window.days if not 0 <= day <= 6):
            raise BadInput(where, f"{wrong[0]} is no weekday", f"Monday is 0, {_DAYS[-1]} is 6")
        if window.opens.tzinfo is not None or window.closes.tzinfo is not None:
            raise BadInput(where, "its times have a zone", "Write 09:00: it is meant where the person lives")
        if not window.days or window.opens >= window.closes:
            hours = f"{window.opens:%H:%M} to {window.closes:%H:%M}"
            days = ", ".join(_DAYS[day] for day in sorted(window.days)) or "no day"
            raise BadInput(where, f"it never opens ({days}, {hours})", "Let it open on a day, and before it closes")


def _check_figures(policy: CampaignPolicy) -> None:
    if not 0 <= policy.abandon_limit <= 1:
        raise BadInput("abandon_limit", f"{policy.abandon_limit} is not between 0 and 1", "3 % is 0.03")
    if not 0.5 <= policy.max_occupancy <= 1:
        what = f"{policy.max_occupancy:g} is not between 0.5 and 1"
        raise BadInput("max_occupancy", what, "0.95 leaves operators three minutes of every hour to breathe")
    at_least: dict[str, tuple[float, float]] = {
        "lines_per_agent": (policy.lines_per_agent, 1),
        "max_lines_per_agent": (policy.max_lines_per_agent, 1),
        "given_up_per_day": (policy.given_up_per_day, 0),
        "max_lines": (policy.max_lines, 1),
        "retry.max_attempts": (policy.retry.max_attempts, 1),
        "number_rest_calls": (policy.number_rest_calls, 1),
        "ring_for": (policy.ring_for.total_seconds(), 15),  # 47 CFR 64.1200(a)(6)
        "connect_within": (policy.connect_within.total_seconds(), 0),
        "ring_agent_for": (policy.ring_agent_for.total_seconds(), 1),
        "wrap_up": (policy.wrap_up.total_seconds(), 0),
        "daily_calls": (policy.daily_calls if policy.daily_calls is not None else 0, 0),
        "daily_minutes": (policy.daily_minutes if policy.daily_minutes is not None else 0, 0),
        "pilot": (policy.pilot if policy.pilot is not None else 1, 1),
        "retry.unfinished.times": (policy.retry.unfinished.times if policy.retry.unfinished is not None else 1, 1),
    }
    for field, (value, least) in at_least.items():
        if value < least:
            raise BadInput(field, f"{value:g} is too little", f"Write {least:g} or more")
        if not value <= _MOST:
            raise BadInput(field, f"{value:g} is too much", f"Write {_MOST:,} at most")
    _check_spans(policy)
    if not 0 < policy.calls_per_second <= _MOST:
        raise BadInput("calls_per_second", f"{policy.calls_per_second:g} would dial nobody", "Write more than 0")
    if policy.retry.unfinished is not None and policy.retry.unfinished.after.total_seconds() <= 0:
        raise BadInput("retry.unfinished.after", "it would ring at once", "Write seconds, as 7200 for two hours")
    if len(policy.opt_out_key) > 1 or policy.opt_out_key not in "0123456789*#":
        raise BadInput("opt_out_key", f"{policy.opt_out_key!r} is no key of a phone", "Write one of 0-9 * #")


def _check_spans(policy: CampaignPolicy) -> None:
    spans = {f.name: value for f in fields(policy) if isinstance(value := getattr(policy, f.name), timedelta)} | {
        f"retry.after.{outcome}": after for outcome, after in policy.retry.after.items()
    }
    if policy.retry.unfinished is not None:
        spans["retry.unfinished.after"] = policy.retry.unfinished.after
    for name, span in spans.items():
        if not timedelta(0) <= span <= _LONGEST:
            raise BadInput(name, f"{span.total_seconds():g} s is less than nothing, or more than a year")


def _check_quotas(policy: CampaignPolicy) -> None:
    for name, given in (("quotas", policy.quotas), ("retry.unfinished", policy.retry.unfinished)):
        if given and policy.mode is not DialMode.BOT:
            raise BadInput(name, "only mode bot has conversations to count", 'Write mode = "bot" and a script')
    seen: set[tuple[str, str]] = set()
    for quota in policy.quotas:
        if not quota.field.strip() or (quota.value is not None and not quota.value.strip()):
            raise BadInput("quotas", f"{str(quota)!r} names no group", "Write field=value, as city=Tashkent")
        if not 0 <= quota.completes <= _MOST:
            raise BadInput("quotas", f"{quota}: {quota.completes} is no number of people", "Write 0 or more")
        key = (quota.field, REST if quota.value is None else plain(quota.value))
        if key in seen:
            raise BadInput("quotas", f"{quota} stands twice", "Write one number for each group")
        seen.add(key)
    if len(quota_fields(policy.quotas)) > _MOST_FIELDS or len(policy.quotas) > _MOST_QUOTAS:
        raise BadInput("quotas", f"more than {_MOST_QUOTAS} groups of {_MOST_FIELDS} fields cannot be counted")
