"""What a campaign's people answered: counted, and read one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm_core.db import dispositions, quotas, site, surveys
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor
from crm_core.domain.campaigns import Campaign
from crm_core.domain.quotas import counting, plain
from crm_core.domain.surveys import Chosen, SurveyResult, Talk
from crm_core.errors import BadInput
from crm_core.handlers.campaigns import named

#: So many of a field's values are named where one was asked for that no lead has.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Which:
    """Which conversations of a campaign are asked for. `where`: field and value, any of several values of one field;
    `since` and `until` are days of the firm's own zone, both included; `by`: only those that he sees."""

    where: Sequence[tuple[str, str]] = ()
    since: date | None = None
    until: date | None = None
    by: Actor | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table of conversations needs to know before its first row."""

    zone: ZoneInfo
    fields: Sequence[str]
    questions: Sequence[str]


async def survey(campaign: str, database: Database, which: Which | None = None) -> SurveyResult:
    """What the people of this campaign answered. Raises NotFound, and BadInput for a field or value no lead has."""
    async with database.reading() as work:
        found = await named(work, campaign)
        chosen = await chosen_of(work, found, which or Which())
        known = (await dispositions.all_dispositions(work)).values()
        return await surveys.results(work, found.id, chosen, counting(found.policy, known))


async def columns(campaign: str, database: Database, which: Which | None = None) -> Columns:
    """The columns of these conversations. Raises NotFound and BadInput."""
    async with database.reading() as work:
        found = await named(work, campaign)
        chosen = await chosen_of(work, found, which or Which())
        fields = await surveys.field_names(work, found.id, chosen)
        questions = await surveys.question_names(work, found.id, chosen)
        return Columns(ZoneInfo((await site.calendar(work)).zone), fields, questions)


async def talks(
    campaign: str, database: Database, which: Which | None = None, question: str | None = None
) -> AsyncIterator[list[Talk]]:
    """The conversations in order of time, some at once; with `question` those in which it was answered.

    Raises NotFound, and BadInput for a field, value or question there is none of."""
    async with database.reading() as work:
        found = await named(work, campaign)
        chosen = await chosen_of(work, found, which or Which())
        if question is not None:
            asked = await surveys.question_names(work, found.id, chosen)
            if question not in asked:
                there = ", ".join(asked) or "none yet"
                raise BadInput("question", f"nobody has answered {question!r}", f"There is: {there}")
    after: tuple[datetime, str] | None = None
    while True:
        async with database.reading() as work:  # short ones: nobody waits for a long answer's snapshot to end
            some = await surveys.talks_after(work, found, chosen, after, question)
        if not some:
            return
        yield some
        after = (some[-1].began_at, some[-1].call_id)


async def chosen_of(work: UnitOfWork, campaign: Campaign, which: Which) -> Chosen:
    """Days as instants, values as the lists spell them. Raises BadInput for a field or value no lead has."""
    where: dict[str, frozenset[str]] = {}
    for name, value in which.where:
        spellings = await _spellings(work, campaign, name, value)
        where[name] = where.get(name, frozenset()) | spellings
    zone = ZoneInfo((await site.calendar(work)).zone)
    since = None if which.since is None else datetime.combine(which.since, time(), zone)
    until = None if which.until is None else datetime.combine(which.until + timedelta(days=1), time(), zone)
    return Chosen(where, since, until, which.by)


async def _spellings(work: UnitOfWork, campaign: Campaign, name: str, value: str) -> frozenset[str]:
    """The value as the lists of the campaign write it, with whatever case and blanks."""
    there = await quotas.values_of(work, campaign.id, name)
    found = frozenset(held for held in there if plain(held) == plain(value))
    if found:
        return found
    if not there:
        raise BadInput("where", f"no lead of {campaign.name} has a field {name!r}", "Write a column of its lists")
    known = ", ".join(list(there)[:_NAMED]) + (", …" if len(there) > _NAMED else "")
    raise BadInput("where", f"no lead of {campaign.name} has {name}={value}", f"There is: {known}")
