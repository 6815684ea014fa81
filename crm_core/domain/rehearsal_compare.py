"""A forecast beside what happened. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from crm_core.domain.past_estimates import Estimate
from crm_core.domain.rehearsal import Compared, Comparison, DayAhead, Figures, Forecast

#: What is compared at the end of a day; the names are those of Forecast.
_NAMES = ("dials", "people", "talks", "occupancy", "abandoned_share")


def shift_of(forecast: Forecast, first_dial: datetime) -> timedelta:
    """By how many whole days the campaign began later than rehearsed: its days are compared one by one."""
    return timedelta(days=max(0, round((first_dial - forecast.begins_at) / timedelta(days=1))))


def day_over(forecast: Forecast, first_dial: datetime, now: datetime) -> DayAhead | None:
    """The last rehearsed day that is over; None: not even the first."""
    shift = shift_of(forecast, first_dial)
    over = [day for day in forecast.days if day.until + shift <= now]
    return over[-1] if over else None


def so_far(forecast: Forecast, day: DayAhead, shift: timedelta, figures: Figures) -> Comparison:
    """The sums until the end of `day`."""
    found = tuple(Compared(name, getattr(day, name), getattr(figures, name)) for name in _NAMES)
    return Comparison(day.until + shift, found, False, None)


def at_the_end(
    forecast: Forecast,
    figures: Figures,
    reached: int,
    first_dial: datetime,
    last_dial: datetime,
    *,
    done: bool,
    now: datetime,
) -> Comparison:
    """The whole campaign. `done`: no lead is open any more, so that the last dial is its finish."""
    share = reached / forecast.leads if forecast.leads else 0.0
    minutes = 60 * figures.talk_seconds / figures.logged_in_seconds if figures.logged_in_seconds else 0.0
    found = [Compared(name, getattr(forecast, name), getattr(figures, name)) for name in _NAMES]
    found += [Compared("reached", forecast.reached, share), Compared("talk_minutes", forecast.talk_minutes, minutes)]
    if done and forecast.finish is not None and forecast.finish_low is not None:
        found.append(Compared("days", _days(forecast), (last_dial - first_dial) / timedelta(days=1)))
    return Comparison(now, tuple(found), True, last_dial if done else None)


def _days(forecast: Forecast) -> Estimate:
    """From the begin to the finish; open ended where some runs did not finish."""
    assert forecast.finish is not None
    assert forecast.finish_low is not None

    def days(at: datetime) -> float:
        return (at - forecast.begins_at) / timedelta(days=1)

    high = days(forecast.finish_high) if forecast.finish_high is not None else float(10**6)
    return Estimate(days(forecast.finish), days(forecast.finish_low), high, forecast.runs)
