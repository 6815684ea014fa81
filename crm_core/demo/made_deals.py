"""Made-up deals on their way through the stages, and the tasks that go with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from crm_core.demo import made_words as words
from crm_core.demo.made_people import SPAN, Crowd, User
from crm_core.domain.sales import Stage, StageKind, TaskKind

Row = tuple[Any, ...]
#: Closed deals for each open one, and the share of them that was won.
CLOSED, _WON = 0.6, 0.42
#: Open deals are of the last half year, most of them of the last weeks.
_OPEN_DAYS, _MEAN_DAYS = 180, 40
_WITH_AMOUNT, _OPEN_TASK, _DONE_TASK = 0.85, 0.5, 0.6

DEAL_COLUMNS = (
    *("id", "title", "pipeline_id", "stage_id", "contact_id", "company_id", "owner_id", "amount", "currency"),
    *("created_at", "moved_at", "closed_at", "lost_reason"),
)
MOVE_COLUMNS = ("deal_id", "stage_id", "by", "at")
TASK_COLUMNS = (
    *("kind", "title", "due_at", "responsible_id", "contact_id", "deal_id", "number", "by"),
    *("created_at", "done_at", "done_by"),
)


@dataclass(frozen=True, slots=True)
class Made:
    """A deal with its history and tasks, as rows."""

    deal: Row
    moves: list[Row]
    tasks: list[Row]


def count(wanted_open: int) -> int:
    """Deals in all for so many open ones."""
    return wanted_open + int(wanted_open * CLOSED)


def deals(crowd: Crowd, stages: Sequence[Stage], sellers: Sequence[User], first_id: int) -> Iterator[Made]:
    """Open deals and closed ones in turn."""
    wanted, random = crowd.wanted, crowd.wanted.random("deals")
    on_the_way = [stage for stage in stages if stage.kind in (StageKind.UNSORTED, StageKind.OPEN)]
    ends = {kind: next(stage for stage in stages if stage.kind is kind) for kind in (StageKind.WON, StageKind.LOST)}
    every = count(wanted.deals)
    for index in range(every):
        if (index + 1) * wanted.deals // every > index * wanted.deals // every:
            age = min(random.expovariate(1 / _MEAN_DAYS), _OPEN_DAYS) + 0.01
            path = on_the_way[: random.randint(1, len(on_the_way))]
        else:
            age = 1 + random.random() * (SPAN.days - 1)
            won = random.random() < _WON
            path = on_the_way if won else on_the_way[: random.randint(1, len(on_the_way))]
            path = [*path, ends[StageKind.WON if won else StageKind.LOST]]
        yield _deal(random, crowd, first_id + index, wanted.until - timedelta(days=age), path, sellers)


def _deal(
    random: Random, crowd: Crowd, deal_id: int, made: datetime, path: Sequence[Stage], sellers: Sequence[User]
) -> Made:
    until = crowd.wanted.until
    index = random.randrange(crowd.known(made))
    group, owner = crowd.group(index), random.choice(sellers)
    thing, price = random.choice(words.GOODS[group])
    currency, rate = words.CURRENCIES[group]
    amount: Decimal | None = None
    if random.random() < _WITH_AMOUNT:
        amount = Decimal(int(price * rate * random.lognormvariate(0, 0.5) / 10 + 1) * 10)
    length = min(until - made, timedelta(days=45)) * random.random()
    at = [made + length * share for share in sorted(random.random() for _ in path[1:])]
    closed = at[-1] if path[-1].kind in (StageKind.WON, StageKind.LOST) else None
    lost = random.choice(words.LOST_REASONS) if path[-1].kind is StageKind.LOST else None
    unsorted = path[-1].kind is StageKind.UNSORTED
    row = (
        *(deal_id, f"{thing} {deal_id}", path[0].pipeline_id, path[-1].id, crowd.first_id + index),
        crowd.company(index),
        *(None if unsorted else owner.id, amount, currency if amount is not None else None),
        *(made, at[-1] if at else None, closed, lost),
    )
    moves = [(deal_id, path[0].id, "rule: interested", made)]
    moves += [(deal_id, stage.id, owner.name, when) for stage, when in zip(path[1:], at, strict=True)]
    return Made(row, moves, list(_tasks(random, crowd, index, row, owner)))


def _tasks(random: Random, crowd: Crowd, index: int, deal: Row, owner: User) -> Iterator[Row]:
    deal_id, made, closed = (deal[DEAL_COLUMNS.index(name)] for name in ("id", "created_at", "closed_at"))
    until = crowd.wanted.until

    def task(due: datetime, done: datetime | None) -> Row:
        callback = random.random() < 0.3
        return (
            *((TaskKind.CALLBACK if callback else TaskKind.FOLLOW_UP).value, random.choice(words.NEXT_STEPS), due),
            *(owner.id, crowd.first_id + index, deal_id, crowd.number(index) if callback else None),
            *(owner.name, made, done, owner.name if done else None),
        )

    if random.random() < _DONE_TASK:
        due = made + (until - made) * (random.random() * 0.2)
        yield task(due, min(until, due + timedelta(hours=random.expovariate(1 / 8))))
    if closed is None and random.random() < _OPEN_TASK:
        yield task(until + timedelta(days=random.gauss(2, 4)), None)
