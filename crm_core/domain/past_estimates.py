"""From counted past calls to what a rehearsal reckons with: every figure with its range and where it is from. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from crm_core.domain.past_calls import LATER_ATTEMPT, Count, Part, PastCalls, Samples, quantiles

#: Ranges hold nine of ten cases: from the 5th to the 95th hundredth.
_Z = 1.645
#: Nothing known: a quarter of the dials is answered by a person, as little as 8 and as much as 50 of a hundred.
_ASSUMED_SHARE, _ASSUMED_SPREAD, _ASSUMED_WEIGHT = 0.25, 0.70, 4.0
#: An hour, a list or an attempt is believed itself once it has seen so many dials; before, mostly the whole.
_SHRINK = 60.0
#: Another campaign's people answer otherwise: standard deviation of the log-odds between campaigns, and the dials of
#: its own after which that hardly counts any more.
_OTHER_CAMPAIGN, _OWN_ENOUGH = 0.35, 300.0
#: Days differ at least by so much (log-odds); what is seen of them is believed from five days on.
_DAYS_DIFFER, _DAYS_ENOUGH = 0.12, 5
#: Each further attempt is answered so much less often than the first.
_FURTHER = (1.0, 0.85, 0.75, 0.65)
_ASSUMED_FAILED, _ASSUMED_TALK, _ASSUMED_TALK_SIGMA, _ASSUMED_WRAP_UP = 0.10, 90.0, 0.8, 15.0
_ASSUMED_RINGS = (4.0, 8.0, 11.0, 15.0, 22.0)
#: Seconds of pause in an hour logged in, where nothing is known.
_ASSUMED_PAUSES, _ASSUMED_PAUSE = 0.4, 420.0
#: Fewer samples of a length do not speak for themselves.
ENOUGH_SAMPLES = 30


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, the range that holds it nine times of ten, and from how many cases it is; 0: it is assumed."""

    value: float
    low: float
    high: float
    seen: int = 0

    @property
    def is_assumed(self) -> bool:
        return self.seen == 0


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long something takes, in seconds. `quantiles`: evenly spaced, empty where too few were seen."""

    mean: Estimate
    sigma: float  # of the logarithm
    quantiles: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Likely:
    """All that is reckoned with. `spread`: standard deviation of the whole campaign's log-odds of an answer,
    `day_spread` that of single days around it; `hours`, `parts`, `attempts`: log-odds added to those of `answered`."""

    answered: Estimate
    spread: float
    day_spread: float
    hours: dict[int, float]
    parts: dict[Part, float]
    attempts: tuple[float, ...]
    failed: Estimate  # the network refused, busy left out
    dead: Estimate
    busy: Estimate
    machines: Estimate
    callbacks: Estimate  # of the talks
    retries: Estimate  # of the talks: the result asks for another attempt
    rings: tuple[float, ...]
    talk: Lengths
    wrap_up: Lengths
    pauses: Estimate  # of one agent in an hour
    pause: Lengths
    dials: int
    own_dials: int

    def share(self, part: Part, hour: int, nth: int, level: float = 0.0) -> float:
        """How likely a person answers the `nth` attempt at `hour` o'clock of the lead's zone; `level` in log-odds."""
        further = self.attempts[min(nth, len(self.attempts)) - 1]
        return _share(
            _odds(self.answered.value) + self.parts.get(part, 0.0) + self.hours.get(hour, 0.0) + further + level
        )

    def by_hour(self, hour: int) -> float:
        """How likely a person answers at this hour, whatever the part and the attempt."""
        return _share(_odds(self.answered.value) + self.hours.get(hour, 0.0))


def likely(past: PastCalls, wrap_up_limit: float = 30.0) -> Likely:
    """Reckon. `wrap_up_limit`: seconds that the campaign gives for the wrap-up; assumed ones are never longer."""
    answered = _answered(past)
    odds = _odds(answered.value)
    day_spread = _day_spread(past)
    sampling = 1 / math.sqrt(max(past.dials * answered.value * (1 - answered.value), 1e-9)) if past.dials else 0.0
    strange = _OTHER_CAMPAIGN * _OWN_ENOUGH / (_OWN_ENOUGH + past.own_dials)
    days = max(1, len(past.by_day))
    known = math.sqrt(min(sampling, _ASSUMED_SPREAD) ** 2 + day_spread**2 / days + strange**2)
    spread = min(_ASSUMED_SPREAD, known) if past.dials else _ASSUMED_SPREAD
    return Likely(
        answered=answered,
        spread=spread,
        day_spread=day_spread,
        hours={hour: _shrunk(count, odds) for hour, count in past.by_hour.items()},
        parts={part: _shrunk(count, odds) for part, count in past.by_part.items()},
        attempts=_attempts(past, odds),
        failed=_of(past.failed, past.dials, _ASSUMED_FAILED),
        dead=_of(past.dead, past.dials, 0.03),
        busy=_of(past.busy, past.dials, 0.03),
        machines=_of(past.machines, past.dials, 0.0),
        callbacks=_of(past.callbacks, past.talks, 0.05),
        retries=_of(past.retries, past.talks, 0.05),
        rings=quantiles(past.rings.kept, 101) if past.rings.seen >= ENOUGH_SAMPLES else _ASSUMED_RINGS,
        talk=_lengths(past.talk, _ASSUMED_TALK, _ASSUMED_TALK_SIGMA),
        wrap_up=_lengths(past.wrap_up, min(_ASSUMED_WRAP_UP, wrap_up_limit), 0.6),
        pauses=_pauses(past),
        pause=_lengths(past.pause, _ASSUMED_PAUSE, 1.0),
        dials=past.dials,
        own_dials=past.own_dials,
    )


def hour_share(past: PastCalls, found: Likely, part: Part, hour: int) -> Estimate:
    """How likely a person of `part` answers a first attempt at `hour` o'clock, with what this hour itself has shown."""
    count = past.by_cell.get((part, hour), Count())
    base = found.share(part, hour, 1)
    value = (count.people + _SHRINK * base) / (count.dials + _SHRINK)
    # What is borrowed from the whole is known no better than the whole fits an hour of a part.
    own = count.dials + _SHRINK / 2 if found.dials else _ASSUMED_WEIGHT
    deviation = math.sqrt(value * (1 - value) / own)
    return Estimate(value, max(0.0, value - _Z * deviation), min(1.0, value + _Z * deviation), count.dials)


def _answered(past: PastCalls) -> Estimate:
    people, dials = past.people + _ASSUMED_SHARE * _ASSUMED_WEIGHT, past.dials + _ASSUMED_WEIGHT
    value = people / dials
    spread = _ASSUMED_SPREAD if not past.dials else min(_ASSUMED_SPREAD, 1 / math.sqrt(dials * value * (1 - value)))
    odds = _odds(value)
    return Estimate(value, _share(odds - _Z * spread), _share(odds + _Z * spread), past.dials)


def _day_spread(past: PastCalls) -> float:
    """How much days differ beyond chance, by the method of moments; days of a few calls say nothing."""
    days = [day for day in past.by_day.values() if day.dials >= 30]
    if len(days) < _DAYS_ENOUGH:
        return 2 * _DAYS_DIFFER
    share = sum(day.people for day in days) / sum(day.dials for day in days)
    if not 0 < share < 1:
        return _DAYS_DIFFER
    variance = statistics.fmean((day.people / day.dials - share) ** 2 for day in days)
    chance = statistics.fmean(share * (1 - share) / day.dials for day in days)
    between = math.sqrt(max(0.0, variance - chance)) / (share * (1 - share))
    return min(1.0, max(_DAYS_DIFFER, between))


def _shrunk(count: Count, odds: float) -> float:
    share = _share(odds)
    return _odds((count.people + _SHRINK * share) / (count.dials + _SHRINK)) - odds


def _attempts(past: PastCalls, odds: float) -> tuple[float, ...]:
    """Log-odds by attempt. Assumed where nothing is known; the whole already holds the mixture of what was dialed."""
    share = _share(odds)
    seen = [past.by_nth.get(nth, Count()) for nth in range(1, LATER_ATTEMPT + 1)]
    total = sum(one.dials for one in seen)
    mixed = sum(one.dials * f for one, f in zip(seen, _FURTHER, strict=True)) / total if total else 1.0
    found = []
    for count, further in zip(seen, _FURTHER, strict=True):
        assumed = min(0.95, share * further / mixed)
        found.append(_odds((count.people + _SHRINK * assumed) / (count.dials + _SHRINK)) - odds)
    return tuple(found)


def _of(count: int, whole: int, assumed: float) -> Estimate:
    """A share with Wilson's range, so that none of few does not mean never."""
    if not whole:
        return Estimate(assumed, assumed / 3, min(1.0, max(0.05, assumed * 3)))
    share, z2 = count / whole, _Z * _Z
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = _Z * math.sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    # Of all or none the range ends at the share itself, but for what floating point leaves.
    return Estimate(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)), whole)


def _lengths(samples: Samples, assumed: float, assumed_sigma: float) -> Lengths:
    kept = [max(one, 0.1) for one in samples.kept]
    if len(kept) < ENOUGH_SAMPLES:
        # Few: they move what is assumed by their number, and the range stays wide.
        weight = len(kept) / ENOUGH_SAMPLES
        mean = weight * statistics.fmean(kept) + (1 - weight) * assumed if kept else assumed
        return Lengths(Estimate(mean, mean / 2, mean * 2, len(kept)), assumed_sigma)
    logs = [math.log(one) for one in kept]
    mean, sigma = statistics.fmean(kept), statistics.stdev(logs)
    half = _Z * statistics.stdev(kept) / math.sqrt(len(kept))
    return Lengths(Estimate(mean, max(0.1, mean - half), mean + half, samples.seen), sigma, quantiles(kept, 401))


def _pauses(past: PastCalls) -> Estimate:
    hours = past.logged_in / 3600
    if hours < 1:
        return Estimate(_ASSUMED_PAUSES, 0.0, 3 * _ASSUMED_PAUSES)
    rate, half = past.pause.seen / hours, _Z * math.sqrt(past.pause.seen + 1) / hours
    return Estimate(rate, max(0.0, rate - half), rate + half, max(1, past.pause.seen))


def _odds(share: float) -> float:
    share = min(1 - 1e-6, max(1e-6, share))
    return math.log(share / (1 - share))


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))


def spread_of(values: Sequence[float], low: float = 0.05, high: float = 0.95) -> Estimate:
    """Mean and range of what several runs came to."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return Estimate(
        statistics.fmean(ordered), ordered[math.floor(low * last)], ordered[math.ceil(high * last)], len(ordered)
    )
