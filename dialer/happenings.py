"""What has come about on a floor since the last look: what ended, and who was lost. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome, Verdict
from crm_core.domain.floor_watch import Past, Watched, WatchedAgent, WatchedLine
from dialer.learning import End, Happened

#: States that follow a wrap-up which was over by itself; after a pause or a log-out nobody knows.
_ON = frozenset({AgentState.AVAILABLE, AgentState.RINGING, AgentState.ON_CALL})
#: How these ended says nothing of whether people answer: not sent at all, or never seen again.
_UNTOLD = frozenset({Outcome.GIVEN_UP, Outcome.LOST})


@dataclass(frozen=True, slots=True)
class Seen:
    """What an earlier look has taken in: lines whose end was told, lines known to be lost, agents as they were."""

    told: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    agents: Mapping[int, WatchedAgent] = field(default_factory=dict)


def seen_first(watched: Watched) -> Seen:
    """The first look: what has ended before it is the past, which is read elsewhere."""
    ended = frozenset(line.id for line in watched.lines if line.ended_at is not None or line.answered_at is not None)
    return Seen(ended, frozenset(), {agent.id: agent for agent in watched.agents})


def happened(seen: Seen, watched: Watched, detects_machines: bool) -> tuple[Happened, tuple[WatchedLine, ...], Seen]:
    """What is new in `watched`: samples to learn from, lines abandoned, and what to remember until the next look."""
    told, samples = set(), []
    for line in watched.lines:
        if line.id in seen.told:
            told.add(line.id)
        elif (ended := _ended(line, detects_machines)) is not None:
            told.add(line.id)
            samples += [(age, end) for age, end in [ended] if end is not None]
    lost = tuple(one for one in watched.lines if one.outcome is Outcome.ABANDONED and one.id not in seen.lost)
    talks, wrap_ups = [], []
    for before, after in _changed(seen.agents, watched):
        seconds = _seconds(before.since, after.since)
        if before.state is AgentState.ON_CALL:
            talks.append(seconds)
            if after.state in _ON:  # the result was written while he talked
                wrap_ups.append(0.0)
        elif before.state is AgentState.WRAP_UP and after.state in _ON:
            wrap_ups.append(seconds)
    known = {line.id for line in watched.lines}
    remembered = Seen(
        frozenset(told), (seen.lost & known) | {one.id for one in lost}, {agent.id: agent for agent in watched.agents}
    )
    return Happened(tuple(samples), tuple(talks), tuple(wrap_ups)), lost, remembered


def happened_before(past: Past, at_once: int) -> Iterator[Happened]:
    """The past in pieces of so many lines, oldest first, as if looks had been taken."""
    lines = [(one.seconds, _past_end(one.person, one.given_up)) for one in past.lines]
    yield Happened(talks=past.talks, wrap_ups=past.wrap_ups)
    for place in range(0, len(lines), at_once):
        yield Happened(tuple(lines[place : place + at_once]))


def _ended(line: WatchedLine, detects_machines: bool) -> tuple[float, End | None] | None:
    """How long the line rang and how that ended; None while it rings, or while nobody knows who answered."""
    if line.answered_at is not None:
        open_still = line.ended_at is None and line.outcome is None
        if detects_machines and open_still and line.verdict is None:
            return None
        is_machine = line.outcome is Outcome.MACHINE or (detects_machines and line.verdict is Verdict.MACHINE)
        return _seconds(line.dialed_at, line.answered_at), End.OTHER if is_machine else End.PERSON
    if line.given_up_at is not None:
        return _seconds(line.dialed_at, line.given_up_at), End.GIVEN_UP
    if line.ended_at is None:
        return None
    return _seconds(line.dialed_at, line.ended_at), None if line.outcome in _UNTOLD else End.OTHER


def _changed(agents: Mapping[int, WatchedAgent], watched: Watched) -> Iterator[tuple[WatchedAgent, WatchedAgent]]:
    """Agents whose state or its beginning differs from before, before and after. Who has logged out is not told of."""
    for after in watched.agents:
        before = agents.get(after.id)
        if before is not None and (before.state, before.since) != (after.state, after.since):
            yield before, after


def _past_end(person: bool, given_up: bool) -> End:
    if given_up:
        return End.GIVEN_UP
    return End.PERSON if person else End.OTHER


def _seconds(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds())
