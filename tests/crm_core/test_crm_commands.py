"""The command line of the light CRM: tasks, deals, dnc, rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.db.engine import Database
from crm_core.errors import BadInput, Conflict
from tests.crm_core.crm import STRANGER, add_user, disposed, missed, ran
from tests.crm_core.shell import Shell


async def test_empty_lists_say_what_to_do(shell: Shell) -> None:
    assert "trunkline tasks add" in await shell("tasks", "list")
    assert "trunkline deals add" in await shell("deals", "list")
    assert "trunkline dnc add" in await shell("dnc", "list")
    assert "trunkline rules install" in await shell("rules", "list")
    assert "No rule has run yet" in await shell("rules", "runs")


async def test_tasks_from_the_command_line(shell: Shell, database: Database) -> None:
    await add_user(database, "Ann")
    await add_user(database, "Bo [x]")
    await shell("tasks", "add", "Ring [bold]", "--due", "2030-01-02 10:00", "--user", "Ann", "--number", STRANGER)
    told = await shell("tasks", "list", "--user", "Ann", "--when", "later")
    assert "2030-01-02 10:00" in told
    assert "Ring [bold]" in told
    assert STRANGER in told
    await shell("tasks", "postpone", "1", "2030-02-03 11:00")
    await shell("tasks", "reassign", "1", "bo [x]")
    told = await shell("tasks", "list")
    assert "2030-02-03 11:00" in told
    assert "Bo [x]" in told
    await shell("tasks", "done", "1", "--by", "Bo")
    assert "No open tasks" in await shell("tasks", "list")
    with pytest.raises(Conflict):
        await shell("tasks", "done", "1")


async def test_deals_from_the_command_line(shell: Shell) -> None:
    await shell("rules", "install")
    assert "Deal 1 made" in await shell("deals", "add", "Big", "--amount", "1 500.50 USD")
    assert "moved to Won" in await shell("deals", "move", "1", "Won", "--by", "Ann")
    assert "stands already in Won" in await shell("deals", "move", "1", "Won")
    assert "1,500.50 USD" in await shell("deals", "list", "--stage", "won")
    assert "No deals" in await shell("deals", "list", "--open")
    assert "Ann" in await shell("deals", "history", "1")
    for amount in ("much", "5", "x USD"):
        with pytest.raises(BadInput):
            await shell("deals", "add", "Big", "--amount", amount)


async def test_do_not_call_from_the_command_line(shell: Shell, tmp_path: Path) -> None:
    assert "is on the list now" in await shell("dnc", "add", "90 111 22 33", "--country", "UZ", "--reason", "asked")
    assert "already" in await shell("dnc", "add", STRANGER, "--reason", "asked")
    await shell("dnc", "add", "+99891*", "--reason", "law", "--campaign", "3")
    told = await shell("dnc", "list")
    assert "+99891*" in told
    assert "campaign 3" in told
    path = tmp_path / "list.txt"
    path.write_text("+998907654321\nnonsense1\n")
    told = await shell("dnc", "import", str(path), "--reason", "May", code=1)
    assert "1 added, 0 stood there already, 1 not understood" in told
    assert "nonsense1" in told
    assert "is off the list" in await shell("dnc", "remove", STRANGER)
    assert "was not on the list" in await shell("dnc", "remove", STRANGER, code=1)


async def test_rules_from_the_command_line(shell: Shell, database: Database) -> None:
    await shell("rules", "install")
    assert "Missed call makes a callback task" in await shell("rules", "list")
    assert "next_working_time" in await shell("rules", "show", "missed call makes a callback task")
    await ran(database, missed(), disposed("sale"))
    told = await shell("rules", "runs", "Missed call makes a callback task")
    assert "CallMissed" in told
    assert "task was made" in told
    assert "MakeDeal" in await shell("rules", "try", "Sale wins the deal")
    assert "for none" in await shell("rules", "try", "Withheld number is noted")
    assert "is off" in await shell("rules", "off", "Sale wins the deal")
    assert "is on" in await shell("rules", "on", "Sale wins the deal")
    with pytest.raises(BadInput, match=r"there is no rule 'x'. Choose of New number makes a deal"):
        await shell("rules", "on", "x")
