"""Rehearsals: what a campaign will come to, and how it compared with that."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from crm_core.domain.access import Right
from crm_core.domain.rehearsal import Kept
from crm_core.handlers.rehearsal import LEAST_RUNS, MOST_OPERATORS, MOST_RUNS, Wanted, last_rehearsal
from crm_core.handlers.rehearsal_compare import compared_as
from crm_core.web.api.routing import Asked, Model, Routes
from crm_core.web.rehearsal_tools import UnderWay, begin, stop, under_way

routes = Routes("campaigns")


class Rehearsing(Model):
    """What is asked. `operators` left out: those logged in for the campaign; `begins_at`: now. `by`: how many operators
    would finish by then? `runs`: futures tried out."""

    operators: int | None = Field(None, ge=1, le=MOST_OPERATORS)
    begins_at: AwareDatetime | None = None
    by: AwareDatetime | None = None
    runs: int = Field(20, ge=LEAST_RUNS, le=MOST_RUNS)


class EstimateOut(Model):
    """A figure, and the range that holds it nine times of ten. `seen`: cases it is from; 0: it is assumed."""

    value: float
    low: float
    high: float
    seen: int


class HourOut(Model):
    """One hour as expected. `callbacks`: calls promised to people that come due in it."""

    at: datetime
    dials: float
    dials_low: float
    dials_high: float
    people: float
    callbacks: float
    occupancy: float


class PartOut(Model):
    """Leads of one list in one zone: how likely people answer by hour of their zone, and the hours that stand out."""

    list_name: str
    zone: str
    leads: int
    hours: dict[int, EstimateOut]
    best: list[int]


class ForecastOut(Model):
    """What the campaign is expected to come to. `finish` is as likely early as late, `finish_low` to `finish_high` hold
    nine of ten runs; null: not within sixty days. `operators_by`: how many would finish by `by`; null: no number would.
    `occupancy_due`: while there was somebody to dial. `assumed`: figures of which past calls tell nothing."""

    operators: int
    begins_at: datetime
    runs: int
    leads: int
    finish_low: datetime | None
    finish: datetime | None
    finish_high: datetime | None
    finished: float
    dials: EstimateOut
    people: EstimateOut
    talks: EstimateOut
    reached: EstimateOut
    occupancy: EstimateOut
    occupancy_due: EstimateOut
    abandoned_share: EstimateOut
    talk_minutes: EstimateOut
    hours: list[HourOut]
    parts: list[PartOut]
    by: datetime | None
    operators_by: int | None
    assumed: list[str]
    dials_seen: int


class ComparedOut(Model):
    """One figure as expected and as it came about."""

    name: str
    expected: EstimateOut
    happened: float
    within: bool


class ComparisonOut(Model):
    """The last rehearsal before the first dial beside what happened until `until`."""

    until: datetime
    is_final: bool
    finished_at: datetime | None
    figures: list[ComparedOut]


class RehearsalOut(Model):
    """The last rehearsal, and the one under way: `done` of `whole` steps. `error`: why the last one came to nothing."""

    under_way: bool
    done: int
    whole: int
    error: str
    made_at: datetime | None
    made_by: str | None
    forecast: ForecastOut | None
    comparison: ComparisonOut | None


@routes("POST", "/campaigns/{campaign_id}/rehearsal", right=Right.CHANGE_CAMPAIGNS, errors=(429, 503))
async def rehearse_campaign(asked: Asked, campaign_id: int, body: Rehearsing) -> RehearsalOut:
    """Begin to rehearse the campaign; ask with GET until it is not under way any more."""
    wanted = Wanted(body.operators, body.begins_at, body.by, body.runs)
    made = await begin(asked.request, asked.actor, campaign_id, wanted)
    return _shown(made, await last_rehearsal(asked.actor, campaign_id, asked.database), None)


@routes("GET", "/campaigns/{campaign_id}/rehearsal", right=Right.SEE_CAMPAIGNS)
async def campaign_rehearsal(asked: Asked, campaign_id: int) -> RehearsalOut:
    """The last rehearsal of the campaign, and the comparison with what happened."""
    made = under_way(asked.request, campaign_id)  # first: one that ends now is read as kept
    kept = await last_rehearsal(asked.actor, campaign_id, asked.database)
    compared = await compared_as(asked.actor, campaign_id, asked.database, asked.now)
    return _shown(made, kept, compared)


@routes("DELETE", "/campaigns/{campaign_id}/rehearsal", right=Right.CHANGE_CAMPAIGNS)
async def stop_rehearsal(asked: Asked, campaign_id: int) -> None:
    """Stop the rehearsal under way; those made before stay."""
    await last_rehearsal(asked.actor, campaign_id, asked.database)
    await stop(asked.request, campaign_id)


def _shown(made: UnderWay | None, kept: Kept | None, compared: Kept | None) -> RehearsalOut:
    return RehearsalOut(
        under_way=made is not None and not made.over,
        done=0 if made is None else made.done,
        whole=100 if made is None else made.whole,
        error="" if made is None else made.error,
        made_at=None if kept is None else kept.made_at,
        made_by=None if kept is None else kept.made_by,
        forecast=None if kept is None else _forecast(kept),
        comparison=None
        if compared is None or compared.compared is None
        else ComparisonOut.model_validate(compared.compared),
    )


def _forecast(kept: Kept) -> ForecastOut:
    found = kept.forecast
    values = {name: getattr(found, name) for name in ForecastOut.model_fields}
    parts = [
        PartOut(
            list_name=one.part.list_name,
            zone=one.part.zone,
            leads=one.leads,
            hours={hour: EstimateOut.model_validate(share) for hour, share in one.hours.items()},
            best=list(one.best),
        )
        for one in found.parts
    ]
    return ForecastOut.model_validate(values | {"parts": parts})
