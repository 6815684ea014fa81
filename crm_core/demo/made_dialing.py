"""Made-up lists and leads of campaigns, the attempts behind their calls, and what agents did with their days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from crm_core.demo.made_people import Crowd
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome
from crm_core.domain.leads import LeadState

Row = tuple[Any, ...]
#: Attempts and agents' states are made for the last quarter; of what is older there are the calls.
DETAILED = timedelta(days=92)
TRUNK, CALLER_ID = "network", "+998712000000"
#: Results and outcomes after which nobody calls again.
_FINAL = ("sale", "interested", "not_interested", "wrong_number", "do_not_call", "accepted", "surveyed")
_WRAP_UP = timedelta(seconds=25)
_MORNING, _EVENING = time(4, 0), time(13, 30)  # UTC, as all instants here
_LUNCH, _LUNCHES = timedelta(minutes=30), 6  # one after the other, from `_LUNCH_FROM` on
_LUNCH_FROM = timedelta(hours=7)
_TRIES = 12

LIST_COLUMNS = ("id", "name", "source", "counts", "created_at")
LEAD_COLUMNS = ("id", "list_id", "contact_id", "priority", "fields")
CAMPAIGN_LEAD_COLUMNS = (
    *("campaign_id", "lead_id", "state", "priority", "attempts", "unanswered", "last_outcome", "close_reason"),
)
ATTEMPT_COLUMNS = (
    *("id", "campaign_id", "lead_id", "number", "trunk", "caller_id", "agent_id", "guaranteed", "created_at"),
    *("leased_until", "answered_at", "bridged_at", "ended_at", "outcome", "cause", "disposition", "settled_at"),
)
LOG_COLUMNS = ("agent_id", "state", "reason", "campaign_id", "call_id", "at")


class Ledger:
    """Where each lead stands. Every person is a lead of one campaign, that of his index, so none need be looked for;
    a million of them take some bytes each."""

    def __init__(self, crowd: Crowd, campaigns: Sequence[int], first_lead: int) -> None:
        self._crowd, self._campaigns, self._first = crowd, campaigns, first_lead
        self._place = {campaign: place for place, campaign in enumerate(campaigns)}
        count = crowd.wanted.contacts
        self._attempts, self._unanswered = bytearray(count), bytearray(count)
        self._last, self._result = bytearray(count), bytearray(count)
        self._words: list[str | None] = [None]

    def lead_of(self, campaign: int, index: int, known: int) -> tuple[int, int] | None:
        """Somebody near `index` who is a lead of the campaign: his index and his lead; None: nobody is yet."""
        many = len(self._campaigns)
        his = index - index % many + self._place[campaign]
        if his >= known:
            his -= many
        return (his, self._first + his) if his >= 0 else None

    def note(self, index: int, outcome: str, result: str | None) -> None:
        """One more attempt, and what came of it."""
        self._attempts[index] = min(255, self._attempts[index] + 1)
        answered = outcome == Outcome.ANSWERED.value
        self._unanswered[index] = 0 if answered else min(255, self._unanswered[index] + 1)
        self._last[index] = self._word(outcome)
        self._result[index] = self._word(result if result in _FINAL else None)
        if outcome == Outcome.NOT_IN_SERVICE.value:
            self._result[index] = self._word(outcome)

    def _word(self, word: str | None) -> int:
        if word not in self._words:
            self._words.append(word)
        return self._words.index(word)

    def lists(self, first_list: int, names: Sequence[str]) -> Iterator[Row]:
        since, many = self._crowd.wanted.since, len(self._campaigns)
        for place, name in enumerate(names):
            rows = len(range(place, self._crowd.wanted.contacts, many))
            yield first_list + place, name, f"{name}.csv", {"rows": rows, "created": rows}, since

    def leads(self, first_list: int) -> Iterator[Row]:
        many = len(self._campaigns)
        for index in range(self._crowd.wanted.contacts):
            yield self._first + index, first_list + index % many, self._crowd.first_id + index, 0, {}

    def standings(self) -> Iterator[Row]:
        """Leads as their campaigns have them, after all calls."""
        many = len(self._campaigns)
        for index in range(self._crowd.wanted.contacts):
            reason = self._words[self._result[index]]
            state = LeadState.OPEN if reason is None else LeadState.CLOSED
            head = (self._campaigns[index % many], self._first + index, state.value, 0, self._attempts[index])
            yield (*head, self._unanswered[index], self._words[self._last[index]], reason)


@dataclass(slots=True)
class Shifts:
    """Which agents are free, and the log of what they did; `rows` are taken away by whoever writes them."""

    agents: Sequence[int]
    since: datetime
    rows: list[Row] = field(default_factory=list)
    _free_at: dict[int, datetime] = field(default_factory=dict)
    _day: dict[int, datetime] = field(default_factory=dict)  # midnight of the day he works on
    _until: dict[int, datetime] = field(default_factory=dict)  # his last move of that day

    def somebody(self, at: datetime, chance: Any) -> int:
        """An agent who is free then; one by chance where nobody is."""
        agent = self.agents[int(chance() * len(self.agents))]
        for _ in range(_TRIES):
            if self._is_free(agent, at):
                break
            agent = self.agents[int(chance() * len(self.agents))]
        return agent

    def _is_free(self, agent: int, at: datetime) -> bool:
        begins = _lunch(agent, _midnight(at))
        free_at = self._free_at.get(agent)
        return (free_at is None or free_at <= at) and not begins - timedelta(minutes=5) <= at < begins + _LUNCH

    def talked(self, agent: int, campaign: int | None, call_id: str, begins: datetime, ends: datetime) -> None:
        """He talks from `begins` to `ends`, then writes it up."""
        was_free = self._is_free(agent, begins)
        free_at = max(self._free_at.get(agent, ends), ends + _WRAP_UP)
        self._free_at[agent] = free_at
        if begins < self.since or not was_free:
            return  # of two talks at once the log keeps the first
        self._begin_day(agent, begins)
        self._until[agent] = free_at
        self.rows += [
            (agent, AgentState.ON_CALL.value, None, campaign, call_id, begins),
            (agent, AgentState.WRAP_UP.value, None, campaign, call_id, ends),
            (agent, AgentState.AVAILABLE.value, None, campaign, None, free_at),
        ]

    def _begin_day(self, agent: int, at: datetime) -> None:
        midnight = _midnight(at)
        if self._day.get(agent) == midnight:
            return
        self._end_day(agent)
        self._day[agent] = midnight
        comes = min(datetime.combine(midnight, _MORNING, midnight.tzinfo) + timedelta(minutes=agent % 17), at)
        lunch = _lunch(agent, midnight)
        moves: list[tuple[AgentState, str | None, datetime]] = [(AgentState.AVAILABLE, None, comes)]
        if comes < lunch:
            moves += [(AgentState.PAUSED, "lunch", lunch), (AgentState.AVAILABLE, None, lunch + _LUNCH)]
        self.rows += [(agent, state.value, reason, None, None, when) for state, reason, when in moves]

    def _end_day(self, agent: int) -> None:
        if (midnight := self._day.pop(agent, None)) is None:
            return
        goes = datetime.combine(midnight, _EVENING, midnight.tzinfo) + timedelta(minutes=agent % 13)
        self.rows.append((agent, AgentState.LOGGED_OUT.value, None, None, None, max(goes, self._until[agent])))

    def go_home(self) -> None:
        """The last day ends."""
        for agent in list(self._day):
            self._end_day(agent)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _lunch(agent: int, midnight: datetime) -> datetime:
    return midnight + _LUNCH_FROM + agent % _LUNCHES * _LUNCH
