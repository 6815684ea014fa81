"""What `trunkline campaign report` shows of pilots and quotas, and `trunkline campaign approve`."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from crm_core.cli.survey import print_results
from crm_core.db.engine import Database, opened_database
from crm_core.db.pilots import PilotCall
from crm_core.domain.campaigns import Campaign, CampaignState
from crm_core.domain.pilots import pilot_room
from crm_core.domain.quotas import QuotaState
from crm_core.handlers import campaigns as handlers
from crm_core.handlers.surveys import survey
from crm_core.settings import Settings

#: A pilot is looked at call by call; of a large one the first calls are enough.
_SHOWN = 50


async def approve(args: argparse.Namespace, settings: Settings) -> int:
    """Somebody says go on."""
    async with opened_database(settings.database_url) as database:
        campaign, warnings = await handlers.approve_campaign(database, args.name, getpass.getuser(), datetime.now(UTC))
    console = Console()
    console.print(f"The pilot of {campaign.name} is approved; the campaign is {campaign.state}.", markup=False)
    for warning in warnings:
        console.print(f"But {warning}.", markup=False)
    if campaign.state is not CampaignState.RUNNING:
        console.print(f"`trunkline campaign start {campaign.name}` lets it dial.", markup=False)
    return 0


def note_of(campaign: Campaign, pilot_is_over: bool) -> str:
    """What stands beside a campaign in the list."""
    if pilot_is_over:
        return f"pilot of {campaign.policy.pilot} calls over: trunkline campaign approve {campaign.name}"
    if pilot_room(campaign, 0) is not None:
        return f"pilot of {campaign.policy.pilot} calls"
    return ""


def add_pilot_row(table: Table, campaign: Campaign, dialed: int) -> None:
    """How far the pilot is."""
    if campaign.policy.pilot is None:
        return
    left = pilot_room(campaign, dialed)
    if left is None:
        told = f"approved on {campaign.approved_at:%Y-%m-%d %H:%M} UTC"
    elif left:
        told = f"{dialed} of {campaign.policy.pilot} calls made"
    else:
        told = f"all {campaign.policy.pilot} calls made, waits for approval"
    table.add_row("pilot", told)


def add_quota_rows(table: Table, states: Sequence[QuotaState]) -> None:
    """A line for each quota."""
    for state in states:
        busy = f", {state.under_way} under way" if state.under_way else ""
        full = " (full)" if not state.room else ""
        table.add_row(escape(f"quota: {state.quota}"), f"{state.complete} of {state.quota.completes}{busy}{full}")


async def print_pilot(console: Console, database: Database, campaign: Campaign, recordings: Path) -> None:
    """The pilot's calls with their recordings, and their answers, while it waits for approval."""
    calls = await handlers.first_calls(database, campaign, min(campaign.policy.pilot or 0, _SHOWN))
    console.print(_calls(calls, recordings))
    found = await survey(campaign.name, database)
    if found.conversations:
        print_results(console, found)
    console.print(
        f"`trunkline survey transcript CALL` shows what was said. `trunkline campaign approve {campaign.name}` lets it "
        "go on.",
        markup=False,
    )


def _calls(calls: Sequence[PilotCall], recordings: Path) -> Table:
    table = Table("call", "number", "name", "outcome", "talk", "result", Column("recording", overflow="fold"))
    for call in calls:
        words = (call.outcome or "under way", call.ending or "", call.disposition or "")
        path = "" if call.recording is None else str(recordings / call.recording)
        cells = (call.call_id, call.number, call.name, *(word.replace("_", " ") for word in words), path)
        table.add_row(*(escape(cell) for cell in cells))
    return table
