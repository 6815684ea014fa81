"""The demo's report: figures, and checks each of which can fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import quantiles
from typing import Any

from crm_core.db import report as figures
from crm_core.db.engine import Database

#: The outcomes a number may have by its kind digit (asterisk_conf/network/extensions.conf).
EXPECTED = {
    "0": {"answered", "abandoned", "machine", "hung_up"},
    "1": {"answered", "abandoned", "machine"},
    "2": {"busy"},
    "3": {"no_answer"},
    "4": {"not_in_service"},
    "5": {"congestion"},
    "6": {"machine", "answered", "abandoned"},
    "7": {"hung_up", "answered", "machine", "abandoned"},
    "8": {"answered", "abandoned", "machine"},
    "9": {"answered", "abandoned", "machine"},
}
#: Quieter than this is silence: the simulated voices lie between -35 and -12 dBFS.
SOUND_DBFS = -60.0
#: Kinds of callee that say nothing (one of them presses a key): there the operator's side alone must be heard.
_SILENT = {"0", "9"}
#: A shorter talk holds too little of either voice; callees who hang up on answer make such.
_LEAST_TALK = 1.5
#: Asterisk's event and its own record of one call lie a few milliseconds apart.
_APART = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Check:
    what: str
    ok: bool
    seen: str


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What `make demo` prints and writes."""

    imported: dict[str, int]
    seconds: float
    outcomes: dict[str, int]
    people: int
    bridged: int
    abandoned: int
    hand_off_ms: dict[str, float]
    occupancy: float
    recordings: int
    recordings_with_both_sides: int
    dispositions: dict[str, int]
    deals_by_rule: dict[str, int]
    tasks_by_rule: dict[str, int]
    checks: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        names = [name for name in self.__slots__ if name != "checks"]
        plain = {name: getattr(self, name) for name in names}
        checks = [{"what": c.what, "ok": c.ok, "seen": c.seen} for c in self.checks]
        return {**plain, "checks": checks, "ok": self.ok}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the greatest of `values` (ms), empty without values."""
    if not values:
        return {}
    cuts = quantiles(values, n=100, method="inclusive") if len(values) > 1 else [values[0]] * 99
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(values)}


async def make_report(
    database: Database, campaign_id: int, imported: dict[str, int], started: datetime, ended: datetime
) -> DemoReport:
    """Read everything back from the database and check it."""
    async with database.reading() as work:
        rows = await figures.dialed(work, campaign_id)
        unmatched = await figures.unmatched_cdrs(work)
        waiting = await figures.events_waiting(work)
        deals_by_rule, tasks_by_rule = await figures.made_by_rule(work)
        spent = await figures.seconds_by_state(work, ended)
    bridged = [row for row in rows if row.call_bridged is not None]
    with_file = [row for row in bridged if row.recordings]
    talks = [row for row in with_file if row.talk_seconds >= _LEAST_TALK]
    sound = [row for row in talks if _has_both_sides(row)]
    busy = sum(states.get("on_call", 0) + states.get("wrap_up", 0) for states in spent.values())
    logged_in = sum(sum(states.values()) for states in spent.values())
    outcomes = Counter(row.outcome or "open" for row in rows)
    return DemoReport(
        imported=imported,
        seconds=(ended - started).total_seconds(),
        outcomes=dict(outcomes.most_common()),
        people=outcomes["answered"] + outcomes["abandoned"] + outcomes["hung_up"],
        bridged=len(bridged),
        abandoned=outcomes["abandoned"],
        hand_off_ms=percentiles([row.hand_off_ms for row in bridged if row.hand_off_ms is not None]),
        occupancy=busy / logged_in if logged_in else 0.0,
        recordings=sum(row.recordings for row in rows),
        recordings_with_both_sides=len(sound),
        dispositions=dict(Counter(row.disposition for row in rows if row.disposition).most_common()),
        deals_by_rule=deals_by_rule,
        tasks_by_rule=tasks_by_rule,
        checks=[
            *_import_checks(imported),
            *_call_checks(rows, unmatched),
            *_hand_off_checks(bridged, talks, sound),
            Check("every event has met the rules", waiting == 0, f"{waiting} waiting"),
            Check("rules made deals and tasks", bool(deals_by_rule) and bool(tasks_by_rule), ""),
        ],
    )


def _has_both_sides(row: figures.Dialed) -> bool:
    customer, agent = row.customer_dbfs, row.agent_dbfs
    silent_by_design = row.number[6] in _SILENT
    return agent is not None and agent > SOUND_DBFS and (silent_by_design or (customer or -99.0) > SOUND_DBFS)


def _import_checks(imported: dict[str, int]) -> list[Check]:
    parts = sum(imported[key] for key in ("created", "updated", "duplicate", "invalid", "skipped"))
    return [Check("rows in = created + updated + duplicate + invalid + skipped", parts == imported["rows"], f"{parts}")]


def _call_checks(rows: Sequence[figures.Dialed], unmatched: int) -> list[Check]:
    wrong = [f"{row.number} {row.outcome}" for row in rows if row.outcome not in EXPECTED.get(row.number[6], set())]
    without = [row.attempt_id for row in rows if not row.has_call or row.call_ended is None]
    no_cdr = [row.attempt_id for row in rows if row.cdr_disposition is None]
    differ = [row.attempt_id for row in rows if (row.cdr_disposition == "ANSWERED") != (row.call_answered is not None)]
    lengths = [f"{row.attempt_id} {row.seconds_apart:.1f} s" for row in rows if (row.seconds_apart or 0) > _APART]
    unsettled = [row.attempt_id for row in rows if not row.settled or row.outcome is None]
    return [
        Check("every outcome is what the number was made to do", not wrong, _some(wrong)),
        Check("every attempt has its call, ended", bool(rows) and not without, _some(without)),
        Check("every attempt has one outcome and is settled", not unsettled, _some(unsettled)),
        Check("every attempt has its CDR", not no_cdr, _some(no_cdr)),
        Check("every CDR has its call", unmatched == 0, f"{unmatched} unmatched"),
        Check("CDR and CRM agree, call for call, on answered or not", not differ, _some(differ)),
        Check("CDR and CRM agree, call for call, on how long", not lengths, _some(lengths)),
    ]


def _hand_off_checks(
    bridged: Sequence[figures.Dialed], talks: Sequence[figures.Dialed], sound: Sequence[figures.Dialed]
) -> list[Check]:
    no_file = [row.attempt_id for row in bridged if not row.recordings]
    mute = [f"{row.number} {row.customer_dbfs} {row.agent_dbfs}" for row in talks if row not in sound]
    no_result = [row.attempt_id for row in bridged if row.disposition is None]
    return [
        Check("people were bridged", bool(bridged), f"{len(bridged)}"),
        Check("every bridged call has a recording", not no_file, _some(no_file)),
        Check("every recorded talk has sound on both sides", not mute, _some(mute)),
        Check("every bridged call has a disposition", not no_result, _some(no_result)),
    ]


def _some(items: Sequence[str]) -> str:
    return ", ".join(items[:3]) + (f" and {len(items) - 3} more" if len(items) > 3 else "")
