"""`trunkline campaign rehearse`: what a campaign will come to, before its first dial; and how it compared."""

from __future__ import annotations

import argparse
import getpass
import math
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from crm_core.bootstrap import utc_now
from crm_core.db.engine import Database, opened_database
from crm_core.db.site import calendar
from crm_core.domain.campaigns import Campaign, DialMode
from crm_core.domain.past_calls import PastCalls
from crm_core.domain.past_estimates import Estimate, likely
from crm_core.domain.rehearsal import Comparison, Forecast, Kept
from crm_core.errors import BadInput
from crm_core.handlers.campaigns import campaign_report, every_trunk
from crm_core.handlers.past_calls import past_calls
from crm_core.handlers.rehearsal import Tools, Wanted, rehearse
from crm_core.handlers.rehearsal_compare import compared
from crm_core.settings import Settings
from dialer.past_world import world_of
from dialer.rehearsal_process import RehearsalProcess
from dialer.screening import screened
from dialer.simulate_world import World

#: What the names in a forecast mean.
_NAMES = {
    "dials": "dials",
    "people": "answered by people",
    "talks": "talks",
    "occupancy_due": "operators busy while leads are due",
    "occupancy": "operators busy, start to finish",
    "abandoned_share": "abandoned, of people",
    "reached": "leads talked to",
    "talk_minutes": "talk, minutes an hour of an operator",
    "days": "days from first to last dial",
}
_SHARES = ("occupancy", "occupancy_due", "abandoned_share", "reached")
_ASSUMED = {
    "answered": "how often people answer",
    "failed": "numbers that fail",
    "talk": "length of talks",
    "wrap_up": "length of wrap-ups",
    "pauses": "pauses",
    "callbacks": "callbacks promised",
}


def add_rehearse_command(commands: Any) -> None:
    """Mount `campaign rehearse`."""
    parser = commands.add_parser("rehearse", help="how long it will take, how busy operators will be, who is abandoned")
    parser.add_argument("name")
    parser.add_argument("--operators", type=int, metavar="N", help="who will work; else those logged in for it")
    parser.add_argument("--from", dest="begins", metavar="TIME", help="when dialing starts; else now")
    parser.add_argument("--by", metavar="TIME", help="how many operators would finish by then")
    parser.add_argument("--runs", type=int, default=20, metavar="N", help="futures tried out (20)")
    parser.add_argument("--compare", action="store_true", help="the last rehearsal beside what happened")
    parser.set_defaults(run=_run)


async def world_from_campaign(database: Database, name: str, agents: int, hours: float, now: datetime) -> World:
    """The world that past calls of this campaign tell of, for `trunkline simulate`. Raises NotFound, and BadInput while
    it has dialed too little to tell anything."""
    campaign, _ = await campaign_report(database, name)
    trunk = {one.name: one for one in await every_trunk(database)}.get(campaign.policy.trunk)
    if trunk is None:
        raise BadInput(f"campaign {name}", f"there is no trunk {campaign.policy.trunk!r}", "Give it another trunk")
    past = await past_calls(database, campaign, now, others=False)
    if not past.dials:
        do = "Simulate one of the shipped worlds, or a campaign that has dialed"
        raise BadInput(f"campaign {name}", "it has dialed nobody in the last 90 days", do)
    found = likely(past, campaign.policy.wrap_up.total_seconds())
    by_hour = tuple((place * 3600.0, found.by_hour(hour)) for place, hour in enumerate(_hours_dialed(past, hours)))
    return world_of(found, campaign.policy, trunk, agents, hours, by_hour=by_hour)


def _hours_dialed(past: PastCalls, hours: float) -> list[int]:
    """The hours of a shift that begins with the first hour in which more than a tenth of the usual was dialed."""
    mean = past.dials / len(past.by_hour)
    first = min(hour for hour, count in past.by_hour.items() if count.dials >= mean / 10)
    return [(first + place) % 24 for place in range(math.ceil(hours))]


async def _run(args: argparse.Namespace, settings: Settings) -> int:
    console = Console()
    async with opened_database(settings.database_url) as database:
        campaign, _ = await campaign_report(database, args.name)
        async with database.reading() as work:
            zone = ZoneInfo((await calendar(work)).zone)
        if args.compare:
            return await _compare(console, campaign, database, zone)
        wanted = Wanted(args.operators, _time("--from", args.begins, zone), _time("--by", args.by, zone), args.runs)
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("rehearsing", total=100)
            tools = Tools(screened, RehearsalProcess())
            kept = await rehearse(
                campaign,
                wanted,
                tools,
                database,
                utc_now(),
                getpass.getuser(),
                lambda n, all_: bar.update(task, completed=n),
            )
    print_forecast(console, campaign, kept.forecast, zone)
    return 0


def _time(option: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """A time as the firm's clocks show it. Raises BadInput."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(option, f"{text!r} is no time", "Write it as 2026-11-30 18:00") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


# --- the forecast -------------------------------------------------------------------------------------------
def print_forecast(console: Console, campaign: Campaign, forecast: Forecast, zone: ZoneInfo) -> None:
    """Figures, hours and parts of the list."""
    console.print(_figures(campaign, forecast, zone))
    console.print(_hours(forecast, zone))
    for part in forecast.parts[:10]:
        best = ", ".join(f"{hour}:00" for hour in part.best) or "no hour stands out, or too little is known"
        console.print(f"{part.part.list_name}, {part.part.zone} ({part.leads} leads): call at {best}", markup=False)
    if forecast.assumed:
        names = ", ".join(_ASSUMED[name] for name in forecast.assumed)
        console.print(f"Nothing is known of: {names}. That is assumed, and the ranges are wide.", markup=False)


def _figures(campaign: Campaign, forecast: Forecast, zone: ZoneInfo) -> Table:
    bot = campaign.policy.mode is DialMode.BOT
    who = "the robot" if bot else f"{forecast.operators} operators"
    title = f"{campaign.name}: {forecast.leads} leads, {who}, {forecast.runs} runs, {forecast.dials_seen} past dials"
    table = Table("", "expected", "nine of ten", title=escape(title))
    late = f"later than {forecast.hours[-1].at.astimezone(zone):%d %b}" if forecast.hours else "never"

    def at(when: datetime | None) -> str:
        return late if when is None else f"{when.astimezone(zone):%a %d %b %H:%M}"

    table.add_row("finished", at(forecast.finish), f"{at(forecast.finish_low)} to {at(forecast.finish_high)}")
    names = ["dials", "people", "talks", "reached"]
    names += [] if bot else ["occupancy_due", "occupancy", "talk_minutes", "abandoned_share"]
    for name in names:
        found: Estimate = getattr(forecast, name)
        table.add_row(
            _NAMES[name], _shown(name, found.value), f"{_shown(name, found.low)} to {_shown(name, found.high)}"
        )
    if forecast.by is not None and not bot:
        enough = "no number would do" if forecast.operators_by is None else f"{forecast.operators_by} operators"
        table.add_row(f"finished by {at(forecast.by)}", enough, "in nine of ten runs")
    return table


def _shown(name: str, value: float) -> str:
    if name in _SHARES:
        return f"{value:.1%}"
    return f"{value:.1f}" if name in ("talk_minutes", "days") else f"{value:.0f}"


def _hours(forecast: Forecast, zone: ZoneInfo) -> Table:
    table = Table("hour", "dials", "nine of ten", "people", "callbacks due", "busy", title="the first three days")
    for column in table.columns[1:]:
        column.justify = "right"
    days = sorted({hour.at.astimezone(zone).date() for hour in forecast.hours})[:3]
    for hour in forecast.hours:
        if hour.at.astimezone(zone).date() in days:
            table.add_row(
                f"{hour.at.astimezone(zone):%a %d %b %H:%M}",
                f"{hour.dials:.0f}",
                f"{hour.dials_low:.0f} to {hour.dials_high:.0f}",
                f"{hour.people:.0f}",
                f"{hour.callbacks:.0f}",
                f"{hour.occupancy:.0%}",
            )
    return table


# --- the comparison -----------------------------------------------------------------------------------------
async def _compare(console: Console, campaign: Campaign, database: Database, zone: ZoneInfo) -> int:
    kept = await compared(campaign, database, utc_now())
    if kept is None:
        what = f"Campaign {campaign.name} was not rehearsed before its first dial: there is nothing to compare."
        console.print(what, markup=False)
        return 0
    if kept.compared is None:
        console.print("No rehearsed day of dialing is over yet: compare after the first one.", markup=False)
        return 0
    console.print(_comparison(campaign, kept, kept.compared, zone))
    return 0


def _comparison(campaign: Campaign, kept: Kept, found: Comparison, zone: ZoneInfo) -> Table:
    when = "at its end" if found.is_final else f"until {found.until.astimezone(zone):%a %d %b %H:%M}"
    title = f"{campaign.name} {when}, as rehearsed on {kept.made_at.astimezone(zone):%d %b %H:%M}"
    table = Table("", "expected", "nine of ten", "happened", "", title=escape(title))
    for one in found.figures:
        low, high = _shown(one.name, one.expected.low), _shown(one.name, one.expected.high)
        high = "open" if one.expected.high >= 10**6 else high
        verdict = "within" if one.within else "outside"
        expected = _shown(one.name, one.expected.value)
        table.add_row(_NAMES[one.name], expected, f"{low} to {high}", _shown(one.name, one.happened), verdict)
    return table
