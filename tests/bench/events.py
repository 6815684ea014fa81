"""AMI events folded and stored per second: bytes through the AMI link, the fold and the call book, into the base."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from crm_core.db.engine import Database, opened_database
from crm_core.domain.attempts import Attempt
from crm_core.handlers.agents import add_agent, log_in
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.handlers.roster import DatabaseRoster
from pbx.ami import AmiLink
from pbx.link import SwitchLink
from pbx.settings import AmiSettings, LinkSettings
from tests.asterisk.asterisk import until
from tests.bench.rows import Row, at_least
from tests.bench.site import CAMPAIGN, KINDS, NETWORK, Say, empty_database, filled, now
from tests.pbx.ami_server import Action, PlayedAmi, played_ami, success
from tests.pbx.ami_text import RECORDED

BOUND = 5_000
CALLS, AGENTS = 3_000, 60
#: Of ten calls so many are answered and bridged; the others are busy.
_ANSWERED_OF_TEN = 3
_FLUSH = LinkSettings("pbx", Path()).flush_seconds
#: Events the link writes together when they come at the bound.
_BATCH = round(BOUND * _FLUSH)
#: In such batches: from ringing to the answer 0.3 s, from the answer to the end 1.5 s.
_RINGS, _TALKS = round(0.3 / _FLUSH), round(1.5 / _FLUSH)
#: Calls that are answered, and by which agent each is taken.
Answers = list[tuple[str, int]]
_BRIDGE = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


async def measure(folder: Path, say: Say) -> list[Row]:
    """On one core: SQLite runs in the process, PostgreSQL beside it."""
    rows = []
    for kind in KINDS:
        say(f"events: {CALLS} calls on {kind}")
        async with empty_database(kind, folder) as url, opened_database(url) as database:
            rows.append(at_least(f"AMI events folded and stored, {kind}", await _rate(database, folder), "1/s", BOUND))
    return rows


async def _rate(database: Database, folder: Path) -> float:
    batches = list(_batches(await _attempts(database, folder)))
    count = sum(batch.count(b"Event: ") for batch, _ in batches)
    async with _listening(database, folder) as (ami, link):
        await _say(ami, link, b"".join(_parked(agent) for agent in range(AGENTS)))
        roster, took = DatabaseRoster(database), 0.0
        for batch, answers in batches:
            await _hand_over(roster, answers)
            began = time.perf_counter()
            await _say(ami, link, batch)
            took += time.perf_counter() - began
        return count / took


async def _hand_over(roster: DatabaseRoster, answers: Answers) -> None:
    """What dialer and desk do beside, and is not measured: end wrap-ups, give the people who answer to agents."""
    await roster.wrap_ups_over(now())
    ids = {agent.leg: agent.id for agent in await roster.agents()}
    for call, agent in answers:
        await roster.assign(call, None, ids[f"op-leg-{agent}"], now())


async def _say(ami: PlayedAmi, link: SwitchLink, text: bytes) -> None:
    """Play events and wait until they are stored: what comes later cannot be written together with them."""
    awaited = link.events + text.count(b"Event: ")
    await ami.say(text)
    while link.events < awaited or link.is_behind:  # noqa: ASYNC110  # nothing tells us but the link itself
        await asyncio.sleep(0.0005)


@asynccontextmanager
async def _listening(database: Database, folder: Path) -> AsyncIterator[tuple[PlayedAmi, SwitchLink]]:
    """The service's own link, on a played manager interface without channels."""
    cdrs = folder / "cdrs.csv"
    cdrs.touch()
    async with played_ami() as ami:
        ami.answer = _no_channels
        wire = AmiLink(AmiSettings("127.0.0.1", ami.port, "trunkline", ami.secret), now)
        link = SwitchLink(wire, DatabaseCallBook(database, now), LinkSettings("pbx", cdrs, flush_seconds=0), now)
        running = asyncio.create_task(link.run(), name="switch link")
        try:
            await until(lambda: link.is_up and not link.is_behind)
            yield ami, link
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def _no_channels(action: Action) -> str:
    if action["Action"] != "CoreShowChannels":
        return success(action)
    end = f"Event: CoreShowChannelsComplete\r\nActionID: {action['ActionID']}\r\nEventList: Complete\r\n\r\n"
    return f"Response: Success\r\nActionID: {action['ActionID']}\r\nEventList: start\r\nMessage: follow\r\n\r\n{end}"


async def _attempts(database: Database, folder: Path) -> list[str]:
    """A campaign with all calls leased, as the dialer leaves them; its agents wait for their legs. Their ids."""
    campaign = await filled(database, folder, CALLS)
    for agent in range(AGENTS):
        await add_agent(database, f"Agent {agent}", f"op{agent}", now())
        await log_in(database, f"Agent {agent}", CAMPAIGN, now())
    hopper, leased = DatabaseHopper(database, now), 0
    while leased < CALLS:
        due = await hopper.due(campaign, now(), 200)
        wanted = [
            Attempt(
                id=f"tl-{leased + n}",
                campaign_id=campaign.id,
                lead_id=lead.id,
                number=lead.numbers[0].e164,
                trunk=NETWORK.name,
                caller_id=NETWORK.caller_ids[0],
                created_at=now(),
                leased_until=now() + timedelta(minutes=5),
            )
            for n, lead in enumerate(due)
        ]
        leased += len(await hopper.lease(wanted, NETWORK, now()))
    return [f"tl-{n}" for n in range(CALLS)]


# --- the events, as recorded from Asterisk 22.10.1 --------------------------------------------------------------
def _batches(calls: Sequence[str]) -> Iterator[tuple[bytes, Answers]]:
    """The events of all calls, each call spread over time as calls are."""
    parts: dict[int, list[bytes]] = defaultdict(list)
    talk, busy = _recorded(b"att-1", (b"OriginateResponse", b"HangupRequest")), _recorded(b"att-busy", (b"Hangup",))
    answers: dict[int, Answers] = defaultdict(list)
    at, events = 0, 0
    for number, call in enumerate(calls):
        phases = talk if number % 10 < _ANSWERED_OF_TEN else busy
        for phase, after in zip(phases, (0, _RINGS, _RINGS + _TALKS), strict=False):
            parts[at + after].append(_as_of(phase, call, number % AGENTS))
        if phases is talk:
            answers[at + _RINGS].append((call, number % AGENTS))
        events += sum(phase.count(b"Event: ") for phase in phases)
        at = events // _BATCH
    return ((b"".join(parts[key]), answers[key]) for key in sorted(parts))


def _recorded(channel: bytes, cuts: Sequence[bytes]) -> list[bytes]:
    """All events of one recorded call, cut before the first event of each of these names."""
    phases, left = [b""], list(cuts)
    for block in RECORDED.split(b"\r\n\r\n"):
        own = re.search(rb"niqueid: (%s|op-leg-1)\r" % channel, block) or _BRIDGE.search(block)
        if phases == [b""] and b"Uniqueid: %s\r" % channel not in block:
            continue
        if not own or not block.startswith(b"Event: ") or block.startswith(b"Event: CoreShowChannel"):
            continue
        if left and block.startswith(b"Event: " + left[0]):
            left.pop(0)
            phases.append(b"")
        phases[-1] += block + b"\r\n\r\n"
        if block.startswith(b"Event: Hangup\r") and b"Uniqueid: %s\r" % channel in block:
            return phases
    raise ValueError(f"the recording holds no whole call {channel!r}")


def _as_of(events: bytes, call: str, agent: int) -> bytes:
    mine = re.sub(rb"att-(1|busy)\b", call.encode(), events)
    mine = _BRIDGE.sub(f"{int(call[3:]):08x}-0000-4000-8000-000000000000".encode(), mine)
    return _of_agent(mine, agent)


def _parked(agent: int) -> bytes:
    """The leg of an agent, made and up."""
    blocks = RECORDED.split(b"\r\n\r\n")
    own = [one for one in blocks if b"niqueid: op-leg-1\r" in one and re.match(rb"Event: (Newchannel|Newstate)", one)]
    return _of_agent(b"".join(block + b"\r\n\r\n" for block in own[:2]), agent)


def _of_agent(events: bytes, agent: int) -> bytes:
    return events.replace(b"op-leg-1", f"op-leg-{agent}".encode()).replace(b"op1-silent", f"op{agent}".encode())
