"""Deals as the API tells and takes them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from crm_core.db.deal_desk import DealSeen, DealsWanted
from crm_core.domain.access import Actor
from crm_core.domain.board import BoardWanted, Card, Column
from crm_core.domain.contacts import Moment, MomentKind
from crm_core.domain.sales import StageKind
from crm_core.web.api.pipelines import StageOut
from crm_core.web.api.routing import Model
from crm_core.web.api.shown import number_for, text_for

Id = Annotated[int, Field(ge=1, lt=2**62)]
IdOrNobody = Annotated[int, Field(ge=0, lt=2**62)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Text = Annotated[str, Field(max_length=100)]
Cursor = Annotated[str, Field(max_length=2000)]
OwnFields = dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=1000)] | float | bool | None]


class WholeDealOut(Model):
    """A deal. `since`: when it came into its stage; `number`: its contact's first; `call_id`: the call that made it."""

    id: int
    version: int
    title: str
    pipeline_id: int
    pipeline: str
    stage_id: int
    stage: str
    kind: StageKind
    contact_id: int | None
    contact: str | None
    number: str | None
    company_id: int | None
    company: str | None
    owner_id: int | None
    owner: str | None
    amount: Decimal | None
    currency: str | None
    call_id: str | None
    fields: dict[str, Any]
    created_at: datetime
    since: datetime
    closed_at: datetime | None
    lost_reason: str | None


class DealCardOut(Model):
    """A deal on the board. `next_step` and `next_at` are of its open task that is due first; `stuck`: it has stood in
    its stage for longer than the stage allows."""

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
    next_step: str | None
    next_at: datetime | None
    last_call_at: datetime | None


class DealColumnOut(Model):
    """A stage of the board: all its deals counted, summed by currency, and the newest as cards. `next` asks for more
    of them at /deals/cards."""

    stage: StageOut
    count: int
    sums: dict[str, Decimal]
    cards: list[DealCardOut]
    next: str | None


class DealBoardOut(Model):
    pipeline_id: int
    pipeline: str
    columns: list[DealColumnOut]


class StageAgeOut(Model):
    """How long the deals of an open stage have stood there, on average."""

    stage_id: int
    average_seconds: int


class DealMomentOut(Model):
    """An entry of the timeline; `key` is the id of the call, task, note or move; of a move `text` is the stage."""

    at: datetime
    kind: MomentKind
    key: str
    text: str
    state: str


class BoardQuery(Model):
    """Which deals. `owner` 0: nobody's. `text`: words that begin words of the title or the contact's name."""

    owner: IdOrNobody | None = None
    text: Text = ""
    stuck: bool = False
    created_from: AwareDatetime | None = None
    created_before: AwareDatetime | None = None


class WholeBoardQuery(BoardQuery):
    pipeline: Id | None = None


class AgesQuery(Model):
    """Whose deals. `owner` 0: nobody's."""

    owner: IdOrNobody | None = None
    pipeline: Id | None = None


class CardsQuery(BoardQuery):
    stage: Id
    cursor: Cursor | None = None


class DealsQuery(Model):
    """Which deals. `owner` 0: nobody's. `sort`: "-" before it for descending."""

    pipeline: Id | None = None
    stage: Id | None = None
    owner: IdOrNobody | None = None
    contact: Id | None = None
    company: Id | None = None
    kind: Annotated[list[StageKind], Field(max_length=4)] = Field(default_factory=list)
    text: Text = ""
    sort: Literal["created_at", "-created_at", "amount", "-amount", "moved_at", "-moved_at"] = "-created_at"

    def wanted(self) -> DealsWanted:
        return DealsWanted(
            self.pipeline, self.stage, self.owner, self.contact, self.company, tuple(self.kind), self.text
        )


class DealQuery(DealsQuery):
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class StoryQuery(Model):
    before: AwareDatetime | None = None


class DealChanges(Model):
    """What is to be changed; what is left out stays, null clears. `company` is a name, made if there is none."""

    title: Title | None = None
    amount: Amount | None = None
    currency: Currency | None = None
    contact_id: Id | None = None
    company: Title | None = None
    owner_id: Id | None = None
    fields: OwnFields | None = None


class NewDeal(DealChanges):
    """A deal to be made. Without `stage_id` it stands in the first open stage of the default pipeline; without
    `owner_id` it is the asker's own."""

    title: Title
    stage_id: Id | None = None


class NewDealNote(Model):
    text: Annotated[str, Field(min_length=1, max_length=10_000)]


class DealNoteMade(Model):
    id: int


def deal_out(actor: Actor, deal: DealSeen) -> WholeDealOut:
    values = {name: getattr(deal, name) for name in WholeDealOut.model_fields}
    values["number"] = number_for(actor, deal.number) if deal.number else None
    for name in ("title", "contact", "company"):
        values[name] = text_for(actor, values[name]) if values[name] else values[name]
    if actor.masked:
        values["fields"] = {key: text_for(actor, str(value)) for key, value in deal.fields.items()}
    return WholeDealOut.model_validate(values)


def card_out(actor: Actor, card: Card) -> DealCardOut:
    values = {name: getattr(card, name) for name in DealCardOut.model_fields}
    for name in ("title", "contact", "next_step"):
        values[name] = text_for(actor, values[name]) if values[name] else values[name]
    return DealCardOut.model_validate(values)


def column_out(actor: Actor, column: Column) -> DealColumnOut:
    return DealColumnOut(
        stage=StageOut.model_validate(column.stage),
        count=column.deals,
        sums=column.sums,
        cards=[card_out(actor, card) for card in column.cards],
        next=column.after,
    )


def given_in(body: DealChanges) -> dict[str, Any]:
    """What the body holds, as handlers take it; a null title changes nothing."""
    given = body.model_dump(exclude_unset=True, include=set(DealChanges.model_fields))
    if given.get("title") is None:
        given.pop("title", None)
    return {name: {} if name == "fields" and value is None else value for name, value in given.items()}


def board_wanted(query: BoardQuery) -> BoardWanted:
    return BoardWanted(query.owner, query.text, query.created_from, query.created_before, query.stuck)


def moment_out(actor: Actor, moment: Moment) -> DealMomentOut:
    text = text_for(actor, moment.text)
    return DealMomentOut(at=moment.at, kind=moment.kind, key=moment.key, text=text, state=moment.state)
