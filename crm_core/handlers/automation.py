"""The automation rules at work: each committed event, each rule, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crm_core.db import rule_book, sales
from crm_core.db.desk_reading import known_by_now, read_desk
from crm_core.db.desk_writing import write_desk
from crm_core.db.dispositions import all_dispositions
from crm_core.db.engine import Database
from crm_core.db.rules import all_rules
from crm_core.db.savepoint import savepoint
from crm_core.db.site import calendar
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.dispositions import Disposition
from crm_core.domain.rule_acts import carry_out
from crm_core.domain.rule_desk import Effects, shown, subject_of
from crm_core.domain.rule_plans import Step, plan
from crm_core.domain.rules import Rule, applies
from crm_core.domain.sales import Stage
from crm_core.domain.work_calendar import WorkCalendar
from crm_core.errors import Conflict, CrmError, Unavailable
from crm_core.events import Envelope, Event, LeadClosed, LeadDisposed
from crm_core.ports import EventStream

log = logging.getLogger(__name__)

#: The group name under which runners of all processes share the stream.
GROUP = "rules"
#: Events in one unit of work: short enough that nobody waits long for the locks it holds.
_BATCH = 200
_REFRESH = timedelta(seconds=5)
#: An event that no runner took within this time was lost on its way (Redis gone, process killed): it is swept up.
_LATE = timedelta(seconds=30)
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0


#: (rule id, event id), as in the log of runs.
RunKey = tuple[int, int]
Wanted = dict[RunKey, tuple[Rule, Envelope]]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All that deciding needs of the site, as read at `read_at`."""

    read_at: datetime
    by_trigger: dict[str, tuple[Rule, ...]]
    stages: tuple[Stage, ...]
    calendar: WorkCalendar
    dispositions: dict[str, Disposition]

    def rules_for(self, event: Event) -> list[Rule]:
        found = self.by_trigger.get(type(event).__name__, ())
        return [rule for rule in found if applies(rule, event, facts_of(event, self.dispositions))] if found else []


def facts_of(event: Event, dispositions: dict[str, Disposition]) -> dict[str, Any]:
    """What conditions may ask besides the event's fields (domain.rules.EVENT_FACTS)."""
    disposition = dispositions.get(event.disposition) if isinstance(event, LeadDisposed) else None
    return {"effect": disposition.effect, "makes_deal": disposition.makes_deal} if disposition else {}


async def read_rule_set(work: UnitOfWork, now: datetime) -> RuleSet:
    """The enabled rules and what they need; a row that is no rule is logged and left out."""
    rules, bad = await all_rules(work)
    for error in bad:
        log.error("a stored rule cannot be read", extra={"rule": error.where, "fault": error.what})
    triggers = {rule.trigger for rule in rules}
    by_trigger = {t: tuple(r for r in rules if r.trigger == t and r.enabled) for t in triggers}
    stages = tuple(await sales.default_stages(work))
    return RuleSet(now, by_trigger, stages, await calendar(work), await all_dispositions(work))


class RuleRunner:
    """Runs the rules for every event of the stream, and for those the stream has lost. Many may run side by side."""

    def __init__(self, database: Database, stream: EventStream, now: Callable[[], datetime]) -> None:
        self._database = database
        self._stream = stream
        self._now = now
        self._rules: RuleSet | None = None  # re-read when older than _REFRESH, or forgotten
        self._unreadable: set[int] = set()  # events already complained of

    def forget(self) -> None:
        """Somebody in this process changed rules: read them again before the next event."""
        self._rules = None

    async def run(self) -> None:
        """Run until cancelled (or the stream ends). While the database does not answer, wait and try again."""
        async with asyncio.TaskGroup() as group:
            sweeping = group.create_task(self._sweep(), name="rules: sweep")
            try:
                await self._listen()
            finally:
                sweeping.cancel()

    async def _listen(self) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                async with self._stream.subscribe(GROUP) as batches:
                    async for batch in batches:
                        wait = _FIRST_WAIT
                        await self._apply_all(batch)
                return
            except Unavailable as error:  # the carrier is gone; meanwhile the sweep goes on
                log.warning("rules cannot hear events", extra={"fault": str(error), "wait_seconds": wait})
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _sweep(self) -> None:
        """What was committed before this runner began, then whatever comes late."""
        older_than = self._now()
        while True:
            try:
                await self.sweep(older_than)
            except (Unavailable, Conflict) as error:
                log.warning("late events wait", extra={"fault": str(error)})
            await asyncio.sleep(_LATE.total_seconds())
            older_than = self._now() - _LATE

    async def sweep(self, older_than: datetime) -> int:
        """Run the rules for events committed before `older_than` that no runner has done; how many."""
        swept = after = 0
        while True:
            async with self._database.reading() as work:
                late, unreadable = await rule_book.undone_events(work, older_than, after, _BATCH)
            if not late and not unreadable:
                return swept
            if fresh := set(unreadable) - self._unreadable:  # left for a newer version to do; said once
                self._unreadable |= fresh
                log.error("events of a kind this version does not know", extra={"event_ids": sorted(fresh)})
            await self._apply_all(late)
            swept += len(late)
            after = max([*unreadable, *(envelope.id for envelope in late)])

    async def _apply_all(self, batch: Sequence[Envelope]) -> None:
        """Apply a batch, however long the database keeps us waiting."""
        for start in range(0, len(batch), _BATCH):
            part = batch[start : start + _BATCH]
            wait = _FIRST_WAIT
            while not await self._applied(part):
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    async def _applied(self, part: Sequence[Envelope]) -> bool:
        try:
            await self.apply(part)
        except (Unavailable, Conflict) as error:
            log.warning("rules wait", extra={"fault": str(error), "first_event": part[0].id, "events": len(part)})
            return False
        return True

    async def apply(self, envelopes: Sequence[Envelope]) -> None:
        """Run all rules for these events in one unit of work. Raises Unavailable and Conflict: nothing was done."""
        now = self._now()
        async with self._database.work() as work:
            rules = await self._current(work, now)
            wanted = {
                (rule.id, envelope.id): (rule, envelope)
                for envelope in sorted(envelopes, key=lambda e: e.id)
                for rule in rules.rules_for(envelope.event)
            }
            if wanted:
                await self._run_wanted(work, rules, wanted, now)
            await rule_book.mark_done(work, [envelope.id for envelope in envelopes], now)

    async def _current(self, work: UnitOfWork, now: datetime) -> RuleSet:
        if self._rules is None or now - self._rules.read_at >= _REFRESH:
            self._rules = await read_rule_set(work, now)
        return self._rules

    async def _run_wanted(self, work: UnitOfWork, rules: RuleSet, wanted: Wanted, now: datetime) -> None:
        await rule_book.lock_subjects(work, {s for _, envelope in wanted.values() for s in _subjects(envelope.event)})
        done = await rule_book.already_done(work, {event_id for _, event_id in wanted})
        begun = await rule_book.begin_runs(work, [key for key in wanted if key[1] not in done], now)
        effects = await _run_rules(work, rules, {key: wanted[key] for key in wanted if key in begun}, now)
        await rule_book.record_effects(work, {key: did for key, did in effects.items() if did})


def _subjects(event: Event) -> list[str]:
    """What two runners must not handle at once: events about one number or one contact."""
    named = [(name, getattr(event, name, None)) for name in ("number", "contact_id")]
    return [f"{name}:{value}" for name, value in named if value is not None]


async def _run_rules(work: UnitOfWork, rules: RuleSet, wanted: Wanted, now: datetime) -> dict[RunKey, dict[str, Any]]:
    """Run all of a batch together; where the database refuses that, one by one, so that a bad one fails alone."""
    effects: dict[RunKey, dict[str, Any]] = {}
    planned: dict[RunKey, tuple[Step, ...]] = {}
    for key, (rule, envelope) in wanted.items():
        try:
            planned[key] = plan(rule, envelope.event, rules.calendar)
        except CrmError as error:
            effects[key] = _failure(rule, envelope, error)
    try:
        return effects | await _run_planned(work, rules, wanted, planned, now)
    except (Unavailable, Conflict):  # the whole unit of work is lost, and tried again
        raise
    except Exception as error:  # noqa: BLE001  # whatever is wrong with one rule must not stop the others
        if len(planned) == 1:
            (key,) = planned
            return effects | {key: _failure(*wanted[key], error)}
    for key in planned:
        effects |= await _run_rules(work, rules, {key: wanted[key]}, now)
    return effects


async def _run_planned(
    work: UnitOfWork, rules: RuleSet, wanted: Wanted, planned: dict[RunKey, tuple[Step, ...]], now: datetime
) -> dict[RunKey, dict[str, Any]]:
    if not planned:
        return {}
    subjects = {key: subject_of(wanted[key][1].event, wanted[key][0].name) for key in planned}
    failed: dict[RunKey, dict[str, Any]] = {}
    effects: dict[RunKey, Effects] = {}
    async with savepoint(work):
        subjects = await known_by_now(work, subjects)
        desk = await read_desk(work, [(subjects[key], steps) for key, steps in planned.items()], rules.stages)
        for key, steps in planned.items():
            try:
                effects[key] = carry_out(desk, steps, subjects[key])
            except CrmError as error:
                failed[key] = _failure(*wanted[key], error)
        closed = await write_desk(work, desk)
    for closing in closed:
        work.publish(LeadClosed(closing.lead_id, closing.campaign_id, closing.reason, now))
    return failed | {key: shown(did) for key, did in effects.items()}


def _failure(rule: Rule, envelope: Envelope, error: Exception) -> dict[str, Any]:
    # Of a driver's error the first line only: the rest shows the statement with its personal data.
    fault = str(error) if isinstance(error, CrmError) else f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    fields = {"rule": rule.name, "event_id": envelope.id, "event": type(envelope.event).__name__, "fault": fault}
    log.error("a rule failed", extra=fields, exc_info=None if hasattr(error, "statement") else error)
    return {"error": fault[:500]}
