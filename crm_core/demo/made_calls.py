"""Made-up calls of two years: when people call and are called, how it ends, and what came of it."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from crm_core.demo.made_dialing import CALLER_ID, TRUNK, Ledger, Shifts
from crm_core.demo.made_people import SPAN, Crowd
from crm_core.domain.attempts import Outcome

Row = tuple[Any, ...]
#: Calls in an hour of the day (UTC; the firm sits in Tashkent, five hours ahead) and of a weekday (Monday is 0).
_HOURS = (1, 2, 3, 12, 30, 46, 52, 40, 28, 44, 50, 47, 38, 24, 14, 8, 4, 2, 1, 0, 0, 0, 0, 0)
_DAYS = (1.1, 1.15, 1.1, 1.05, 0.95, 0.45, 0.1)
#: In the last month there are so many times more calls than in the first.
_GROWTH = 1.8
_INCOMING, _BY_BOT = 0.22, 0.06
#: Shares of outgoing calls; people answer more often in the evening (see `_answer_rate`).
_UNANSWERED = (
    (Outcome.NO_ANSWER, 58, 19),
    (Outcome.BUSY, 14, 17),
    (Outcome.MACHINE, 12, 16),
    (Outcome.NOT_IN_SERVICE, 8, 1),
    (Outcome.CONGESTION, 4, 34),
    (Outcome.FAILED, 4, 38),
)
_RESULTS = (
    *(("not_interested", 38), ("interested", 14), ("callback", 13), ("later", 14), ("sale", 7)),
    *(("wrong_number", 6), ("do_not_call", 3), ("silence", 5)),
)
_OUTCOMES = tuple((outcome.value, cause) for outcome, _, cause in _UNANSWERED)
_OUTCOME_SUMS = tuple(accumulate(weight for _, weight, _ in _UNANSWERED))
_RESULT_CODES = tuple(code for code, _ in _RESULTS)
_RESULT_SUMS = tuple(accumulate(weight for _, weight in _RESULTS))
_LINE = "998712000000"
_LEASE = timedelta(minutes=2)

CALL_COLUMNS = (
    *("id", "node", "direction", "campaign_id", "contact_id", "known", "agent_id", "number", "line", "started_at"),
    *("ringing_at", "answered_at", "bridged_at", "ended_at", "outcome", "cause", "disposition", "note", "after_hours"),
    *("attempt_id", "lead_id"),
)
_ANSWERED_AT, _ENDED_AT = CALL_COLUMNS.index("answered_at"), CALL_COLUMNS.index("ended_at")
_RESULT = CALL_COLUMNS.index("disposition")
_OUTCOME, _AGENT, _BRIDGED_AT = (CALL_COLUMNS.index(name) for name in ("outcome", "agent_id", "bridged_at"))


@dataclass(frozen=True, slots=True)
class Floor:
    """Who talks: the agents' shifts, campaigns by id in order of time, surveys of the bot likewise; and where the leads
    stand."""

    shifts: Shifts
    ledger: Ledger
    campaigns: Sequence[int]
    surveys: Sequence[int]


@dataclass(frozen=True, slots=True)
class BotCall:
    """A call of the bot's that a person answered."""

    call_id: str
    campaign_id: int
    survey: int  # index
    contact: int  # index
    began_at: datetime
    seed: float


#: Makes what is said in a call of the bot's; when it ended, and with what result.
TalkTo = Callable[[BotCall], tuple[datetime, str]]


def calls(crowd: Crowd, floor: Floor, talk_to: TalkTo, mark: str) -> Iterator[Row]:
    """Calls in order of time, ids beginning with `mark`. Whoever answers the bot is handed to `talk_to`."""
    random = crowd.wanted.random("calls")
    chance = random.random
    for number, at in enumerate(_instants(crowd, random)):
        index = int(chance() * crowd.known(at))
        call_id = f"{mark}{int(at.timestamp())}.{number}"
        share = (at - crowd.wanted.since) / SPAN
        if chance() < _INCOMING:
            row = (*_incoming(chance, crowd, floor, call_id, index, at), None, None)
            _note_talk(floor, row)
            yield row
        elif chance() < _BY_BOT / (1 - _INCOMING):
            survey = int(share * len(floor.surveys))
            index, lead = _somebody(crowd, floor, floor.surveys[survey], index, at)
            row = _outgoing(chance, crowd, call_id, index, at, floor.surveys[survey], None)
            if row[_ANSWERED_AT] is not None:
                call = BotCall(call_id, floor.surveys[survey], survey, index, row[_ANSWERED_AT], chance())
                ended, result = talk_to(call)
                row = (*row[:_ENDED_AT], ended, *row[_ENDED_AT + 1 : _RESULT], result, *row[_RESULT + 1 :])
            yield _dialed(floor, row, index, lead)
        else:
            campaign = floor.campaigns[int(share * len(floor.campaigns))] if chance() < 0.8 else None
            lead = None
            if campaign is not None:
                index, lead = _somebody(crowd, floor, campaign, index, at)
            agent = floor.shifts.somebody(at, chance)
            yield _dialed(floor, _outgoing(chance, crowd, call_id, index, at, campaign, agent), index, lead)


def _somebody(crowd: Crowd, floor: Floor, campaign: int, index: int, at: datetime) -> tuple[int, int | None]:
    """Whom the campaign calls, and as which lead."""
    return floor.ledger.lead_of(campaign, index, crowd.known(at)) or (index, None)


def _dialed(floor: Floor, row: Row, index: int, lead: int | None) -> Row:
    """The row with lead and attempt; whoever keeps the books is told."""
    _note_talk(floor, row)
    if lead is None:
        return (*row, None, None)
    floor.ledger.note(index, row[_OUTCOME], row[_RESULT])
    return (*row, f"made-{row[0]}"[:40], lead)


def _note_talk(floor: Floor, row: Row) -> None:
    if row[_AGENT] is not None and row[_BRIDGED_AT] is not None:
        campaign = row[CALL_COLUMNS.index("campaign_id")]
        floor.shifts.talked(row[_AGENT], campaign, row[0], row[_BRIDGED_AT], row[_ENDED_AT])


def attempts(rows: Sequence[Row], since: datetime) -> list[Row]:
    """The attempts behind those of the calls that a campaign made since then."""
    made = []
    for row in rows:
        call = dict(zip(CALL_COLUMNS, row, strict=True))
        if call["attempt_id"] is None or call["started_at"] < since:
            continue
        began, ended = call["started_at"], call["ended_at"]
        head = (call["attempt_id"], call["campaign_id"], call["lead_id"], call["number"], TRUNK, CALLER_ID)
        marks = (call["answered_at"], call["bridged_at"], ended, call["outcome"], call["cause"], call["disposition"])
        made.append((*head, call["agent_id"], False, began, began + _LEASE, *marks, ended))
    return made


def _instants(crowd: Crowd, random: Random) -> Iterator[datetime]:
    """As many instants as calls are wanted, in order, thick where people telephone."""
    wanted = crowd.wanted
    hours = int(SPAN / timedelta(hours=1))
    weights = []
    for n in range(hours):
        at = wanted.since + timedelta(hours=n)
        weights.append(_HOURS[at.hour] * _DAYS[at.weekday()] * (1 + (_GROWTH - 1) * n / hours))
    sums = list(accumulate(weights))
    done = 0
    for n, upto in enumerate(sums):
        due = round(wanted.calls * upto / sums[-1])
        begins = wanted.since + timedelta(hours=n)
        for seconds in sorted(random.random() * 3600 for _ in range(due - done)):
            yield begins + timedelta(seconds=seconds)
        done = due


def _answer_rate(hour: int) -> float:
    """Of people called: two in ten in the morning, four in ten after work."""
    return 0.22 + 0.02 * max(0, min(9, hour - 4))


def _outgoing(
    chance: Any, crowd: Crowd, call_id: str, index: int, at: datetime, campaign: int | None, agent: int | None
) -> Row:
    by_bot = agent is None
    ringing = at + timedelta(seconds=1 + 2 * chance())
    head = (call_id, "pbx", "outgoing", campaign, crowd.first_id + index, True)
    number = crowd.number(index)
    if chance() >= _answer_rate(at.hour):
        outcome, cause = _OUTCOMES[bisect(_OUTCOME_SUMS, chance() * 100)]
        ended = ringing + timedelta(seconds=4 + 21 * chance())
        return (*head, None, number, _LINE, at, ringing, None, None, ended, outcome, cause, None, "", None)
    answered = ringing + timedelta(seconds=3 + 15 * chance())
    if not by_bot and chance() < 0.02:
        ended = answered + timedelta(seconds=2 + 2 * chance())
        return (*head, None, number, _LINE, at, ringing, answered, None, ended, "abandoned", 16, None, "", None)
    bridged = None if by_bot else answered + timedelta(seconds=chance())
    ended = answered + timedelta(seconds=8 + 110 * chance() * chance() * 2)
    result = None if by_bot else _RESULT_CODES[bisect(_RESULT_SUMS, chance() * 100)]
    return (*head, agent, number, _LINE, at, ringing, answered, bridged, ended, "answered", 16, result, "", None)


def _incoming(chance: Any, crowd: Crowd, floor: Floor, call_id: str, index: int, at: datetime) -> Row:
    head = (call_id, "pbx", "incoming", None, crowd.first_id + index, chance() < 0.9)
    number, late = crowd.number(index), not 4 <= at.hour < 13
    if chance() < (0.9 if late else 0.12):  # nobody took it
        ended = at + timedelta(seconds=5 + 40 * chance())
        return (*head, None, number, _LINE, at, at, None, None, ended, "no_answer", 16, None, "", late)
    answered = at + timedelta(seconds=2 + 20 * chance())
    ended = answered + timedelta(seconds=20 + 240 * chance() * chance())
    agent = floor.shifts.somebody(at, chance)
    result = "interested" if chance() < 0.1 else None
    return (*head, agent, number, _LINE, at, at, answered, answered, ended, "answered", 16, result, "", late)
