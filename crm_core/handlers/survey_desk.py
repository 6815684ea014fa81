"""Surveys as somebody may see them: what was answered, where people left, who needs a call, files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from crm_core.db import audit, campaign_desk, dispositions, quotas, site, survey_desk, surveys, task_desk, tasks
from crm_core.db.engine import Database
from crm_core.db.survey_desk import SurveyRow
from crm_core.db.task_desk import TaskSeen
from crm_core.db.tasks import NewTask
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right, masked_number, masked_text
from crm_core.domain.campaigns import Campaign
from crm_core.domain.dispositions import Disposition
from crm_core.domain.quotas import counting
from crm_core.domain.sales import TaskKind
from crm_core.domain.survey_groups import Group, grouped, is_free
from crm_core.domain.surveys import Chosen, NeedsCall, SurveyResult, Talk
from crm_core.errors import Conflict
from crm_core.handlers.survey_files import export_talks
from crm_core.handlers.surveys import Which, chosen_of

#: So many of the latest answers to an open question are grouped.
FREE_LOOKED_AT = 2000
_NEEDING_SHOWN = 50
#: A field of the lists is a filter if it has no more values than that.
_MOST_VALUES = 30


@dataclass(frozen=True, slots=True)
class Step:
    """A question on the way: at how many the bot came there, and how many of them broke off there."""

    node: str
    reached: int
    left: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What a campaign's people said, as far as he sees them. `fields`: filters, and what each may be; `free`: the
    questions answered in words; `labels`: results of calls in words."""

    campaign: Campaign
    zone: str
    result: SurveyResult
    steps: tuple[Step, ...]
    needs: tuple[NeedsCall, ...]
    fields: Mapping[str, tuple[str, ...]]
    free: frozenset[str]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answers:
    """Conversations behind a figure, in order of time; `next` is where the others begin."""

    campaign: Campaign
    talks: tuple[Talk, ...]
    next: tuple[datetime, str] | None


async def list_surveys(actor: Actor, before: int | None, limit: int, database: Database) -> list[SurveyRow]:
    """The bot's campaigns he sees, the newest first. Raises Forbidden."""
    actor.require(Right.SEE_SURVEYS)
    async with database.reading() as work:
        return await survey_desk.survey_rows(work, actor, before, limit)


async def one_survey(actor: Actor, campaign_id: int, which: Which, database: Database, now: datetime) -> Survey:
    """Raises Forbidden, NotFound, and BadInput for a field or value no lead has."""
    async with database.reading() as work:
        campaign, chosen = await _seen(work, actor, campaign_id, which)
        known = await dispositions.all_dispositions(work)
        result = await surveys.results(work, campaign_id, chosen, counting(campaign.policy, known.values()))
        order = await survey_desk.node_order(work, campaign_id, chosen, sorted({*result.reached, *result.left_at}))
        return Survey(
            campaign=campaign,
            zone=(await site.calendar(work)).zone,
            result=result,
            steps=tuple(_step(result, node) for node in order),
            needs=tuple(
                await survey_desk.need_calls(work, actor, campaign_id, chosen, _wanting(known), now, _NEEDING_SHOWN)
            ),
            fields=await _fields(work, campaign_id, Chosen(by=actor)),
            free=frozenset(one.question for one in result.questions if is_free(one.counts)),
            labels={code: one.label for code, one in known.items()},
        )


async def free_groups(
    actor: Actor, campaign_id: int, question: str, which: Which, database: Database
) -> tuple[Campaign, tuple[Group, ...]]:
    """The latest answers to an open question, grouped by the words they share. Raises as `one_survey`."""
    async with database.reading() as work:
        campaign, chosen = await _seen(work, actor, campaign_id, which)
        found = await survey_desk.free_answers(work, campaign, chosen, question, FREE_LOOKED_AT)
    return campaign, grouped(found)


async def answers(
    actor: Actor,
    campaign_id: int,
    which: Which,
    database: Database,
    *,
    question: str | None = None,
    value: str | None = None,
    left_at: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> Answers:
    """The conversations behind a figure. Raises as `one_survey`."""
    async with database.reading() as work:
        campaign, chosen = await _seen(work, actor, campaign_id, which)
        found = await surveys.talks_after(work, campaign, chosen, after, question, value, left_at, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Answers(campaign, tuple(found[:limit]), None if last is None else (last.began_at, last.call_id))


async def export_survey(
    actor: Actor,
    campaign_id: int,
    which: Which,
    path: Path,
    address_of: Callable[[str], str],
    database: Database,
    now: datetime,
) -> str:
    """Write the conversations he sees to `path` (.csv or .xlsx); returns the campaign's name. `address_of` a call is
    where it is listened to. It is noted. Raises as `one_survey`, and BadInput where there are no conversations."""
    actor.require(Right.EXPORT)
    async with database.reading() as work:
        campaign, _ = await _seen(work, actor, campaign_id, which)

    def shown(talk: Talk) -> Talk:
        heard = address_of(talk.call_id) if talk.recording is not None and actor.may(Right.LISTEN) else None
        return replace(_masked(talk) if actor.masked else talk, recording=heard)

    count = await export_talks(campaign.name, database, path, replace(which, by=actor), None, shown)
    async with database.work() as work:
        details = {"conversations": count, "form": path.suffix.lstrip(".")}
        await audit.record(work, actor, "survey.exported", "campaign", campaign_id, now, details=details)
    return campaign.name


def _masked(talk: Talk) -> Talk:
    return replace(
        talk,
        number=None if talk.number is None else masked_number(talk.number),
        name=masked_text(talk.name),
        fields={name: masked_text(value) for name, value in talk.fields.items()},
        answers={
            question: replace(given, value=masked_text(given.value), raw=masked_text(given.raw))
            for question, given in talk.answers.items()
        },
    )


async def make_call_task(
    actor: Actor, campaign_id: int, call_id: str, title: str, database: Database, now: datetime
) -> TaskSeen:
    """A task of his own to call somebody who needs it, due now. Raises Forbidden, NotFound for a call he does not see,
    and Conflict when a task says so by now, or he has been talked with."""
    actor.require(Right.CHANGE_TASKS)
    async with database.work() as work:
        campaign, chosen = await _seen(work, actor, campaign_id, Which())
        known = await dispositions.all_dispositions(work)
        found = await survey_desk.need_calls(
            work, actor, campaign.id, chosen, _wanting(known), now, limit=1, call_id=call_id
        )
        if not found:
            raise Conflict("somebody has seen to it: there is a task, or he has been talked with since")
        (needs,) = found
        new = NewTask(
            kind=TaskKind.CALLBACK,
            title=title[:200],
            due_at=now,
            by=actor.name,
            created_at=now,
            responsible_id=actor.user_id,
            contact_id=needs.contact_id,
            call_id=call_id,
            number=needs.number,
        )
        task_id = await tasks.create_task(work, new)
        return await task_desk.one(work, actor, task_id)


# --- shared -------------------------------------------------------------------------------------------------
async def _seen(work: UnitOfWork, actor: Actor, campaign_id: int, which: Which) -> tuple[Campaign, Chosen]:
    actor.require(Right.SEE_SURVEYS)
    campaign = (await campaign_desk.visible_campaign(work, actor, campaign_id)).campaign
    return campaign, await chosen_of(work, campaign, replace(which, by=actor))


def _step(result: SurveyResult, node: str) -> Step:
    left = result.left_at.get(node, 0)
    return Step(node, max(left, result.reached.get(node, 0)), left)  # somebody may leave before the first word there


def _wanting(known: Mapping[str, Disposition]) -> frozenset[str]:
    """Results after which a person is to call. Who asked to be called back is called again by the campaign itself."""
    return frozenset(code for code, one in known.items() if one.makes_deal)


async def _fields(work: UnitOfWork, campaign_id: int, chosen: Chosen) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in await surveys.field_names(work, campaign_id, chosen):
        values = await quotas.values_of(work, campaign_id, name)
        if 1 < len(values) <= _MOST_VALUES:
            found[name] = tuple(sorted(values))
    return found
