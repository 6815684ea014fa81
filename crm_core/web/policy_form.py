"""A campaign's policy as a form has it: text for each field, in the units people use, and back again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import time, timedelta
from typing import Any, TypeVar

from crm_core.domain.agents import HandOffMode
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import CampaignPolicy, DialMode, LawName, Record, RetryPolicy, Unfinished, Window
from crm_core.domain.quotas import parse_quota
from crm_core.errors import BadInput

T = TypeVar("T")

#: Outcomes after which a lead may be dialed again, in the order of the form.
AGAIN = (
    Outcome.BUSY,
    Outcome.NO_ANSWER,
    Outcome.MACHINE,
    Outcome.HUNG_UP,
    Outcome.ABANDONED,
    Outcome.CONGESTION,
    Outcome.GIVEN_UP,
    Outcome.FAILED,
    Outcome.LOST,
    Outcome.NOT_IN_SERVICE,
)
#: Spans by the name of their field: seconds in one of its unit.
SPANS: Mapping[str, int] = {
    "abandon_window": 86_400,
    "connect_within": 1,
    "ring_for": 1,
    "abandoned_rest": 3600,
    "number_rest": 3600,
    "wrap_up": 1,
    "ring_agent_for": 1,
}
_AGAIN_UNIT = 60
_FLAGS = ("detect_machines", "announce_summary", "give_up")
_SOUNDS = ("abandon_message", "consent_notice", "machine_message")
_WHOLE = ("number_rest_calls", "max_lines", "given_up_per_day")
_WHOLE_OR_NONE = ("daily_calls", "daily_minutes", "pilot")
_FRACTIONS = ("lines_per_agent", "max_lines_per_agent")
#: More rows of calling hours than any firm has.
_MOST_WINDOWS = 20
_LONGEST_TEXT = 10_000
#: A whole number of more digits is a slip of the pen.
_MOST_DIGITS = 9


class Filled(dict[str, list[str]]):
    """The texts of a form, by field."""

    def one(self, name: str) -> str:
        return self[name][0] if self.get(name) else ""

    def many(self, name: str) -> list[str]:
        return self.get(name, [])


def filled(policy: CampaignPolicy) -> Filled:
    """The form that says this policy."""
    texts: dict[str, Sequence[str]] = {
        "trunk": [policy.trunk],
        "mode": [policy.mode.value],
        "script": [policy.script or ""],
        "caller_ids": policy.caller_ids,
        "calls_per_minute": [_text(policy.calls_per_second * 60)],
        "abandon_limit": [_text(policy.abandon_limit * 100)],
        "max_occupancy": [_text(policy.max_occupancy * 100)],
        "law": [policy.law.value if policy.law is not None else ""],
        "opt_out_key": [policy.opt_out_key],
        "max_attempts": [str(policy.retry.max_attempts)],
        "record": [policy.record.value],
        "hand_off": [policy.hand_off.value],
        "agent_script": [policy.agent_script],
        "script_fields": ["\n".join(f"{name}={value}" for name, value in policy.script_fields.items())],
        "quotas": ["\n".join(f"{quota}:{quota.completes}" for quota in policy.quotas)],
        "counts_as_complete": policy.counts_as_complete,
    }
    texts |= {name: ["1"] if getattr(policy, name) else [] for name in _FLAGS}
    for name in (*_SOUNDS, *_WHOLE, *_WHOLE_OR_NONE):
        value = getattr(policy, name)
        texts[name] = ["" if value is None else str(value)]
    texts |= {name: [_text(getattr(policy, name))] for name in _FRACTIONS}
    texts |= {name: [_text(getattr(policy, name).total_seconds() / unit)] for name, unit in SPANS.items()}
    for outcome in AGAIN:
        after = policy.retry.after.get(outcome)
        texts[f"again_{outcome}"] = ["" if after is None else _text(after.total_seconds() / _AGAIN_UNIT)]
    unfinished = policy.retry.unfinished
    texts["unfinished_after"] = [_text(unfinished.after.total_seconds() / _AGAIN_UNIT) if unfinished else ""]
    texts["unfinished_times"] = [str(unfinished.times if unfinished else 1)]
    for place, window in enumerate(policy.windows):
        texts[f"w{place}_days"] = [str(day) for day in sorted(window.days)]
        texts[f"w{place}_opens"] = [f"{window.opens:%H:%M}"]
        texts[f"w{place}_closes"] = [f"{window.closes:%H:%M}"]
    return Filled({name: list(values) for name, values in texts.items()})


def filled_by(fields: Iterable[tuple[str, object]]) -> Filled:
    """What a browser sent, each text without outer blanks and not endless."""
    form = Filled()
    for name, text in fields:
        form.setdefault(name, []).append(str(text).strip()[:_LONGEST_TEXT])
    return form


def window_places(form: Filled) -> list[int]:
    """The rows of calling hours that the form holds."""
    return [place for place in range(_MOST_WINDOWS) if f"w{place}_opens" in form]


def policy_in(form: Filled) -> CampaignPolicy:
    """The policy that the form says. Raises BadInput naming the field; whether it can work is not looked at."""
    retry = RetryPolicy(
        max_attempts=_whole(form, "max_attempts"),
        after={outcome: span for outcome in AGAIN if (span := _span_or_none(form, f"again_{outcome}")) is not None},
        unfinished=_unfinished(form),
    )
    values: dict[str, Any] = {
        "mode": _choice(form, "mode", DialMode),
        "script": form.one("script") or None,
        "caller_ids": tuple(form.many("caller_ids")),
        "calls_per_second": _fraction(form, "calls_per_minute") / 60,
        "abandon_limit": _fraction(form, "abandon_limit") / 100,
        "max_occupancy": _fraction(form, "max_occupancy") / 100,
        "law": _choice(form, "law", LawName) if form.one("law") else None,
        "opt_out_key": form.one("opt_out_key"),
        "record": _choice(form, "record", Record),
        "hand_off": _choice(form, "hand_off", HandOffMode),
        "agent_script": form.one("agent_script").replace("\r\n", "\n"),
        "script_fields": _pairs(form, "script_fields"),
        "quotas": tuple(_each_line(form, "quotas", parse_quota)),
        "counts_as_complete": tuple(form.many("counts_as_complete")),
        "windows": _windows(form),
        "retry": retry,
    }
    values |= {name: bool(form.one(name)) for name in _FLAGS}
    values |= {name: form.one(name) or None for name in _SOUNDS}
    values |= {name: _whole(form, name) for name in _WHOLE}
    values |= {name: _whole(form, name) if form.one(name) else None for name in _WHOLE_OR_NONE}
    values |= {name: _fraction(form, name) for name in _FRACTIONS}
    values |= {name: _span(form, name, unit) for name, unit in SPANS.items()}
    return _of_its_mode(CampaignPolicy(form.one("trunk"), **values))


def _of_its_mode(policy: CampaignPolicy) -> CampaignPolicy:
    """Fields of another mode are not shown, so what stands in them is not meant."""
    if policy.mode is DialMode.BOT:
        return policy
    retry = replace(policy.retry, unfinished=None)
    return replace(policy, script=None, script_fields={}, quotas=(), counts_as_complete=(), retry=retry)


def _windows(form: Filled) -> tuple[Window, ...]:
    found = []
    for place in window_places(form):
        days = frozenset(int(day) for day in form.many(f"w{place}_days") if day in "0123456")
        if not days:
            continue  # an empty row is one that nobody has filled in
        opens, closes = (_time(form, f"w{place}_{edge}") for edge in ("opens", "closes"))
        found.append(Window(days, opens, closes))
    return tuple(found)


def _time(form: Filled, name: str) -> time:
    try:
        return time.fromisoformat(form.one(name)).replace(tzinfo=None)
    except ValueError:
        raise BadInput("windows", f"{form.one(name)!r} is no time of day", "Write it as 09:00") from None


def _unfinished(form: Filled) -> Unfinished | None:
    after = _span_or_none(form, "unfinished_after")
    return None if after is None else Unfinished(after, _whole(form, "unfinished_times"))


def _span_or_none(form: Filled, name: str) -> timedelta | None:
    return _span(form, name, _AGAIN_UNIT) if form.one(name) else None


def _span(form: Filled, name: str, unit: int) -> timedelta:
    seconds = round(_fraction(form, name) * unit, 3)
    if seconds > 366 * 86_400:
        raise BadInput(name, "it is longer than a year")
    return timedelta(seconds=seconds)


def _fraction(form: Filled, name: str) -> float:
    text = form.one(name).replace(",", ".").replace("\u00a0", "").replace(" ", "")
    whole, _, part = text.partition(".")
    if not (whole + part).isascii() or not (whole + part).isdecimal() or len(whole) > _MOST_DIGITS:
        raise BadInput(name, f"{form.one(name)!r} is no number" if text else "it is empty", "Write a number")
    return float(text)


def _whole(form: Filled, name: str) -> int:
    text = form.one(name).replace("\u00a0", "").replace(" ", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise BadInput(
            name, f"{form.one(name)!r} is no whole number" if text else "it is empty", "Write a whole number"
        )
    return int(text)


def _choice(form: Filled, name: str, kind: Callable[[str], T]) -> T:
    try:
        return kind(form.one(name))
    except ValueError:
        raise BadInput(name, f"{form.one(name)!r} is not among the choices") from None


def _each_line(form: Filled, name: str, read: Callable[[str], T]) -> list[T]:
    try:
        return [read(line.strip()) for line in form.one(name).splitlines() if line.strip()]
    except BadInput as error:
        raise BadInput(name, error.what, error.do) from error


def _pairs(form: Filled, name: str) -> dict[str, str]:
    def pair(line: str) -> tuple[str, str]:
        key, sign, value = line.partition("=")
        if not sign or not key.strip():
            raise BadInput(name, f"{line!r} is no name and value", "Write a line like company=Lola")
        return key.strip(), value.strip()

    return dict(_each_line(form, name, pair))


def _text(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")


#: What the checks of a policy call a field, as the form calls it; the others are called the same.
_FIELDS = {"calls_per_second": "calls_per_minute", "quota": "quotas"}


def field_of(where: str) -> str:
    """The field of the form that a check of the policy complains about."""
    if where.startswith("windows"):
        return "windows"
    if where.startswith("retry.after."):
        return "again_" + where.removeprefix("retry.after.")
    if where.startswith("retry.unfinished"):
        return "unfinished_after" if where != "retry.unfinished.times" else "unfinished_times"
    where = where.removeprefix("retry.")
    return _FIELDS.get(where, where)
