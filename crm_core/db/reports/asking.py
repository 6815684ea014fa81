"""What an ask means for a query: whose rows, which of them, and the arithmetic in which the databases differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, FromClause, Select, and_, case, cast, extract, func, select

from crm_core.db.attempts import PEOPLE
from crm_core.db.tables import calls, campaigns, deals, pipelines, teams, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import Condition, counted_calls, visible_campaigns, visible_deals, visible_users
from crm_core.domain.access import Actor, Sees
from crm_core.domain.reports import Ask, Span
from crm_core.errors import NotFound

_SECONDS_A_DAY = 86400.0
#: Rows are added up by quarters of an hour, the smallest step in which zones differ.
QUARTER = 900  # seconds
PEOPLE_VALUES = tuple(outcome.value for outcome in PEOPLE)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what; `span` in instants of the firm's zone."""

    actor: Actor
    ask: Ask
    span: Span

    def calls(self, of: FromClause = calls) -> list[Condition]:
        """Calls (or rows of a roll-up) that count, whenever they were."""
        found = [counted_calls(self.actor, of), *self._people(of.c.agent_id)]
        if self.ask.campaign_id is not None:
            found.append(of.c.campaign_id == self.ask.campaign_id)
        return found

    def deals(self, pipeline_id: int | None = None) -> list[Condition]:
        """Deals that count, whenever they were made; those of a campaign came of its calls."""
        found = [visible_deals(self.actor), *self._people(deals.c.owner_id)]
        if pipeline_id is not None:
            found.append(deals.c.pipeline_id == pipeline_id)
        if self.ask.campaign_id is not None:
            found.append(deals.c.call_id.in_(select(calls.c.id).where(calls.c.campaign_id == self.ask.campaign_id)))
        return found

    def users(self) -> list[Condition]:
        """Users whose figures are shown."""
        return [visible_users(self.actor), *self._people(users.c.id)]

    def within(self, at: ColumnElement[Any]) -> Condition:
        return and_(at >= self.span.begins, at < self.span.ends)

    def _people(self, owner: ColumnElement[Any]) -> list[Condition]:
        found: list[Condition] = []
        if self.ask.user_id is not None:
            found.append(owner == self.ask.user_id)
        if self.ask.team_id is not None:
            found.append(owner.in_(select(users.c.id).where(users.c.team_id == self.ask.team_id)))
        return found


async def check_named(work: UnitOfWork, actor: Actor, ask: Ask) -> None:
    """Raise NotFound for a team, user, campaign or pipeline that is named and not there for whoever asks."""
    if ask.team_id is not None:
        is_seen = actor.sees is Sees.ALL or ask.team_id == actor.team_id
        if not is_seen or await _missing(work, select(teams.c.id).where(teams.c.id == ask.team_id)):
            raise NotFound("team", ask.team_id)
    if ask.user_id is not None and await _missing(
        work, select(users.c.id).where(users.c.id == ask.user_id, visible_users(actor))
    ):
        raise NotFound("user", ask.user_id)
    if ask.campaign_id is not None and await _missing(
        work, select(campaigns.c.id).where(campaigns.c.id == ask.campaign_id, visible_campaigns(actor))
    ):
        raise NotFound("campaign", ask.campaign_id)
    if ask.pipeline_id is not None and await _missing(
        work, select(pipelines.c.id).where(pipelines.c.id == ask.pipeline_id)
    ):
        raise NotFound("pipeline", ask.pipeline_id)


async def _missing(work: UnitOfWork, query: Select[Any]) -> bool:
    return await work.scalar(query) is None


def seconds_between(work: UnitOfWork, begins: ColumnElement[Any], ends: ColumnElement[Any]) -> ColumnElement[float]:
    """NULL where one of the two is; SQLite has no intervals."""
    if work.connection.dialect.name == "sqlite":
        return cast((func.julianday(ends) - func.julianday(begins)) * _SECONDS_A_DAY, Float)
    return cast(extract("epoch", ends - begins), Float)


def quarter_of(work: UnitOfWork, at: ColumnElement[Any]) -> ColumnElement[int]:
    """How many quarters of an hour after 1970 (UTC)."""
    if work.connection.dialect.name == "sqlite":
        return cast(func.strftime("%s", at), BigInteger) // QUARTER
    return cast(func.floor(extract("epoch", at) / QUARTER), BigInteger)


def answered_by_person(outcome: ColumnElement[Any]) -> ColumnElement[int]:
    """How many of the rows a person answered."""
    return func.coalesce(func.sum(case((outcome.in_(PEOPLE_VALUES), 1), else_=0)), 0)


def amounts_of(rows: Iterable[tuple[str | None, Decimal | None]]) -> dict[str, Decimal]:
    """Rows of currency and sum as a mapping; those without money left out."""
    found: dict[str, Decimal] = {}
    for currency, amount in rows:
        if currency is not None and amount is not None:
            found[currency] = found.get(currency, Decimal(0)) + Decimal(amount)
    return found
