"""Calls in figures: when people answer, what agents did with their time, how campaigns compare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from crm_core.domain.agents import AgentState
from crm_core.domain.reports import share, wilson_low

#: Fewer calls than this say nothing about an hour.
ENOUGH_CALLS = 20


@dataclass(frozen=True, slots=True)
class HourCount:
    """Outgoing calls that began in this hour of this weekday (Monday 0) and ended so."""

    weekday: int
    hour: int
    outcome: str
    calls: int
    people: int


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the week. `answered`: share of calls a person took; `at_least`: what that share is surely above."""

    weekday: int
    hour: int
    calls: int
    people: int
    outcomes: Mapping[str, int]

    @property
    def answered(self) -> float | None:
        return share(self.people, self.calls)

    @property
    def at_least(self) -> float:
        return wilson_low(self.people, self.calls)


def hours_of_week(counts: Iterable[HourCount]) -> list[Hour]:
    """Counts added up by hour of the week, in order of time; hours without a call are left out."""
    outcomes: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    people: dict[tuple[int, int], int] = defaultdict(int)
    for one in counts:
        outcomes[one.weekday, one.hour][one.outcome] += one.calls
        people[one.weekday, one.hour] += one.people
    return [
        Hour(*key, calls=sum(found.values()), people=people[key], outcomes=dict(found))
        for key, found in sorted(outcomes.items())
    ]


def best_hours(hours: Sequence[Hour], most: int = 10) -> list[Hour]:
    """The best hours to call, best first: by the share that is sure, of those with enough calls."""
    enough = [hour for hour in hours if hour.calls >= ENOUGH_CALLS]
    return sorted(enough, key=lambda h: (-h.at_least, h.weekday, h.hour))[:most]


@dataclass(frozen=True, slots=True)
class CallSum:
    """Calls of one kind added up. `people`: answered by a person; `talks`: bridged; keys None where nobody was."""

    agent_id: int | None
    campaign_id: int | None
    direction: str
    outcome: str
    disposition: str | None
    calls: int
    people: int
    talks: int
    talk_seconds: float


@dataclass(frozen=True, slots=True)
class StateTime:
    """Seconds an agent spent in a state; `reason` of a pause."""

    agent_id: int
    state: str
    reason: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """What an agent did. Seconds by state; `occupancy` = talk and wrap-up ÷ all but pauses and logging in."""

    agent_id: int
    name: str
    team: str
    talk: float
    wait: float
    ringing: float
    wrap_up: float
    pause: float
    pauses: Mapping[str, float]
    calls: int
    talks: int
    results: Mapping[str, int] = field(default_factory=dict)

    @property
    def logged_in(self) -> float:
        return self.talk + self.wait + self.ringing + self.wrap_up + self.pause

    @property
    def occupancy(self) -> float | None:
        return share(self.talk + self.wrap_up, self.talk + self.wrap_up + self.wait + self.ringing)

    @property
    def mean_talk(self) -> float | None:
        return share(self.talk, self.talks)


def agent_figures(
    names: Mapping[int, tuple[str, str]], times: Iterable[StateTime], sums: Iterable[CallSum]
) -> list[AgentFigures]:
    """One row for each of `names` (agent → name, team) that was logged in or had a call, by name."""
    states: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    pauses: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    calls: dict[int, int] = defaultdict(int)
    talks: dict[int, int] = defaultdict(int)
    results: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for time in times:
        states[time.agent_id][time.state] += time.seconds
        if time.state == AgentState.PAUSED:
            pauses[time.agent_id][time.reason or ""] += time.seconds
    for one in sums:
        if one.agent_id is not None:
            calls[one.agent_id] += one.calls
            talks[one.agent_id] += one.talks
            if one.disposition is not None:
                results[one.agent_id][one.disposition] += one.calls
    seen = [agent for agent in names if any(states[agent].values()) or calls[agent]]
    return [
        AgentFigures(
            agent_id=agent,
            name=names[agent][0],
            team=names[agent][1],
            talk=states[agent][AgentState.ON_CALL],
            wait=states[agent][AgentState.AVAILABLE],
            ringing=states[agent][AgentState.RINGING],
            wrap_up=states[agent][AgentState.WRAP_UP],
            pause=states[agent][AgentState.PAUSED],
            pauses=dict(pauses[agent]),
            calls=calls[agent],
            talks=talks[agent],
            results=dict(results[agent]),
        )
        for agent in sorted(seen, key=lambda agent: (names[agent][0], agent))
    ]


@dataclass(frozen=True, slots=True)
class CampaignSum:
    """A campaign in figures. `deals` and what of them was won come from its calls, whenever they were won."""

    campaign_id: int
    name: str
    dialed: int
    people: int
    machines: int
    talks: int
    talk_seconds: float
    abandoned: int
    results: Mapping[str, int]
    deals: int
    won: int
    won_amounts: Mapping[str, Decimal]

    @property
    def abandoned_share(self) -> float | None:
        """Abandoned ÷ answered by people."""
        return share(self.abandoned, self.people)


@dataclass(frozen=True, slots=True)
class CampaignDeals:
    """Deals that came of a campaign's calls."""

    deals: int = 0
    won: int = 0
    won_amounts: Mapping[str, Decimal] = field(default_factory=dict)


def campaign_sums(
    names: Mapping[int, str], sums: Iterable[CallSum], deals: Mapping[int, CampaignDeals]
) -> list[CampaignSum]:
    """One row for each campaign of `names` that dialed, by name."""
    by_campaign: dict[int, list[CallSum]] = defaultdict(list)
    for one in sums:
        if one.campaign_id is not None and one.campaign_id in names:
            by_campaign[one.campaign_id].append(one)
    rows = [_campaign(key, names[key], found, deals.get(key, CampaignDeals())) for key, found in by_campaign.items()]
    return sorted(rows, key=lambda row: (row.name, row.campaign_id))


def _campaign(campaign_id: int, name: str, sums: Sequence[CallSum], made: CampaignDeals) -> CampaignSum:
    results: dict[str, int] = defaultdict(int)
    for one in sums:
        if one.disposition is not None:
            results[one.disposition] += one.calls
    return CampaignSum(
        campaign_id=campaign_id,
        name=name,
        dialed=sum(one.calls for one in sums),
        people=sum(one.people for one in sums),
        machines=sum(one.calls for one in sums if one.outcome == "machine"),
        talks=sum(one.talks for one in sums),
        talk_seconds=sum(one.talk_seconds for one in sums),
        abandoned=sum(one.calls for one in sums if one.outcome == "abandoned"),
        results=dict(results),
        deals=made.deals,
        won=made.won,
        won_amounts=made.won_amounts,
    )
