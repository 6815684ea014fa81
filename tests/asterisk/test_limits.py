"""What holds dialing back, as the network sees it; how the service stops, and what it says when it cannot start."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from crm_core.bootstrap import opened_service
from crm_core.db.tables import attempts, campaign_leads
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import DialMode
from crm_core.handlers.campaigns import put_trunk
from crm_core.handlers.kill_switch import resume_dialing, stop_dialing
from tests.asterisk.asterisk import Event, Pair, until
from tests.asterisk.scene import DIALING, TRUNK, Scene, now
from tests.asterisk.service import ServiceProcess, service_env

PERSON, RINGS = "+998901000001", "+998903000001"
MANY_LINES: dict[str, Any] = {
    "mode": DialMode.POWER,
    "lines_per_agent": 10,
    "abandon_limit": 1.0,
    "wrap_up": timedelta(0),
}


def busy(count: int) -> list[str]:
    return [f"+9989020{n:05}" for n in range(count)]


async def _all_settled(scene: Scene, count: int) -> None:
    async def are() -> bool:
        return sum(row.settled_at is not None for row in await scene.rows(attempts)) == count

    await until(are, 20)


async def test_the_kill_switch_stops_dialing_at_once_and_only_that(scene: Scene) -> None:
    await put_trunk(scene.database, replace(TRUNK, calls_per_second=10))
    numbers = busy(80)
    await scene.campaign(PERSON, *numbers, **MANY_LINES)
    for phone in ("op1", "op2"):
        await scene.agent(phone)
    talk = await scene.bridged(PERSON)
    await until(lambda: len(scene.dialed()) >= 5, 10)
    await stop_dialing(scene.database, "manager", "test", now())
    leased = len(await scene.rows(attempts))
    await _all_settled(scene, leased - 1)
    await scene.agent("op3")  # wakes the dialer: he would dial now
    assert len(await scene.rows(attempts)) == leased == len(scene.dialed()) < len(numbers)
    assert (await scene.bridged(PERSON)).ended_at is None
    await resume_dialing(scene.database, "manager", "test")
    await until(lambda: len(scene.dialed()) > leased, 20)
    await scene.hang_up(talk.id)


async def test_calls_a_second_hold_on_the_network(scene: Scene) -> None:
    await put_trunk(scene.database, replace(TRUNK, calls_per_second=4))
    numbers = busy(12)
    await scene.campaign(*numbers, **MANY_LINES)
    await scene.agent("op1")
    await until(lambda: len(scene.dialed()) == len(numbers), 20)
    at = [float(event["Timestamp"]) for event in scene.dialed()]
    assert at[-1] - at[0] >= (len(numbers) - 1) / 4 - 0.5


async def test_no_more_lines_are_open_than_allowed(scene: Scene) -> None:
    numbers = [f"+9989071{n:05}" for n in range(8)]  # ring for a second
    await scene.campaign(*numbers, max_lines=3, **MANY_LINES)
    await scene.agent("op1")
    await _all_settled(scene, len(numbers))
    assert most_at_once(scene.heard.events) == 3


def most_at_once(events: Sequence[Event]) -> int:
    """The greatest number of our calls the network had at one time."""
    there: set[str] = set()
    most = 0
    for event in events:
        if event.get("Event") == "Newchannel" and event["Exten"].lstrip("+").startswith("99890"):
            there.add(event["Uniqueid"])
        elif event.get("Event") == "Hangup":
            there.discard(event["Uniqueid"])
        most = max(most, len(there))
    return most


async def test_a_number_beyond_the_trunks_prefixes_is_never_dialed(scene: Scene) -> None:
    await scene.campaign("+998711234567", *busy(1))
    await scene.agent("op1")
    await _all_settled(scene, 1)
    refused = await scene.row(campaign_leads, campaign_leads.c.attempts == 0, fact=lambda row: row.next_attempt_at)
    assert (refused.state, refused.open_attempt) == ("open", None)
    assert [event["Exten"].lstrip("+") for event in scene.dialed()] == [busy(1)[0][1:]]
    assert len(await scene.rows(attempts)) == 1


async def test_a_service_that_stops_lets_talks_go_on_and_the_next_one_has_them(scene: Scene) -> None:
    await scene.campaign(PERSON, *busy(5))
    agent = await scene.agent("op1")
    talk = await scene.bridged(PERSON)
    assert scene.service.dialer is not None
    await scene.service.dialer.drain(timedelta(0))
    await scene.agent("op2")
    assert len(scene.dialed()) == 1, "no more lines are opened"
    scene.running.cancel()
    await asyncio.gather(scene.running, return_exceptions=True)
    async with opened_service(scene.service.settings, dialing=DIALING) as after:
        running = asyncio.create_task(after.run())
        assert after.link is not None
        assert after.telephony is not None
        link, telephony = after.link, after.telephony
        await until(lambda: link.is_up and link.is_open(talk.id))
        assert (await scene.agent_now(agent.id)).state is AgentState.ON_CALL
        await until(lambda: len(scene.dialed()) == 6, 20)  # op2 has waited for these
        await telephony.hang_up(talk.id)
        assert (await scene.attempt(PERSON)).outcome == "answered"
        await scene.agent_in(agent.id, AgentState.WRAP_UP)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_sigterm_ends_the_process_with_0(pair: Pair, tmp_path: Path, sqlite_url: str) -> None:
    env = service_env(pair, tmp_path, sqlite_url, pair.pbx.ports.ami)
    process = ServiceProcess(env, tmp_path / "log")
    await process.start()
    await until(lambda: "link to the switch is up" in (tmp_path / "log").read_text(), 20)
    assert await process.terminate() == 0


async def _refused(env: dict[str, str], folder: Path) -> str:
    process = ServiceProcess(env, folder / "log")
    await process.start()
    try:
        await until(lambda: process.returncode is not None, 20)
    finally:
        await process.kill()
    assert process.returncode == 2
    return (folder / "log").read_text()


async def test_a_wrong_ami_secret_is_said_with_what_to_do(pair: Pair, tmp_path: Path, sqlite_url: str) -> None:
    said = await _refused(service_env(pair, tmp_path, sqlite_url, pair.pbx.ports.ami, AMI_SECRET="wrong"), tmp_path)
    assert "Traceback" not in said
    assert "refused the manager user 'trunkline'" in said
    assert "Set AMI_USER and AMI_SECRET" in said
    assert "wrong" not in said, "secrets are not printed"


async def test_a_database_not_migrated_is_said_with_what_to_do(pair: Pair, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    said = await _refused(service_env(pair, tmp_path, url, pair.pbx.ports.ami), tmp_path)
    assert "Traceback" not in said
    assert "trunkline db upgrade" in said
