"""One pacing decision on a great floor: a thousand operators, five thousand lines."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from crm_core.domain.campaigns import CampaignPolicy, DialMode
from crm_core.domain.floor import Floor
from dialer.learning import End, Happened, Learned, learn, nothing_learned
from dialer.pacing import decide
from tests.bench.rows import Row, figure, percentile, under
from tests.bench.site import Say

OPERATORS, LINES = 1000, 5000
_ANSWERING = 0.035  # at which five thousand lines ring for a thousand operators
_DECISIONS = 200
_AT = datetime(2026, 1, 1, 9, tzinfo=UTC)


async def measure(folder: Path, say: Say) -> list[Row]:
    """The floor changes from one decision to the next as in a second of calling; learning is measured apart."""
    say(f"pacing decision: {OPERATORS:,} operators, {LINES:,} lines, {_DECISIONS} times")
    random, policy = Random(1), CampaignPolicy("carrier", DialMode.PREDICTIVE, max_lines=10_000, max_lines_per_agent=10)
    learned = _after_an_hour(policy, random)
    deciding, learning, opened = [], [], 0
    for second in range(_DECISIONS):
        floor = _floor(random, second)
        began = time.process_time()
        learned = learn(learned, _happened(random), floor, policy.abandon_limit)
        between = time.process_time()
        opened += decide(floor, policy, learned).lines_to_open
        deciding.append((time.process_time() - between) * 1000)
        learning.append((between - began) * 1000)
    if not opened:
        raise RuntimeError("no line was opened: that is no floor to measure on")
    return [
        under(
            "pacing: one decision, 1,000 operators, 5,000 lines, processor, p95", percentile(deciding, 0.95), "ms", 5
        ),
        figure("pacing: one decision, 1,000 operators, 5,000 lines, p50", percentile(deciding, 0.5), "ms"),
        figure("pacing: learning from one second of it, p95", percentile(learning, 0.95), "ms"),
    ]


def _after_an_hour(policy: CampaignPolicy, random: Random) -> Learned:
    learned = nothing_learned(policy)
    for second in range(600):
        learned = learn(learned, _happened(random), replace(_floor(random, second), people=0), policy.abandon_limit)
    return learned


def _happened(random: Random) -> Happened:
    """What a second brings: some two hundred lines end, ten of them by a person; ten talks and wrap-ups."""
    lines = [
        (random.uniform(4, 20), End.PERSON) if random.random() < _ANSWERING else (25.0, End.OTHER) for _ in range(200)
    ]
    talks = [random.lognormvariate(4.25, 0.7) for _ in range(10)]
    return Happened(tuple(lines), tuple(talks), tuple(random.uniform(5, 25) for _ in range(10)))


def _floor(random: Random, second: int) -> Floor:
    at = _AT + timedelta(seconds=second)
    wrapping, idle = OPERATORS // 8, random.randint(5, 40)
    talking = OPERATORS - wrapping - idle

    def since(count: int, longest: float) -> tuple[datetime, ...]:
        return tuple(sorted(at - timedelta(seconds=random.uniform(0, longest)) for _ in range(count)))

    return Floor(
        at=at,
        agents_available=idle,
        agents_ringing=0,
        agents_on_call=talking,
        agents_wrapping_up=wrapping,
        agents_paused=0,
        ringing_since=since(LINES - random.randint(0, 300), 25),
        waiting=random.randint(0, 2),
        open_lines=LINES,
        guaranteed=0,
        recent_dials=1000,
        recent_people=50,
        people=40_000 + 10 * second,
        abandoned=1_000,
        talking_since=since(talking, 200),
        wrapping_since=since(wrapping, 20),
        seconds_left=20_000.0,
    )
