"""A campaign rehearsed: many futures of it, what they come to, and how many operators would do."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime

from crm_core.domain.campaigns import DialMode
from crm_core.domain.past_calls import PastCalls
from crm_core.domain.past_estimates import Estimate, Likely, hour_share, spread_of
from crm_core.domain.rehearsal import DayAhead, Forecast, HourAhead, PartAhead, RehearsalRoom
from dialer.rehearsal_list import ListRun
from dialer.rehearsal_pace import Paces
from dialer.rehearsal_time import Future, Slot, timetable

Told = Callable[[int, int], None]

#: Enough, if so many of ten runs are over by then; tried out with so many runs each.
_SURE, _RUNS_EACH = 0.9, 10
_MOST_OPERATORS = 500
#: The search doubles and halves; more looks than these are rare, and shown as these.
_LOOKS = 10
#: An hour stands out when people answer so much more often than in the mean hour, and it is no chance.
_BETTER = 1.1
#: Hours of the forecast that are kept one by one: a fortnight.
_HOURS_KEPT = 14 * 24


def rehearse(room: RehearsalRoom, past: PastCalls, told: Told = lambda done, whole: None) -> Forecast:
    """Play the campaign `runs` times. Takes seconds to minutes of CPU: never call it in an event loop.

    `told` hears how many steps of how many are done. The same room comes to the same forecast.
    """
    runs = room.questions.runs
    whole = runs + (_LOOKS if room.questions.by is not None else 0)
    slots, paces = timetable(room), Paces(room.policy, room.trunk, room.likely)
    operators = lines_of(room) if room.policy.mode is DialMode.BOT else room.questions.operators
    futures = []
    for seed in range(runs):
        futures.append(ListRun(room, paces, slots, operators, seed).run())
        told(seed + 1, whole)
    enough = None
    if room.questions.by is not None and room.policy.mode is not DialMode.BOT:
        enough = operators_by(room, paces, slots, room.questions.by, lambda look: told(runs + look, whole))
    told(whole, whole)
    return _forecast(room, past, futures, enough)


def lines_of(room: RehearsalRoom) -> int:
    """Lines that may be open at once: by the campaign and by its trunk."""
    return max(1, min(room.policy.max_lines, room.trunk.max_lines))


def operators_by(
    room: RehearsalRoom, paces: Paces, slots: Sequence[Slot], by: datetime, told: Callable[[int], None]
) -> int | None:
    """How many operators finish by then in nine of ten runs; None: not even 500, for retries and hours take longer."""
    looks = 0

    def do(operators: int) -> bool:
        nonlocal looks
        looks += 1
        told(min(looks, _LOOKS))
        runs = (ListRun(room, paces, slots, operators, 1000 + seed).run() for seed in range(_RUNS_EACH))
        return sum(_is_over(run, by) for run in runs) >= _SURE * _RUNS_EACH

    low, high = 0, max(1, min(_MOST_OPERATORS, room.questions.operators))
    while not do(high):  # upwards from those asked about: large rooms take longest to try out
        if high == _MOST_OPERATORS:
            return None
        low, high = high, min(_MOST_OPERATORS, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if do(middle) else (middle, high)
    return high


def _is_over(run: Future, by: datetime) -> bool:
    return run.finished_at is not None and run.finished_at <= by


def _forecast(room: RehearsalRoom, past: PastCalls, futures: list[Future], enough: int | None) -> Forecast:
    ends = sorted(one.finished_at for one in futures if one.finished_at is not None)
    leads = sum(group.count for group in room.groups)
    totals = [one.total for one in futures]

    def end(share: float) -> datetime | None:
        place = math.ceil(share * len(futures)) - 1
        return ends[max(0, place)] if place < len(ends) else None

    return Forecast(
        operators=room.questions.operators,
        begins_at=room.questions.begins_at,
        runs=len(futures),
        leads=leads,
        finish_low=end(0.05),
        finish=end(0.5),
        finish_high=end(0.95),
        finished=len(ends) / len(futures),
        dials=spread_of([one.dials for one in totals]),
        people=spread_of([one.people for one in totals]),
        talks=spread_of([one.talks for one in totals]),
        reached=spread_of([min(1.0, one.reached / leads) if leads else 0.0 for one in futures]),
        occupancy=spread_of([one.occupancy for one in totals]),
        occupancy_due=spread_of([_per(one.due_busy, one.due_there) for one in futures]),
        abandoned_share=spread_of([one.abandoned_share for one in totals]),
        talk_minutes=spread_of([60 * _per(one.talk_seconds, one.logged_in_seconds) for one in totals]),
        hours=_hours(futures),
        days=_days(futures),
        parts=_parts(room, past),
        by=room.questions.by,
        operators_by=enough,
        assumed=assumed(room.likely, room.policy.mode),
        dials_seen=room.likely.dials,
    )


def _per(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _hours(futures: Sequence[Future]) -> tuple[HourAhead, ...]:
    every = sorted({hour for one in futures for hour in (*one.dials_by_hour, *one.callbacks_by_hour)})
    found = []
    for hour in every[:_HOURS_KEPT]:
        dials = spread_of([one.dials_by_hour.get(hour, 0) for one in futures])
        people = sum(one.people_by_hour.get(hour, 0) for one in futures) / len(futures)
        callbacks = sum(one.callbacks_by_hour.get(hour, 0) for one in futures) / len(futures)
        busy = sum(one.busy_by_hour.get(hour, 0.0) for one in futures)
        there = sum(one.there_by_hour.get(hour, 0.0) for one in futures)
        found.append(HourAhead(hour, dials.value, dials.low, dials.high, people, callbacks, _per(busy, there)))
    return tuple(found)


def _days(futures: Sequence[Future]) -> tuple[DayAhead, ...]:
    """A run that has ended stays at what it came to."""
    found = []
    for day in sorted({day for one in futures for day in one.days}):
        at = [one.days[day][1] if day in one.days else one.total for one in futures]
        until = max(one.days[day][0] for one in futures if day in one.days)
        found.append(
            DayAhead(
                until=until,
                dials=spread_of([one.dials for one in at]),
                people=spread_of([one.people for one in at]),
                talks=spread_of([one.talks for one in at]),
                abandoned_share=spread_of([one.abandoned_share for one in at]),
                occupancy=spread_of([one.occupancy for one in at]),
            )
        )
    return tuple(found)


def _parts(room: RehearsalRoom, past: PastCalls) -> tuple[PartAhead, ...]:
    opens = sorted(_open_hours(room))
    found = []
    for part in dict.fromkeys(group.part for group in room.groups):
        hours = {hour: hour_share(past, room.likely, part, hour) for hour in opens}
        leads = sum(group.count for group in room.groups if group.part == part)
        found.append(PartAhead(part, leads, hours, best_hours(hours)))
    return tuple(sorted(found, key=lambda one: -one.leads))


def _open_hours(room: RehearsalRoom) -> set[int]:
    found: set[int] = set()
    for window in room.policy.windows:
        last = window.closes.hour + (window.closes.minute > 0) if window.closes.hour or window.closes.minute else 24
        found |= set(range(window.opens.hour, last))
    return found


def best_hours(hours: dict[int, Estimate]) -> tuple[int, ...]:
    """Hours in which people answer clearly more often than in the mean one; none while too little is known."""
    if not hours:
        return ()
    mean = sum(one.value for one in hours.values()) / len(hours)
    return tuple(h for h, one in hours.items() if one.value >= _BETTER * mean and one.low > mean)


def assumed(found: Likely, mode: DialMode) -> tuple[str, ...]:
    """Names of the figures of which the history tells nothing."""
    figures = {"answered": found.answered, "failed": found.failed, "talk": found.talk.mean}
    if mode is not DialMode.BOT:
        figures |= {"wrap_up": found.wrap_up.mean, "pauses": found.pauses}
    figures["callbacks"] = found.callbacks
    return tuple(name for name, one in figures.items() if one.is_assumed)
