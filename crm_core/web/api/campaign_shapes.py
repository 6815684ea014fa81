"""What campaigns look like in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from crm_core.domain.campaign_board import DialStage
from crm_core.domain.campaign_orders import Order
from crm_core.domain.campaigns import CampaignPolicy, CampaignState
from crm_core.domain.leads import WhyNot
from crm_core.domain.policy_words import Sentence, sentences
from crm_core.handlers.campaign_desk import Card, Since
from crm_core.web.api.lists import LeadOut, LeadsQuery
from crm_core.web.api.routing import Model

Id = Annotated[int, Field(ge=1, lt=2**62)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
#: Durations leave as they come in: seconds.
_SECONDS = ConfigDict(extra="forbid", frozen=True, from_attributes=True, ser_json_timedelta="float")


class TeamOut(Model):
    id: int
    name: str


class FiguresOut(Model):
    """`today`: counters of the UTC day; `abandoned_share` over the window of the policy; `lines` open now."""

    today: dict[str, int]
    abandoned_share: float
    lines: dict[str, int]
    agents: dict[str, int]


class CampaignOut(Model):
    """A campaign. `leads_open` and `leads_closed`: how far it is; `orders`: what may be asked of it now."""

    id: int
    name: str
    state: CampaignState
    mode: str
    created_at: datetime
    teams: list[TeamOut]
    leads_open: int
    leads_closed: int
    dialed: int
    figures: FiguresOut
    pilot: int | None
    pilot_left: int | None
    pilot_is_over: bool
    approved_at: datetime | None
    approved_by: str | None
    orders: list[Order]


class SentenceOut(Model):
    """One sentence of what a policy means: its id and the values in it."""

    id: str
    values: dict[str, Any]


class PolicyOut(Model):
    """The rules. `version` belongs into If-Match when they are changed; durations are seconds."""

    model_config = _SECONDS

    version: int
    policy: CampaignPolicy
    means: list[SentenceOut]


class CampaignQuery(Model):
    state: tuple[CampaignState, ...] = ()
    name: Annotated[str, Field(max_length=120)] = ""
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class NewCampaignIn(Model):
    """A campaign to be made. `lists`: names of lists whose leads it gets. What the policy leaves out has its default;
    durations are seconds."""

    name: Name
    policy: CampaignPolicy
    lists: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    team_ids: Annotated[tuple[Id, ...], Field(max_length=100)] = ()


class PolicyIn(Model):
    """The whole policy; what is left out has its default. Durations are seconds."""

    policy: CampaignPolicy


class TeamsIn(Model):
    team_ids: Annotated[list[Id], Field(max_length=100)]


class ListIn(Model):
    list_id: Id


class Attached(Model):
    added: int  # leads that are new to the campaign


class Ordered(Model):
    """The campaign, and what will keep it from dialing all the same."""

    campaign: CampaignOut
    warnings: list[str]


class DialOut(Model):
    """An open line; who the person is stays null where he is not yours to see."""

    id: str
    stage: DialStage
    since: datetime
    number: str | None
    contact_id: int | None
    contact: str | None
    agent: str | None


class MinuteOut(Model):
    """`at`: when the minute begins, in seconds since 1970."""

    at: int
    dialed: int
    people: int


class BoardOut(Model):
    """The campaign as it dials. `seconds_left`: until its leads are through, null when nobody can say; `stopped`: who
    stopped all dialing, why and when."""

    campaign: CampaignOut
    minutes: list[MinuteOut]
    seconds_left: float | None
    dials: list[DialOut]
    agents: list[dict[str, Any]]
    stopped: dict[str, str] | None


class FunnelQuery(Model):
    since: Since = Since.TODAY


class FunnelOut(Model):
    """What became of the dials. `results`: dispositions, `outcomes`: what the network said."""

    dialed: int
    answered: int
    people: int
    bridged: int
    with_result: int
    results: dict[str, int]
    outcomes: dict[str, int]


class QuotaOut(Model):
    """How a quota stands; `value` null: all the others."""

    field: str
    value: str | None
    completes: int
    complete: int
    under_way: int


class LaterOut(Model):
    count: int
    first: datetime
    last: datetime


class OutlookOut(Model):
    """What would be dialed if the campaign were started now. Until `ready`, `done` of `whole` leads are looked at;
    then `now` + all of `later` + all of `never` = `whole`."""

    begun_at: datetime
    ready: bool
    done: int
    whole: int
    now: int
    later: dict[WhyNot, LaterOut]
    never: dict[WhyNot, int]
    error: str


class WaitingQuery(LeadsQuery):
    """`why` left out: leads that are dialed now."""

    why: WhyNot | None = None


class WaitingOut(Model):
    """A lead with why it is not dialed now, and until when waiting alone helps."""

    lead: LeadOut
    why: WhyNot | None
    until: datetime | None


class Reason(Model):
    why: Annotated[str, Field(min_length=1, max_length=200)]


class DialingOut(Model):
    """Whether all dialing is stopped: by whom, why, when; null while it is not."""

    stopped: dict[str, str] | None


def campaign_out(card: Card) -> CampaignOut:
    campaign, progress = card.campaign, card.progress
    return CampaignOut(
        id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        mode=campaign.policy.mode.value,
        created_at=card.created_at,
        teams=[TeamOut.model_validate(team) for team in card.teams],
        leads_open=progress.open,
        leads_closed=progress.closed,
        dialed=card.dialed,
        figures=FiguresOut.model_validate(card.figures),
        pilot=campaign.policy.pilot,
        pilot_left=card.pilot_left,
        pilot_is_over=card.pilot_is_over,
        approved_at=campaign.approved_at,
        approved_by=card.approved_by,
        orders=list(card.orders),
    )


def policy_out(card: Card) -> PolicyOut:
    return PolicyOut(
        version=card.version, policy=card.campaign.policy, means=[_said(one) for one in sentences(card.campaign.policy)]
    )


def _said(sentence: Sentence) -> SentenceOut:
    return SentenceOut(id=sentence.id.value, values=sentence.plain())
