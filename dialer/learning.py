"""What pacing has learned of a campaign: when people answer, how long agents are busy, what may be risked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from crm_core.domain.campaigns import CampaignPolicy
from crm_core.domain.floor import Floor
from dialer import budget
from dialer.hazard import Ages, prior
from dialer.outlook import LONGEST_RING, Tables, at_level, new_tables, ring_ages


class End(StrEnum):
    """How the ringing of a line ended."""

    PERSON = "person"
    OTHER = "other"  # a machine, busy, refused, no answer until the last second
    GIVEN_UP = "given_up"  # by us: nobody knows whether somebody would have answered


@dataclass(frozen=True, slots=True)
class Happened:
    """What came about since the last look, in seconds: lines that rang so long, talks, wrap-ups.

    `unseen`: of the floor's abandoned, how many people are only reckoned with, for they were taken for machines.
    """

    lines: tuple[tuple[float, End], ...] = ()
    talks: tuple[float, ...] = ()
    wrap_ups: tuple[float, ...] = ()
    unseen: float = 0.0


@dataclass(frozen=True, slots=True)
class Level:
    """How much more often people answer than the learned ring times say, from fading sums of both."""

    answered: float
    expected: float

    def against(self, ratio: float) -> Level:
        """The same by ring times that say `ratio` times as many answers."""
        return Level(self.answered, self.expected * ratio)


@dataclass(frozen=True, slots=True)
class Learned:
    """All that is kept from one decision to the next."""

    answers: Ages
    others: Ages
    talks: Ages
    wrap_ups: Ages
    slow: Level
    quick: Level
    tables: Tables
    fresh: int = 0  # samples the tables do not hold yet
    spending: budget.Spending = field(default_factory=budget.Spending)
    at: datetime | None = None


_RING_EDGES = tuple(float(s) for s in range(LONGEST_RING + 1))
_TALK_EDGES = (0.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 360.0, 600.0, 1200.0)
_WRAP_EDGES = tuple(s / 2 for s in range(241))
#: Samples after which an old one has faded to a third: ring times hardly change, wrap-up follows the team.
_LINES_KEPT, _TALKS_KEPT, _WRAP_UPS_KEPT = 3000.0, 400.0, 200.0
#: Before anything was seen: a third of the people answer, between 3 and 25 s; talks of two minutes.
_ASSUMED_ANSWERS, _ASSUMED_TALK, _LINES_ASSUMED, _SAMPLES_ASSUMED = 0.3, 120.0, 20.0, 3.0
#: Tables are made anew after so many samples; the level moves them when it has changed by so much.
_FRESH_MOST, _FRESH_PER_AGENT, _LEVEL_MOVED = 60, 2, 0.03
#: The level is known from the start as if so many answers had been seen.
_LEVEL_ASSUMED, _LEVEL_ASSUMED_PER_AGENT = 2.0, 0.3
#: So many standard deviations between quick and slow level are no chance: the slow one starts again from the quick.
_JUMP = 3.0
#: Lines the slow level remembers: at least, and per agent; the quick one a quarter of it.
_KEPT_LEAST, _KEPT_PER_AGENT, _QUICK_SHARE = 400.0, 20.0, 0.25


def nothing_learned(policy: CampaignPolicy) -> Learned:
    """The start: assumptions that weigh little."""
    share = [1 - _ASSUMED_ANSWERS * min(1.0, max(0.0, (edge - 3) / 22)) for edge in _RING_EDGES]
    talk = [math.exp(-edge / _ASSUMED_TALK) for edge in _TALK_EDGES]
    wrap = [math.exp(-edge / max(1.0, policy.wrap_up.total_seconds())) for edge in _WRAP_EDGES]
    answers = _with_cut_end(prior(_RING_EDGES, share, _LINES_ASSUMED, _LINES_KEPT))
    others = _with_cut_end(prior(_RING_EDGES, [1.0] * len(_RING_EDGES), _LINES_ASSUMED, _LINES_KEPT))
    talks = prior(_TALK_EDGES, talk, _SAMPLES_ASSUMED, _TALKS_KEPT)
    wrap_ups = prior(_WRAP_EDGES, wrap, _SAMPLES_ASSUMED, _WRAP_UPS_KEPT)
    tables = new_tables(answers, others, talks, wrap_ups, 1.0)
    return Learned(answers, others, talks, wrap_ups, Level(0, 0), Level(0, 0), tables)


def learn(learned: Learned, happened: Happened, floor: Floor, limit: float) -> Learned:
    """Take in what happened, and what the lines that still ring tell by ringing."""
    agents = logged_in(floor)
    kept = max(_KEPT_LEAST, _KEPT_PER_AGENT * agents)
    found = _samples(learned, happened) if happened.lines or happened.talks or happened.wrap_ups else learned
    slow, quick = _levels(learned, happened.lines, kept)
    in_flight = _exposure_in_flight(found.tables, floor)
    if _jumped(slow, quick, in_flight):
        slow = quick
    if found.fresh >= _FRESH_MOST + _FRESH_PER_AGENT * agents:
        tables = new_tables(found.answers, found.others, found.talks, found.wrap_ups, found.tables.level)
        # The new ring times tell another share of answers: the levels are told by them too, lest it counts twice.
        ratio = tables.exposure[-1] / max(found.tables.exposure[-1], 1e-9)
        slow, quick = slow.against(ratio), quick.against(ratio)
        found = replace(found, tables=tables, fresh=0)
    assumed = _LEVEL_ASSUMED + _LEVEL_ASSUMED_PER_AGENT * agents
    level = (slow.answered + assumed) / (slow.expected + in_flight + assumed)
    if abs(level / found.tables.level - 1) > _LEVEL_MOVED:
        found = replace(found, tables=at_level(found.tables, level))
    doubt = 1 / math.sqrt(slow.answered + assumed)
    if abs(doubt / max(found.tables.doubt, 1e-6) - 1) > _LEVEL_MOVED:
        found = replace(found, tables=replace(found.tables, doubt=doubt))
    spending = budget.begun(floor, happened.unseen)
    if learned.at is not None:
        handling = learned.tables.handling
        spent = budget.is_spent(learned.spending, floor, limit, agents, handling, 0.0)
        paid = 0.0 if spent else budget.price(learned.spending, floor, limit, agents, handling)
        passed = (floor.at - learned.at).total_seconds()
        spending = learned.spending.after(floor, agents, paid, passed, happened.unseen)
    return replace(found, slow=slow, quick=quick, at=floor.at, spending=spending)


def _samples(learned: Learned, happened: Happened) -> Learned:
    people = [age for age, end in happened.lines if end is End.PERSON]
    other = [age for age, end in happened.lines if end is End.OTHER]
    given_up = [age for age, end in happened.lines if end is End.GIVEN_UP]
    return replace(
        learned,
        answers=learned.answers.with_samples(people, other + given_up),
        others=learned.others.with_samples(other, people + given_up),
        talks=learned.talks.with_samples(happened.talks),
        wrap_ups=learned.wrap_ups.with_samples(happened.wrap_ups),
        fresh=learned.fresh + len(happened.lines) + len(happened.talks) + len(happened.wrap_ups),
    )


def _levels(learned: Learned, lines: Sequence[tuple[float, End]], kept: float) -> tuple[Level, Level]:
    exposure = learned.tables.exposure
    slow_a, slow_e = learned.slow.answered, learned.slow.expected
    quick_a, quick_e = learned.quick.answered, learned.quick.expected
    slow_fades, quick_fades = 1 - 1 / kept, 1 - 1 / (kept * _QUICK_SHARE)
    for age, end in lines:
        second = min(int(age), LONGEST_RING)
        expected = exposure[second] + (age - int(age)) * (exposure[second + 1] - exposure[second])
        answered = end is End.PERSON
        slow_a, slow_e = slow_a * slow_fades + answered, slow_e * slow_fades + expected
        quick_a, quick_e = quick_a * quick_fades + answered, quick_e * quick_fades + expected
    return Level(slow_a, slow_e), Level(quick_a, quick_e)


def _exposure_in_flight(tables: Tables, floor: Floor) -> float:
    """Answers that the lines still ringing would have given by now: without it the level is too high whenever many
    have just been dialed, for whoever answers does so sooner than a line that is not answered ends."""
    exposure = tables.exposure
    return sum([exposure[age] for age in ring_ages(floor)])


def _jumped(slow: Level, quick: Level, in_flight: float) -> bool:
    if quick.answered + quick.expected < 6 or slow.answered < 6:
        return False
    expected = (quick.expected + in_flight) * slow.answered / max(slow.expected + in_flight, 1e-9)
    # The sums fade, so that their variance is half of what it were without.
    return abs(quick.answered - expected) > _JUMP * math.sqrt(max(expected, 1.0) / 2)


def _with_cut_end(ages: Ages) -> Ages:
    """A prior of lines of which those not answered ended in the last bin, unanswered."""
    ended, cut = list(ages.ended), list(ages.cut)
    ended[-1], cut[-1] = 0.0, ended[-1]
    return replace(ages, ended=tuple(ended), cut=tuple(cut))


def logged_in(floor: Floor) -> int:
    """Agents who take calls now or will when they are done with the present one."""
    return floor.agents_available + floor.agents_ringing + floor.agents_on_call + floor.agents_wrapping_up
