"""A comparison of rules as an SVG picture for light and dark pages. Pure.

Above, each shift as a point: how busy agents were against who was abandoned. Below, the first shift over its time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from dialer.simulate import Figures, Summary

_WIDTH, _LEFT, _RIGHT = 760, 56, 250
_TOP, _HIGH, _LOW = 54, 260, 110
_GAP = 64
#: Light and dark colour, and dashes, so that none is told by its colour alone.
_LOOKS = (
    ("#6b7280", "#9ca3af", ""),
    ("#a16207", "#eab308", "6 3"),
    ("#c2410c", "#fb923c", "2 3"),
    ("#1d4ed8", "#60a5fa", ""),
    ("#0f766e", "#2dd4bf", "8 3 2 3"),
    ("#7e22ce", "#c084fc", "1 2"),
    ("#be123c", "#fb7185", "10 4"),
    ("#4d7c0f", "#a3e635", "4 4"),
)
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2937}.small{font-size:11px}.title{font-size:15px;font-weight:600}"
    ".paper{fill:#fff}.grid{stroke:#d1d5db;stroke-width:1}.limit{stroke:#b91c1c;stroke-width:1.5;stroke-dasharray:5 4}"
)
_STYLE_DARK = "text{fill:#e5e7eb}.paper{fill:#111827}.grid{stroke:#374151}.limit{stroke:#f87171}"


@dataclass(frozen=True, slots=True)
class _Axes:
    """A panel: where it stands, and what its edges mean."""

    top: float
    height: float
    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, value: float) -> float:
        least, most = self.across
        return _LEFT + (value - least) / (most - least) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        least, most = self.up
        return self.top + self.height * (1 - (min(max(value, least), most) - least) / (most - least))


def picture(summaries: Sequence[Summary], title: str, limit: float) -> str:
    """The SVG text. `limit`: of the abandoned share, 0…1; drawn as a line. At least one summary, each with a shift."""
    height = _TOP + _HIGH + 2 * (_GAP + _LOW) + 46
    looks = [_LOOKS[i % len(_LOOKS)] for i in range(len(summaries))]
    light = "".join(f".s{i}{{stroke:{look[0]}}}.f{i}{{fill:{look[0]}}}" for i, look in enumerate(looks))
    dark = "".join(f".s{i}{{stroke:{look[1]}}}.f{i}{{fill:{look[1]}}}" for i, look in enumerate(looks))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"><title>{escape(title)}'
        f"</title><style>{_STYLE}{light}@media(prefers-color-scheme:dark){{{_STYLE_DARK}{dark}}}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
        f'<text class="title" x="{_LEFT}" y="26">{escape(title)}</text>',
        *_points(summaries, limit),
        *_legend(summaries, looks),
        *_over_time(summaries, looks, _TOP + _HIGH + _GAP, limit),
    ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _points(summaries: Sequence[Summary], limit: float) -> Iterator[str]:
    most = max(limit, *(shift.abandoned for one in summaries for shift in one.shifts))
    least = min(shift.occupancy for one in summaries for shift in one.shifts)
    axes = _Axes(_TOP, _HIGH, (0.0, most * 1.15), (math.floor(least * 10) / 10, 1.0))
    yield from _grid(axes, _steps(*axes.across), _steps(*axes.up), _percent, _percent)
    yield _text(_LEFT, axes.top - 8, "occupancy", "small")
    yield _text(axes.x(axes.across[1]), axes.top + axes.height + 32, "abandoned, of those who answered", "small", "end")
    yield _line("limit", (axes.x(limit), axes.top), (axes.x(limit), axes.top + axes.height))
    for i, one in enumerate(summaries):
        for shift in one.shifts:
            x, y = axes.x(shift.abandoned), axes.y(shift.occupancy)
            yield f'<circle class="f{i}" cx="{x:.1f}" cy="{y:.1f}" r="3" opacity=".45"/>'
        x, y = axes.x(one.abandoned.mean), axes.y(one.occupancy.mean)
        yield f'<circle class="f{i}" cx="{x:.1f}" cy="{y:.1f}" r="6"/>'


def _legend(summaries: Sequence[Summary], looks: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    x = _WIDTH - _RIGHT + 24
    yield _text(x, _TOP - 8, "occupancy / abandoned", "small")
    for i, one in enumerate(summaries):
        y = _TOP + 14 + 34 * i
        yield _line(f"s{i}", (x, y), (x + 26, y), looks[i][2])
        yield f'<circle class="f{i}" cx="{x + 13}" cy="{y}" r="5"/>'
        yield _text(x + 34, y + 1, one.rule)
        yield _text(x + 34, y + 16, f"{_percent(one.occupancy.mean)} / {100 * one.abandoned.mean:.2f} %", "small")


def _over_time(
    summaries: Sequence[Summary], looks: Sequence[tuple[str, str, str]], top: float, limit: float
) -> Iterator[str]:
    """How busy agents were in each quarter of an hour, and the abandoned share so far, in the first shift."""
    firsts = [one.shifts[0] for one in summaries]
    hours = max(moment.at for first in firsts for moment in first.by_time) / 3600
    busy = [_busy(first) for first in firsts]
    shares = [_share(first) for first in firsts]
    lowest = min(value for line in busy for _, value in line)
    highest = max(0.01, min(5 * limit, max(share for line in shares for _, share in line)), 1.2 * limit)
    panels = (
        (busy, (math.floor(lowest * 10) / 10, 1.0), "occupancy by the quarter of an hour, first shift"),
        (shares, (0.0, highest), "abandoned share so far"),
    )
    for place, (lines, up, what) in enumerate(panels):
        axes = _Axes(top + place * (_LOW + _GAP), _LOW, (0.0, hours), up)
        yield from _grid(axes, _steps(0.0, hours), _steps(*up, about=3), lambda hour: f"{hour:g} h", _percent)
        yield _text(_LEFT, axes.top - 8, what, "small")
        if place == 1:
            yield _line("limit", (axes.x(0), axes.y(limit)), (axes.x(hours), axes.y(limit)))
        for i, line in enumerate(lines):
            path = "L".join(f"{axes.x(at / 3600):.1f} {axes.y(value):.1f}" for at, value in line)
            dashes = f' stroke-dasharray="{looks[i][2]}"' if looks[i][2] else ""
            yield f'<path class="s{i}" d="M{path}" fill="none" stroke-width="1.8"{dashes}/>'


def _busy(shift: Figures) -> list[tuple[float, float]]:
    found = []
    for before, after in pairwise(shift.by_time):
        there = after.logged_in - before.logged_in
        found.append((after.at, (after.busy - before.busy) / there if there else 0.0))
    first = shift.by_time[0]
    return [(first.at, first.busy / first.logged_in if first.logged_in else 0.0), *found]


def _share(shift: Figures) -> list[tuple[float, float]]:
    return [(moment.at, moment.abandoned / moment.people if moment.people else 0.0) for moment in shift.by_time]


def _grid(
    axes: _Axes,
    across: Sequence[float],
    up: Sequence[float],
    say_across: Callable[[float], str],
    say_up: Callable[[float], str],
) -> Iterator[str]:
    bottom, right = axes.top + axes.height, _WIDTH - _RIGHT
    for value in up:
        yield _line("grid", (_LEFT, axes.y(value)), (right, axes.y(value)))
        yield _text(_LEFT - 8, axes.y(value) + 4, say_up(value), "small", "end")
    for value in across:
        yield _line("grid", (axes.x(value), axes.top), (axes.x(value), bottom))
        yield _text(axes.x(value), bottom + 16, say_across(value), "small", "middle")


def _steps(least: float, most: float, about: int = 6) -> list[float]:
    """Round values between both."""
    rough = (most - least) / about
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.99)
    first = math.ceil(least / step - 1e-9)
    return [step * i for i in range(first, math.floor(most / step + 1e-9) + 1)]


def _percent(share: float) -> str:
    return f"{round(100 * share, 1):g} %"


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "") -> str:
    shown = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:.1f}" y="{y:.1f}"{shown}>{escape(words)}</text>'


def _line(kind: str, begin: tuple[float, float], end: tuple[float, float], dashes: str = "") -> str:
    shown = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line class="{kind}" x1="{begin[0]:.1f}" y1="{begin[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
        f'{shown} stroke-width="2"/>'
    )
