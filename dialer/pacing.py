"""Pacing: how many lines to open and how many to give up, from a snapshot, a policy and what was learned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from crm_core.domain.campaigns import CampaignPolicy, DialMode
from crm_core.domain.floor import Floor
from dialer import budget
from dialer.abandon import abandons_left
from dialer.laws import FCC, Law
from dialer.learning import Learned, logged_in
from dialer.lookahead import Sight, answering, risk_of_one_more, risk_soon, sight_of
from dialer.outlook import Tables, ring_ages

#: Lines that ring long are given up when the risk of the next moment is so many times the price of a new line.
GIVE_UP_ABOVE = 2.5
#: A line given up is a phone that rang for nothing: it costs a share of what a new line is worth (the chance that a
#: person answers it, times the price), and must save more than that. The share is so many times that same chance: the
#: more phones ring for nothing anyway, the less one more of them counts. Once the budget is spent that is nothing.
_RANG_FOR_NOTHING = 0.7
#: Lines of which less than this share will be answered in the next moment are never worth giving up.
_NO_HELP = 0.002
#: Lines per agent while nothing is known; twice as many after so many answers seen or expected.
_START, _DOUBLED_AFTER, _DOUBLED_PER_AGENT = 1.5, 4.0, 0.1


class Why(StrEnum):
    """What bounded a decision."""

    MODE = "mode"  # the mode looks at no risk
    NO_AGENTS = "no_agents"
    NO_ROOM = "no_room"
    RISK = "risk"  # one more line would risk more than the budget bears
    BUDGET_SPENT = "budget_spent"  # only lines that cost nobody


@dataclass(frozen=True, slots=True)
class Decision:
    """`risk` is what a further line would bring, `price` what it might; all are kept with each abandoned call."""

    lines_to_open: int
    lines_to_give_up: int = 0
    why: Why = Why.MODE
    risk: float = 0.0
    price: float = 0.0
    answering: float = 0.0  # people expected to answer what rings already
    coming: float = 0.0  # agents expected to come free until then
    answer_chance: float = 0.0  # of a new line


def decide(
    floor: Floor, policy: CampaignPolicy, learned: Learned | None = None, law: Law = FCC, rest: float = 0.0
) -> Decision:
    """Return what to do now: never fewer than no lines, never beyond the policy's, never one without an agent.

    `rest`: share of the agents that shall be free on average (1 less the greatest occupancy wanted).
    """
    room = policy.max_lines - floor.open_lines
    if policy.mode is DialMode.BOT:
        return Decision(max(0, room))
    if policy.mode is DialMode.PREDICTIVE and learned is not None:
        return _predictive(floor, policy, learned, law, rest, room)
    if floor.agents_available + floor.agents_wrapping_up == 0:
        return Decision(0, why=Why.NO_AGENTS)
    return Decision(max(0, min(room, _by_mode(floor, policy))))


def lines_to_open(floor: Floor, policy: CampaignPolicy) -> int:
    """The lines of `decide` where nothing was learned."""
    return decide(floor, policy).lines_to_open


def _by_mode(floor: Floor, policy: CampaignPolicy) -> int:
    match policy.mode:
        case DialMode.PREVIEW | DialMode.BOT:
            return 0
        case DialMode.PROGRESSIVE | DialMode.PREDICTIVE:
            return _one_per_agent(floor)
        case DialMode.POWER:
            return _several_per_agent(floor, policy)


def _one_per_agent(floor: Floor) -> int:
    """Lines that cannot abandon anybody as long as no agent goes away."""
    return floor.agents_available - len(floor.ringing_since) - floor.waiting


def _several_per_agent(floor: Floor, policy: CampaignPolicy) -> int:
    """A fixed number of lines per agent, as far as the abandon limit bears it; else one per agent."""
    sure = _one_per_agent(floor)
    left = abandons_left(floor, policy.abandon_limit)
    if left < 1:
        return sure
    unanswered = len(floor.ringing_since)
    held = min(floor.guaranteed, unanswered)  # a guaranteed line that was answered has its agent already
    free, ringing = max(0, floor.agents_available - floor.waiting - held), unanswered - held
    wanted = math.floor(free * policy.lines_per_agent) - ringing
    if math.isinf(left):
        return max(sure, wanted)
    # Lines beyond the free agents may all be answered at once: no more of them than the limit can be expected to bear.
    bearable = free + math.floor(left / _cautious_answer_rate(floor)) - ringing
    return max(sure, min(wanted, bearable))


def _cautious_answer_rate(floor: Floor) -> float:
    """The recent answer rate as if one more person had answered: never 0, and never lower than seen."""
    return (floor.recent_people + 1) / (floor.recent_dials + 1)


def _predictive(floor: Floor, policy: CampaignPolicy, learned: Learned, law: Law, rest: float, room: int) -> Decision:
    agents, tables = logged_in(floor), learned.tables
    least = law.ring_at_least.total_seconds()
    may_give_up = sum([age >= least for age in ring_ages(floor)])
    if agents == 0:
        return Decision(0, may_give_up, Why.NO_AGENTS)
    sight = sight_of(floor, tables)
    limit = min(law.limit, policy.abandon_limit)
    last = len(tables.looks) - 1
    in_flight = sight.answering[last].mean
    spent = budget.is_spent(learned.spending, floor, limit, agents, tables.handling, in_flight)
    price = budget.ZERO_RISK if spent else budget.price(learned.spending, floor, limit, agents, tables.handling)
    resting = budget.held_back(learned.spending, rest, agents)
    if resting:
        price = min(price, budget.WHILE_RESTING)
    kept_free = budget.kept_free(learned.spending, floor, limit, agents, tables.handling) if spent else 0
    held = sight.fuller(resting + kept_free)
    per_agent = min(policy.max_lines_per_agent, _bearable(learned, agents))
    most = max(0, min(room, math.ceil(per_agent * agents) - len(sight.ages)))
    lines, risk = _lines(held, tables, price, most)
    # Whoever rests is there for people who would find nobody: lines are given up by the risk itself.
    saves = _RANG_FOR_NOTHING * price * tables.answers[0][last] ** 2
    given_up = 0 if lines else _too_many(sight, tables, may_give_up, GIVE_UP_ABOVE * price, saves)
    return Decision(
        lines,
        given_up,
        Why.NO_ROOM if room <= 0 else Why.BUDGET_SPENT if spent else Why.RISK,
        risk,
        price,
        in_flight,
        sight.freed[last].mean,
        tables.answers[0][last],
    )


def _bearable(learned: Learned, agents: int) -> float:
    """Lines per agent, growing with the answers seen or looked for in vain."""
    known = learned.slow.answered + learned.slow.expected
    return _START * (1 + known / (_DOUBLED_AFTER + _DOUBLED_PER_AGENT * agents))


def _lines(sight: Sight, tables: Tables, price: float, most: int) -> tuple[int, float]:
    """The greatest number of lines of which the last is worth its price, and the risk of one more.

    The risk grows with each line: doubled until it is too many, then halved between.
    """
    least, beyond = 0, 1
    while True:
        beyond = min(beyond, most)
        if least >= beyond:
            return most, price
        risk = risk_of_one_more(sight, tables, beyond - 1, price)
        if risk > price:
            break
        least, beyond = beyond, 2 * beyond
    while beyond - least > 1:
        middle = (least + beyond) // 2
        here = risk_of_one_more(sight, tables, middle - 1, price)
        if here > price:
            beyond, risk = middle, here
        else:
            least = middle
    return least, risk


def _too_many(sight: Sight, tables: Tables, most: int, bearable: float, saves: float) -> int:
    """How many of the oldest lines to give up, for agents have filled up since; none unless each saves so many people
    from finding nobody."""
    if most == 0 or (risk := risk_soon(sight, sight.answering)) <= bearable:
        return 0
    some = answering(sight.ages[:most], tables)[-1]
    if some.mean < _NO_HELP * most or some.mean * (risk - bearable) < saves * most:
        return 0
    least, beyond = 0, most
    while beyond - least > 1:
        middle = (least + beyond) // 2
        if risk_soon(sight, answering(sight.ages[middle:], tables)) > bearable:
            least = middle
        else:
            beyond = middle
    return beyond
