"""The command line of dialing: trunk, campaign, agent, the kill switch."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from crm_core.cli.policy_options import policy_from
from crm_core.db.engine import Database
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import DialMode, LawName, Quota, Unfinished, Window
from crm_core.domain.pacing_records import AbandonRecord, PacingRecord
from crm_core.errors import BadInput, IllegalTransition, NotFound
from crm_core.handlers.campaigns import every_campaign
from crm_core.handlers.hopper import DatabaseHopper
from tests.crm_core.dialing import NOW, TRUNK, add_campaign, attempts_for
from tests.crm_core.shell import Shell

POLICY = """
trunk = "carrier"
mode = "power"
caller_ids = ["+998712000000"]
lines_per_agent = 1.5
ring_for = 30
windows = [{ days = [0, 1], opens = 09:30:00, closes = 21:00:00 }]

[retry]
max_attempts = 3
after = { busy = 600 }
"""


async def test_empty_lists_say_what_to_do(shell: Shell) -> None:
    assert "trunkline trunk add" in await shell("trunk", "list")
    assert "trunkline campaign create" in await shell("campaign", "list")
    assert "trunkline agent add" in await shell("agent", "list")


async def test_trunk_from_the_command_line(shell: Shell) -> None:
    said = await shell("trunk", "add", "carrier", "--endpoint", "network")
    assert "nothing yet" in said
    options = ("--prefix", "+998", "--prefix", "+7", "--caller-id", "+998712000000", "--daily-calls", "500")
    assert "may dial +998, +7" in await shell("trunk", "add", "carrier", "--endpoint", "network", *options)
    listed = await shell("trunk", "list")
    assert "+998 +7" in listed
    assert "500" in listed


async def test_whose_rules_hold_and_how_busy_operators_are_from_the_command_line(
    shell: Shell, database: Database
) -> None:
    await add_campaign(database)
    await shell("campaign", "change", "autumn", "--mode", "predictive", "--law", "ofcom", "--max-occupancy", "90")
    (policy,) = [one.policy for one in await every_campaign(database)]
    assert (policy.law, policy.max_occupancy) == (LawName.OFCOM, 0.9)
    await shell("campaign", "change", "autumn", "--law", "country")
    assert (await every_campaign(database))[0].policy.law is None
    with pytest.raises(BadInput, match=r"between 0\.5 and 1"):
        await shell("campaign", "change", "autumn", "--max-occupancy", "9")


async def test_abandoned_calls_are_listed_with_what_was_decided(shell: Shell, database: Database) -> None:
    campaign = await add_campaign(database)
    assert "Nobody was abandoned" in await shell("campaign", "abandoned", "autumn")
    (attempt,) = await attempts_for(database, campaign)
    seen = PacingRecord(NOW, "fcc", 2, 0, 3, 1, 0, 4, 0, 1200, 3, 2, 0, "risk", 0.031, 0.05)
    hopper = DatabaseHopper(database, lambda: NOW)
    await hopper.lease([replace(attempt, paced=seen)], TRUNK, NOW)
    await hopper.keep_abandons([AbandonRecord(attempt.id, campaign.id, NOW, None, None)])
    said = " ".join((await shell("campaign", "abandoned", "autumn")).split())
    for words in ("07:00:00", "2/3/1", "3 of 1200", "not known"):
        assert words in said
    with pytest.raises(NotFound):
        await shell("campaign", "abandoned", "spring")


async def test_a_campaign_of_the_bot_names_a_script_that_exists(shell: Shell, database: Database) -> None:
    await add_campaign(database, "source", leads_wanted=3)
    common = ("campaign", "create", "visits", "--trunk", "carrier", "--list", "source-list", "--script")
    said = await shell(*common, "satisfaction_survey", "--field", "company = Lola")
    assert "visits (bot) has 3 leads" in said
    policy = next(one.policy for one in await every_campaign(database) if one.name == "visits")
    assert (policy.mode, policy.script) == (DialMode.BOT, "satisfaction_survey")
    assert policy.script_fields == {"company": "Lola"}
    with pytest.raises(NotFound, match="satisfaction_survey"):
        await shell(*common, "no_such_script")
    with pytest.raises(BadInput, match="company=Lola"):
        await shell(*common, "satisfaction_survey", "--field", "company")


async def test_campaign_from_the_command_line(shell: Shell, database: Database) -> None:
    await add_campaign(database, "source", leads_wanted=3)
    said = await shell(
        "campaign", "create", "autumn [x]", "--trunk", "carrier", "--mode", "power", "--list", "source-list"
    )
    assert "autumn [x] (power) has 3 leads and is a draft" in said
    said = await shell("campaign", "start", "autumn [x]")
    assert "is running" in said
    assert "nobody is logged in" in said
    assert "0 leads added" in await shell("campaign", "attach", "autumn [x]", "source-list")
    assert "autumn [x] │ running │ power │ carrier" in await shell("campaign", "list")
    assert "leads: open │ 3" in await shell("campaign", "report", "autumn [x]")
    assert "is finished" in await shell("campaign", "finish", "autumn [x]")


async def test_policy_file_is_read_and_checked(shell: Shell, database: Database, tmp_path: Path) -> None:
    await add_campaign(database, "source")
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    await shell("campaign", "create", "autumn", "--policy", str(file), "--mode", "progressive")
    policy = next(campaign.policy for campaign in await every_campaign(database) if campaign.name == "autumn")
    assert policy.mode is DialMode.PROGRESSIVE  # the command line goes before the file
    assert policy.windows == (Window(frozenset({0, 1}), time(9, 30), time(21)),)
    assert policy.ring_for == timedelta(seconds=30)
    assert policy.retry.after == {Outcome.BUSY: timedelta(minutes=10)}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("trunk = ", "cannot be read as TOML"),
        ('trunk = "carrier"\nlines = 3', "lines"),
        ('trunk = "carrier"\nring_for = "soon"', "ring_for"),
        ("mode = 'power'", "--trunk NAME"),
        ('trunk = "carrier"\nquotas = ["Tashkent:5"]', "city=Tashkent:100"),
        ('trunk = "carrier"\nquotas = 5', "quotas"),
        ('trunk = "carrier"\ncalls_per_minute = "many"', "no number"),
        ('trunk = "carrier"\ncalls_per_minute = 9\ncalls_per_second = 1', "Keep one"),
    ],
)
def test_bad_policy_file_is_refused(text: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=fault):
        policy_from(file, None, None)


def test_the_documented_policy_file_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "campaign-policy.md").read_text()
    file = tmp_path / "policy.toml"
    file.write_text(
        text.partition("```toml\n")[2].partition("```")[0].replace("calls_per_second = 10 ", "calls_per_minute = 90 ")
    )
    policy = policy_from(file, None, None)
    assert policy.calls_per_second == 1.5
    assert policy.quotas == (Quota("city", "Tashkent", 100), Quota("city", None, 50))
    assert (policy.pilot, policy.retry.unfinished) == (20, Unfinished(timedelta(hours=2), 1))


def test_missing_policy_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        policy_from(tmp_path / "nothing.toml", "carrier", None)


async def test_agent_from_the_command_line(shell: Shell, database: Database) -> None:
    await add_campaign(database, "autumn")
    assert "is logged out" in await shell("agent", "add", "Ada [x]", "--phone", "op1", "--hand-off", "ring")
    assert "is available" in await shell("agent", "login", "op1", "--campaign", "autumn")
    assert "is paused" in await shell("agent", "pause", "op1", "--reason", "lunch")
    listed = await shell("agent", "list")
    assert "op1 │ ring │ paused" in listed
    assert "lunch" in listed
    assert "is available" in await shell("agent", "resume", "op1")
    assert "is logged out" in await shell("agent", "logout", "op1")
    with pytest.raises(IllegalTransition):
        await shell("agent", "logout", "op1")


async def test_kill_switch_from_the_command_line(shell: Shell, database: Database) -> None:
    await add_campaign(database, "autumn")
    assert "Dialing has stopped" in await shell("stop-dialing", "--why", "complaints")
    await shell("campaign", "pause", "autumn")
    said = await shell("campaign", "start", "autumn")
    assert "(complaints)" in said
    assert "resume-dialing" in said
    assert "dial again" in await shell("resume-dialing", "--why", "sorted out")
    assert "was not stopped" in await shell("resume-dialing", "--why", "sure")
