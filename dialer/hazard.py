"""What is learned of a length of time: how often it ends at each age, older samples counting for less."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

#: No end is surer than this, however often it was seen.
_SURELY = 0.99999


@dataclass(frozen=True, slots=True)
class Ages:
    """Weights of samples by the bin of age at which they ended, and of those cut short there (end unknown).

    Bins are half open, from `edges[i]` seconds to the next edge; the last has no end. A sample of today weighs
    `weight`, and that grows with each, which is the same as letting all older ones fade.
    """

    edges: tuple[float, ...]
    ended: tuple[float, ...]
    cut: tuple[float, ...]
    memory: float  # the total weight tends to so many samples
    weight: float = 1.0

    def with_samples(self, ended: Sequence[float], cut: Sequence[float] = ()) -> Ages:
        """Take in samples in seconds."""
        if not ended and not cut:
            return self
        ends, cuts, weight, growth = list(self.ended), list(self.cut), self.weight, 1 / (1 - 1 / self.memory)
        for into, samples in ((ends, ended), (cuts, cut)):
            for seconds in samples:
                into[max(0, bisect_right(self.edges, seconds) - 1)] += weight
                weight *= growth
        if weight > 1e9:
            ends, cuts, weight = [x / weight for x in ends], [x / weight for x in cuts], 1.0
        return replace(self, ended=tuple(ends), cut=tuple(cuts), weight=weight)

    def mean(self) -> float:
        """Seconds, taking each bin by its start and the width of half a bin."""
        total = sum(self.ended)
        middles = [(a + b) / 2 for a, b in zip(self.edges, [*self.edges[1:], self.edges[-1]], strict=True)]
        return sum(x * m for x, m in zip(self.ended, middles, strict=True)) / total if total else 0.0

    def rates(self) -> list[float]:
        """Chance per second to end, given that the age was reached, by bin (Kaplan and Meier's, by bins)."""
        reached, found = 0.0, [0.0] * len(self.edges)
        for i in reversed(range(len(self.edges))):
            width = self.edges[i + 1] - self.edges[i] if i + 1 < len(self.edges) else self.edges[i] - self.edges[i - 1]
            here = self.ended[i] + self.cut[i]
            at_risk = reached + self.cut[i] / 2 + self.ended[i]
            share = min(self.ended[i] / at_risk, _SURELY) if at_risk > 0 else 0.0
            found[i] = -math.log1p(-share) / width
            reached += here
        return found


def prior(edges: Sequence[float], survival: Sequence[float], samples: float, memory: float) -> Ages:
    """Start from an assumed distribution (`survival[i]`: share that reaches `edges[i]`) worth so many samples."""
    after = [*survival[1:], 0.0]
    return Ages(
        tuple(edges),
        tuple(samples * (a - b) for a, b in zip(survival, after, strict=True)),
        (0.0,) * len(edges),
        memory,
    )


def cumulated(edges: Sequence[float], rates: Sequence[float], step: float, count: int) -> list[float]:
    """The integral of `rates` at 0, step, 2·step, …: `count` values."""
    found, total, i = [0.0], 0.0, 0
    at = 0.0
    while len(found) < count:
        until = at + step
        while at < until - 1e-9:
            while i + 1 < len(edges) and edges[i + 1] <= at + 1e-9:
                i += 1
            end = min(until, edges[i + 1]) if i + 1 < len(edges) else until
            total += rates[i] * (end - at)
            at = end
        at = until
        found.append(total)
    return found
