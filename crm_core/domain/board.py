"""The kanban of a pipeline: its columns with their sums, and the cards in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from crm_core.domain.sales import StageKind

#: Cards of a column that come with the board.
CARDS = 20


@dataclass(frozen=True, slots=True)
class BoardWanted:
    """Which deals a board shows. `owner_id` 0 is nobody's. `text`: words that begin words of the deal's title or of its
    contact's name. Deals won and lost are shown for so long after they were closed."""

    owner_id: int | None = None
    text: str = ""
    created_from: datetime | None = None
    created_before: datetime | None = None
    only_stuck: bool = False
    closed_within: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class BoardStage:
    """A column's stage. A deal that stands in it for more than `stuck_after_days` is stuck; None: none ever is."""

    id: int
    pipeline_id: int
    name: str
    position: int
    kind: StageKind
    required_fields: tuple[str, ...]
    stuck_after_days: int | None

    @property
    def is_open(self) -> bool:
        return self.kind in (StageKind.UNSORTED, StageKind.OPEN)

    def stuck_before(self, now: datetime) -> datetime | None:
        """Deals that have stood here since before that instant are stuck."""
        if self.stuck_after_days is None or not self.is_open:
            return None
        return now - timedelta(days=self.stuck_after_days)


@dataclass(frozen=True, slots=True)
class Card:
    """A deal on the board. `since`: when it came into its stage. `next_step` and `next_at` are of the open task that is
    due first, `last_call_at` of the last call with the contact."""

    id: int
    version: int
    stage_id: int
    title: str
    amount: Decimal | None
    currency: str | None
    contact_id: int | None
    contact: str | None
    owner_id: int | None
    owner: str | None
    created_at: datetime
    since: datetime
    stuck: bool
    next_step: str | None = None
    next_at: datetime | None = None
    last_call_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A stage with all its deals counted, summed by currency (ISO 4217), and the first of them as cards. `after` asks
    for the next; None: there are none."""

    stage: BoardStage
    deals: int
    sums: dict[str, Decimal]
    cards: tuple[Card, ...]
    after: str | None
