"""The call book: where the switch's knowledge is written. Every method is one commit and may be repeated."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import compress

from crm_core.db import agents, attempts, recordings
from crm_core.db import calls as call_rows
from crm_core.db import cdrs as cdr_rows
from crm_core.db.calls import Call
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import Agent, AgentState, Trigger
from crm_core.domain.calls import AgentLegChange, CallSnapshot, Leg, LegRole
from crm_core.domain.recordings import RecordingFile
from crm_core.events import RecordingLinked
from crm_core.handlers.call_writing import write_calls
from crm_core.handlers.cdr_ties import Ties, calls_to_make, ended_by
from crm_core.handlers.commits import committed
from crm_core.ports import Cdr

log = logging.getLogger(__name__)

#: A call whose own channel's CDR is older than this has ended, although nobody said so.
_FINAL_AFTER = timedelta(seconds=5)


class DatabaseCallBook:
    """`CallBook` over the database. `now` is asked only for how old a CDR is."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    async def record_calls(self, calls: Sequence[CallSnapshot]) -> None:
        """Upsert calls and legs; end the attempts whose calls ended; move agents whose calls ended or began."""
        await committed(self._database, lambda work: write_calls(work, calls))

    async def record_agent_legs(self, changes: Sequence[AgentLegChange]) -> None:
        """Agents whose parked leg came up become available; those whose leg dropped are logged out."""

        async def act(work: UnitOfWork) -> None:
            roster = {agent.phone: agent for agent in await agents.with_phones(work, {c.phone for c in changes})}
            steps: list[Agent] = []
            quiet: dict[int, Agent] = {}
            for change in changes:
                if (agent := roster.get(change.phone)) is None:
                    log.warning("a leg of nobody's phone", extra={"phone": change.phone, "channel": change.channel})
                    continue
                after = leg_changed(agent, change)
                roster[change.phone] = after
                if after.state is not agent.state:
                    steps.append(after)
                elif after != agent:
                    quiet[after.id] = after
            await agents.save(work, steps)
            await agents.save_legs(work, [roster[agent.phone] for agent in quiet.values()])

        await committed(self._database, act)

    async def open_calls(self, node: str) -> list[CallSnapshot]:
        """Calls of this node not ended yet, with their legs."""
        async with self._database.reading() as work:
            found = await call_rows.open_on(work, node)
            legs = await call_rows.legs_of(work, [call.id for call in found])
        return [_snapshot(call, legs.get(call.id, ())) for call in found]

    async def close_lost(self, node: str, live: frozenset[str], cdrs: Sequence[Cdr], now: datetime) -> int:
        """End open calls and agent legs of `node` that are not in `live`; returns how many calls were ended.

        A call that began after `now`, when the live channels were listed, is left alone.
        """

        async def act(work: UnitOfWork) -> int:
            lost = [
                call for call in await call_rows.open_on(work, node) if call.id not in live and call.first_seen < now
            ]
            known = await cdr_rows.own_records(work, node, [call.id for call in lost])
            known |= {cdr.uniqueid: cdr for cdr in sorted(cdrs, key=lambda cdr: cdr.sequence)}
            ends = [ended_by(call, known.get(call.id), now) for call in lost]
            never_told = await _attempts_told_by(work, cdrs, {call.id for call in lost} | live)
            ended = await write_calls(work, [*ends, *never_told])
            await _drop_legs(work, node, live, now)
            return ended

        return await committed(self._database, act)

    async def record_cdrs(self, node: str, cdrs: Sequence[Cdr], offset: int) -> int:
        """Keep CDRs, tied to their calls; make the calls nobody told of; end those that must have ended.

        Returns how many calls had to be made.
        """
        now = self._now()

        async def act(work: UnitOfWork) -> list[str]:
            ties = await _ties(work, cdrs)
            unmatched = [cdr for cdr in cdrs if ties.call_of(cdr) is None]
            made = calls_to_make(unmatched, ties.attempts)
            await write_calls(work, list(made.values()))
            ties = replace(ties, calls={*ties.calls, *made})
            await cdr_rows.save(work, [(cdr, ties.call_of(cdr)) for cdr in cdrs])
            await cdr_rows.set_offset(work, node, offset)
            await _end_final(work, node, now)
            return sorted(made)

        if call_ids := await committed(self._database, act):
            log.warning("calls known by their CDRs only", extra={"call_ids": call_ids})
        return len(call_ids)

    async def cdr_offset(self, node: str) -> int:
        async with self._database.reading() as work:
            return await cdr_rows.offset(work, node)

    async def link_recording(self, file: RecordingFile, at: datetime) -> None:
        """Link the file to its call, however late or early it comes."""

        async def act(work: UnitOfWork) -> None:
            if await recordings.link(work, file, at):
                work.publish(RecordingLinked(file.call_id, file.path, at))

        await committed(self._database, act)


def leg_changed(agent: Agent, change: AgentLegChange) -> Agent:
    """The agent after a change of his leg. Only the leg he holds can drop; a leg of somebody logged out is noted, so
    that the dialer hangs it up."""
    if change.up:
        held = replace(agent, leg=change.channel, leg_name=change.channel_name, node=change.node)
        return agents.moved(held, Trigger.LEG_UP, change.at) if agent.state is AgentState.CONNECTING else held
    if agent.leg != change.channel:
        return agent
    if agent.state is AgentState.LOGGED_OUT:
        return agents.without_leg(agent)
    return agents.moved(agent, Trigger.LEG_DOWN, change.at)


async def _attempts_told_by(
    work: UnitOfWork, rows: Sequence[Cdr], but: frozenset[str] | set[str]
) -> list[CallSnapshot]:
    """Attempts that were leased, whose call we never saw, and which Asterisk's records know."""
    ids = {cdr.uniqueid for cdr in rows} - but
    placed = await attempts.locked(work, ids)
    unseen = {one for one, its in placed.items() if its.attempt.ended_at is None}
    unseen -= await call_rows.ids_that_exist(work, unseen)
    return list(calls_to_make([cdr for cdr in rows if cdr.uniqueid in unseen], unseen).values())


async def _drop_legs(work: UnitOfWork, node: str, live: frozenset[str], now: datetime) -> None:
    gone = [a for a in await agents.with_legs_on(work, node) if a.leg not in live]
    dropped = [leg_changed(a, AgentLegChange(node, a.phone, a.leg or "", "", up=False, at=now)) for a in gone]
    changed = [after.state is not before.state for before, after in zip(gone, dropped, strict=True)]
    await agents.save(work, list(compress(dropped, changed)))
    await agents.save_legs(work, [a for a, moved in zip(dropped, changed, strict=True) if not moved])


async def _end_final(work: UnitOfWork, node: str, now: datetime) -> None:
    left_open = await call_rows.with_final_cdr(work, node, now - _FINAL_AFTER)
    own = await cdr_rows.own_records(work, node, [call.id for call in left_open]) if left_open else {}
    await write_calls(work, [ended_by(call, own.get(call.id), now) for call in left_open])


async def _ties(work: UnitOfWork, rows: Sequence[Cdr]) -> Ties:
    ids = {cdr.uniqueid for cdr in rows} | {cdr.linkedid for cdr in rows}
    return Ties(
        calls=await call_rows.ids_that_exist(work, ids),
        attempts=await attempts.existing(work, ids),
        by_leg=await call_rows.calls_of_legs(work, {cdr.uniqueid for cdr in rows}),
        phones=await cdr_rows.operator_phones(work),
    )


def _snapshot(call: Call, legs: tuple[Leg, ...]) -> CallSnapshot:
    agent = next((leg for leg in reversed(legs) if leg.role is LegRole.AGENT), None)
    return CallSnapshot(
        id=call.id,
        node=call.node,
        direction=call.direction,
        started_at=call.first_seen,
        number=call.number,
        line=call.line,
        ringing_at=call.ringing_at,
        answered_at=call.answered_at,
        bridged_at=call.bridged_at,
        agent_leg=agent.channel if agent is not None else None,
        agent_phone=agent.phone if agent is not None else None,
        outcome=call.outcome,
        cause=call.cause,
        sip_status=call.sip_status,
        legs=legs,
    )
