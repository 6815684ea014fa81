"""`trunkline why`: before a start, how many leads are dialed and how many not, and why; or one lead, in a sentence."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator

from rich.console import Console
from rich.table import Table

from crm_core.bootstrap import utc_now
from crm_core.db.engine import Database, opened_database
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import Campaign
from crm_core.domain.leads import Lead
from crm_core.errors import NotFound
from crm_core.handlers.agents import every_agent
from crm_core.handlers.campaigns import campaign_report, every_trunk
from crm_core.handlers.leads import campaign_leads, one_lead
from crm_core.settings import Settings
from dialer.summary import StartSummary, explain, start_summary


def add_why_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Mount `why`."""
    why = subparsers.add_parser("why", help="which leads of a campaign are dialed now, which not, and why")
    why.add_argument("campaign")
    why.add_argument("--lead", type=int, help="explain this lead alone")
    why.set_defaults(run=run)


async def run(args: argparse.Namespace, settings: Settings) -> int:
    """Print the summary, or the sentence."""
    console = Console()
    async with opened_database(settings.database_url) as database:
        campaign, _ = await campaign_report(database, args.campaign)
        trunk = {trunk.name: trunk for trunk in await every_trunk(database)}.get(campaign.policy.trunk)
        free = [agent.id for agent in await every_agent(database) if agent.state is AgentState.AVAILABLE]
        if args.lead is not None:
            lead = await one_lead(database, campaign, args.lead, utc_now())
            if lead is None:
                raise NotFound("lead", args.lead, f"Campaign {campaign.name} has none of this number")
            console.print(explain(lead, campaign, trunk, utc_now(), free))
            return 0
        summary = await start_summary(_leads(database, campaign), campaign, trunk, utc_now(), free)
    print_summary(console, campaign.name, summary)
    return 0


async def _leads(database: Database, campaign: Campaign) -> AsyncIterator[Lead]:
    async for batch in campaign_leads(database, campaign, utc_now()):
        for lead in batch:
            yield lead


def print_summary(console: Console, name: str, summary: StartSummary) -> None:
    """The summary as a table."""
    if not summary.total:
        console.print(f"Campaign {name} has no leads yet: trunkline campaign attach {name} LIST")
        return
    table = Table(title=f"{name}: {summary.total} leads, as if it were started now")
    for title in ("leads", "", "first", "last"):
        table.add_column(title, justify="right" if title == "leads" else "left")
    table.add_row(f"{summary.now}", "would be dialed now", "", "")
    for why, later in summary.later.items():
        table.add_row(
            f"{later.count}", f"later: {_words(why)}", f"{later.first:%d %b %H:%M} UTC", f"{later.last:%d %b %H:%M} UTC"
        )
    for why, count in summary.never.items():
        table.add_row(f"{count}", f"not at all: {_words(why)}", "", "")
    console.print(table)


def _words(why: str) -> str:
    return why.replace("_", " ")
