"""What our rule would have learned had it seen a world for years: what is missing to it is the price of learning."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from dialer.hazard import Ages
from dialer.learning import Learned, Level
from dialer.outlook import Tables, new_tables
from dialer.simulate_draws import Draws, Fate
from dialer.simulate_shift import Shift
from dialer.simulate_world import World

_SAMPLES = 20_000
#: The share of answers is told to a hundredth, the growth of talks to a fiftieth.
_SHARE_STEPS, _TALK_STEPS = 100, 50
#: A level that no sample moves any more.
_SURE = Level(1e12, 1e12)

_Bins = tuple[Ages, Ages, Ages, Ages]


class Truth:
    """The tables of one world at every moment, in the bins of `learned`."""

    def __init__(self, world: World, learned: Learned) -> None:
        self._world = world
        self._bins: _Bins = (learned.answers, learned.others, learned.talks, learned.wrap_ups)
        self._known: dict[tuple[int, int], Tables] = {}

    def told(self, learned: Learned, shift: Shift) -> Learned:
        """The same state of the budget, with true tables of what is likely at this moment of the shift."""
        world, now = self._world, shift.now
        share = max(round(_SHARE_STEPS * shift.draws.share(now)), 1)
        grown = round(_TALK_STEPS * world.work.talk_drift * now / world.seconds)
        if (share, grown) not in self._known:
            tables = _tables(world, share / _SHARE_STEPS, grown / _TALK_STEPS, self._bins)
            self._known[share, grown] = tables
        return replace(learned, tables=self._known[share, grown], slow=_SURE, quick=_SURE)


@lru_cache(maxsize=256)
def _tables(world: World, share: float, grown: float, bins: _Bins) -> Tables:
    still = replace(
        world,
        answers=replace(world.answers, steps=((0.0, share),), fades=0.0, burst=1.0),
        work=replace(world.work, talk_drift=0.0),
    )
    draws, detection = Draws(still, -1), world.detection
    people, others, talks, wrap_ups = list[float](), list[float](), list[float](), list[float]()
    for _ in range(_SAMPLES):
        lead = draws.lead(0.0)
        person, wrong = lead.fate is Fate.PERSON, lead.judged_wrong and world.answers.machines > 0
        if (person and not wrong) or (lead.fate is Fate.MACHINE and wrong):
            people.append(lead.after)
            talks.append(lead.talk * (1 + grown) if person else detection.missed_machine_seconds)
            wrap_ups.append(lead.wrap_up)
        else:
            others.append(lead.after)
    return new_tables(
        _ages(bins[0], people, others),
        _ages(bins[1], others, people),
        _ages(bins[2], talks),
        _ages(bins[3], wrap_ups),
        1.0,
    )


def _ages(bins: Ages, ended: Iterable[float], cut: Iterable[float] = ()) -> Ages:
    ends, cuts = [0.0] * len(bins.edges), [0.0] * len(bins.edges)
    for into, samples in ((ends, ended), (cuts, cut)):
        for seconds in samples:
            into[max(0, bisect_right(bins.edges, seconds) - 1)] += 1
    return replace(bins, ended=tuple(ends), cut=tuple(cuts), weight=1.0)
