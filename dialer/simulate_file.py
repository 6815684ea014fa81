"""A world read from YAML (JSON is YAML too), every fault with file, line and what is expected. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn

import yaml

from crm_core.errors import BadInput
from dialer.simulate_shipped import SHIPPED
from dialer.simulate_world import Answers, Detection, Work, World

_PARTS: Mapping[str, type[Answers | Work | Detection]] = {"answers": Answers, "work": Work, "detection": Detection}
_SHARES = {
    "failed",
    "busy",
    "machines",
    "missed_machines",
    "missed_people",
    "late",
    "callbacks",
    "callback_answered",
}
#: Least and most of those that are neither shares nor just not negative.
_BOUNDS = {
    "agents": (1, 5000),
    "hours": (0.01, 24),
    "max_lines": (1, 1_000_000),
    "connect_within": (0.1, 60),
    "fades": (-5, 1),
    "burst": (1, 100),
    "burst_seconds": (1, 1e6),
    "talk": (1, 36_000),
    "talk_sigma": (0, 3),
    "wrap_up_sigma": (0, 3),
    "ring_sigma": (0, 3),
    "talk_drift": (-0.9, 10),
    "ring_out": (1, 600),
    "pause_seconds": (1, 86_400),
    "away_seconds": (1, 86_400),
    "late_seconds": (1, 3600),
    "callback_after": (1, 86_400),
}
_LARGEST = 1e6


@dataclass(frozen=True, slots=True)
class _Place:
    """A YAML value that knows its file and line."""

    file: str
    node: yaml.Node

    def fault(self, what: str, do: str = "") -> NoReturn:
        raise BadInput(f"{self.file}:{self.node.start_mark.line + 1}", what, do)

    def mapping(self) -> Iterator[tuple[str, _Place, _Place]]:
        """Name, where the name stands, and the value."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fault("a mapping (key: value) is expected here")
        seen: set[str] = set()
        for key, value in self.node.value:
            place = _Place(self.file, key)
            if not isinstance(key, yaml.ScalarNode):
                place.fault("a plain key is expected here")
            if key.value in seen:
                place.fault(f"the key {key.value!r} is given twice")
            seen.add(key.value)
            yield key.value, place, _Place(self.file, value)

    def items(self) -> list[_Place]:
        if not isinstance(self.node, yaml.SequenceNode):
            self.fault("a list is expected here, like [1, 2]")
        return [_Place(self.file, node) for node in self.node.value]

    def text(self) -> str:
        if not isinstance(self.node, yaml.ScalarNode):
            self.fault("one value is expected here")
        return str(self.node.value)

    def number(self, low: float, high: float) -> float:
        text = self.text()
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not low <= found <= high:
            self.fault(f"{text!r} is not expected here", f"Expected: a number from {low:g} to {high:g}")
        return found

    def whole(self, low: float, high: float) -> int:
        found = self.number(low, high)
        if found != int(found):
            self.fault(f"{self.text()!r} is not expected here", f"Expected: a whole number from {low:g} to {high:g}")
        return int(found)

    def flag(self) -> bool:
        if self.text() not in ("true", "false"):
            self.fault(f"{self.text()!r} is not expected here", "Expected: true or false")
        return self.text() == "true"

    def pair(self) -> tuple[_Place, _Place]:
        found = self.items()
        if len(found) != 2:
            self.fault(f"{len(found)} values stand here", "Expected: two, like [0, 0.3]")
        return found[0], found[1]


def world_from_text(text: str, file: str) -> World:
    """The world a file describes; what it leaves out is as in the world named by `like` (none: `model`).

    Raises BadInput.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{file}:{line}", f"this is not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise BadInput(f"{file}:1", f"this is not YAML: {error}") from error
    if node is None:
        raise BadInput(f"{file}:1", "the file is empty", f"Keys it may have: {', '.join(_known(World))}, like")
    top = _Place(file, node)
    entries = list(top.mapping())
    world = SHIPPED["model"][1]
    for name, _, value in entries:
        if name == "like":
            if value.text() not in SHIPPED:
                value.fault(f"there is no world {value.text()!r}", f"Expected: {', '.join(SHIPPED)}")
            world = SHIPPED[value.text()][1]
    changes: dict[str, Any] = {}
    for name, place, value in entries:
        if name in _PARTS:
            changes[name] = _part(getattr(world, name), value)
        elif name != "like":
            changes[name] = _value(World, name, place, value, ("like",))
    world = replace(world, **changes)
    _checked(world, top)
    return world


def _known(kind: type) -> list[str]:
    return [one.name for one in fields(kind)]


def _part(before: Answers | Work | Detection, place: _Place) -> Answers | Work | Detection:
    kind = type(before)
    changes: dict[str, Any] = {name: _value(kind, name, at, value) for name, at, value in place.mapping()}
    return replace(before, **changes)


def _value(kind: type, name: str, at: _Place, value: _Place, also: tuple[str, ...] = ()) -> object:
    shapes = {one.name: str(one.type) for one in fields(kind)}
    if name not in shapes:
        at.fault(f"the key {name!r} is not known here", f"Expected: {', '.join((*shapes, *also))}")
    return _READ[shapes[name]](value, *_bounds(name))


def _bounds(name: str) -> tuple[float, float]:
    return _BOUNDS.get(name, (0.0, 1.0 if name in _SHARES else _LARGEST))


def _samples(value: _Place, low: float, high: float) -> tuple[float, ...]:
    found = tuple(one.number(low, high) for one in value.items())
    if len(found) < 2:
        value.fault(f"{len(found)} samples are too few", "Expected: a list of at least two, in seconds")
    return found


def _steps(value: _Place, low: float, high: float) -> tuple[tuple[float, float], ...]:
    pairs = [one.pair() for one in value.items()]
    found = tuple((at.number(0, 86_400), share.number(0, 1)) for at, share in pairs)
    if not found or found[0][0] != 0 or list(found) != sorted(found):
        value.fault("the steps do not begin at 0 and go on in order of time", "Expected: like [[0, 0.3], [14400, 0.1]]")
    return found


def _roster(value: _Place, low: float, high: float) -> tuple[tuple[float, int], ...]:
    pairs = [one.pair() for one in value.items()]
    found = tuple((at.number(0, 86_400), there.whole(0, 5000)) for at, there in pairs)
    if list(found) != sorted(found, key=lambda step: step[0]):
        value.fault("the steps are not in order of time", "Expected: like [[0, 8], [10800, 5], [14400, 8]]")
    return found


def _range(value: _Place, low: float, high: float) -> tuple[float, float]:
    least, most = value.pair()
    found = (least.number(low, high), most.number(low, high))
    if found[0] > found[1]:
        value.fault(f"{found[0]:g} to {found[1]:g} is no range", "Expected: the smaller first, like [4, 20]")
    return found


#: How a value is read, by the type of its field.
_READ: Mapping[str, Callable[[_Place, float, float], object]] = {
    "float": _Place.number,
    "int": _Place.whole,
    "bool": lambda value, low, high: value.flag(),
    "tuple[float, float]": _range,
    "tuple[float, ...]": _samples,
    "tuple[tuple[float, float], ...]": _steps,
    "tuple[tuple[float, int], ...]": _roster,
}


def _checked(world: World, top: _Place) -> None:
    """What no value is at fault for by itself."""
    answers, work = world.answers, world.work
    if answers.failed + answers.busy > 1:
        top.fault(f"failed and busy together are {answers.failed + answers.busy:g}", "Expected: at most 1")
    highest = max(share for _, share in answers.steps) * max(1.0, 1 - answers.fades)
    highest *= 2 * answers.burst / (answers.burst + 1 / answers.burst) if answers.burst > 1 else 1.0
    if highest + answers.machines > 1:
        top.fault(
            f"people (with bursts and growth) and machines answer {highest + answers.machines:.2f} of the lines",
            "Expected: at most 1",
        )
    for name, tail in (("talk_tail", work.talk_tail), ("wrap_up_tail", work.wrap_up_tail)):
        if tail and tail <= 1:
            top.fault(f"{name} is {tail:g}: such lengths have no mean", "Expected: above 1, or 0 for none")
