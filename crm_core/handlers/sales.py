"""Deals: made, moved with their history, listed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from crm_core.commands import CreateDeal
from crm_core.db import sales
from crm_core.db.contacts import contact_by_id
from crm_core.db.engine import Database
from crm_core.db.sales import DealLine, NewDeal, StageMove
from crm_core.domain.rule_acts import stage_named
from crm_core.domain.sales import Stage
from crm_core.errors import BadInput

#: Numeric(14, 2): twelve digits before the point.
_LARGEST = Decimal("999999999999.99")


async def create_deal(command: CreateDeal, database: Database, now: datetime) -> int:
    """Make a deal in the default pipeline; returns its id. Raises BadInput, and NotFound for the contact."""
    if not command.title.strip():
        raise BadInput("title", "a deal needs a title")
    check_money(command.amount, command.currency)
    async with database.work() as work:
        stages = _some(await sales.default_stages(work))
        if command.contact_id is not None:
            await contact_by_id(work, command.contact_id)
        stage = stages[0] if command.stage is None else stage_named(stages, command.stage)
        new = NewDeal(
            title=command.title.strip()[:200],
            stage=stage,
            contact_id=command.contact_id,
            owner_id=command.owner_id,
            amount=command.amount,
            currency=command.currency,
        )
        return await sales.create_deal(work, new, command.by, now)


def check_money(amount: Decimal | None, currency: str | None) -> None:
    """Raise BadInput unless both are given or neither, the amount fits, and the currency looks like ISO 4217."""
    if amount is None and currency is None:
        return
    if amount is None or currency is None:
        raise BadInput("amount", "an amount and its currency belong together", "Give both, such as 1500 USD")
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise BadInput("currency", f"{currency!r} is no currency code", "Write three capital letters, such as UZS")
    if not amount.is_finite() or abs(amount) > _LARGEST:
        raise BadInput("amount", f"{amount} is no sum of money")
    if amount != amount.quantize(Decimal("0.01")):
        raise BadInput("amount", f"{amount} has more than two decimals")


def _some(found: list[Stage]) -> list[Stage]:
    if not found:
        raise BadInput("pipeline", "there is no pipeline yet", "Run `trunkline rules install` once")
    return found


async def move_deal(deal_id: int, stage: str, by: str, database: Database, now: datetime) -> bool:
    """Put a deal into another stage (Won and Lost are stages too); False if it stands there. Raises NotFound."""
    async with database.work() as work:
        stages = _some(await sales.default_stages(work))
        return await sales.move_deal(work, deal_id, stage_named(stages, stage), by, now)


async def list_deals(
    database: Database,
    *,
    stage: str | None = None,
    owner_id: int | None = None,
    only_open: bool = False,
    limit: int = 100,
) -> list[DealLine]:
    """Deals, newest first. Raises BadInput for an unknown stage."""
    async with database.reading() as work:
        stage_id = None
        if stage is not None:
            stage_id = stage_named(await sales.default_stages(work), stage).id
        return await sales.deal_lines(work, stage_id=stage_id, owner_id=owner_id, only_open=only_open, limit=limit)


async def deal_history(deal_id: int, database: Database) -> list[StageMove]:
    """How a deal moved; raises NotFound."""
    async with database.reading() as work:
        return await sales.deal_history(work, deal_id)
