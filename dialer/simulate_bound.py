"""As good as the most any pacing could reach: a rule that knows what comes of every lead and how long calls last."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from crm_core.domain.floor import Floor
from dialer.learning import Happened
from dialer.pacing import Decision
from dialer.simulate_draws import Absence, Fate, Lead, Talk
from dialer.simulate_shift import Shift

_MOST = 2000  # leads looked at in one second


class Clairvoyant:
    """Dials the leads in their order, the fruitless ones too, and stops before a person who would find nobody.

    It knows absences and incoming calls as well. Only people whom machine detection takes for machines are lost to it.
    """

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision:
        free, needs = _free_at(shift), _promised(shift)
        lines = 0
        while lines < _MOST:
            lead = shift.next_lead(lines)
            if (need := _need(shift, lead, shift.now + lead.after)) is not None:
                with_it = sorted([*needs, need], key=_when)
                if not _all_met(shift, list(free), with_it):
                    break
                needs = with_it
            lines += 1
        return Decision(lines)


def _when(talk: Talk) -> float:
    return talk.needed_at


def _free_at(shift: Shift) -> list[tuple[float, int]]:
    """When each agent who is there is done with his call, as a heap."""
    room = shift.room
    free = [(shift.now, agent) for agent in room.idle]
    for busy in (room.talking, room.wrapping):
        free += [(until, agent) for agent, (_, until) in busy.items()]
    free += [(until, agent) for agent, until in room.picking_up.items()]
    heapq.heapify(free)
    return free


def _promised(shift: Shift) -> list[Talk]:
    """Who already waits, rings or will call in while those who ring answer."""
    room = shift.room
    ringing = [_need(shift, lead, at + lead.after) for _, lead, at in shift.ringing.values()]
    judged = [_need(shift, lead, until - _listening(shift)) for lead, until in shift.analysed.values()]
    found = [*room.queued, *room.waiting, *(one for one in (*ringing, *judged) if one is not None)]
    answers = shift.world.answers
    horizon = shift.now + answers.ring_out + answers.set_up + _listening(shift) + shift.world.connect_within
    for talk in room.expected:
        if talk.needed_at > horizon:
            break
        found.append(talk)
    return sorted(found, key=_when)


def _listening(shift: Shift) -> float:
    return shift.world.detection.seconds if shift.world.answers.machines else 0.0


def _need(shift: Shift, lead: Lead, answered_at: float) -> Talk | None:
    """The agent's time this lead will ask for, if any."""
    world = shift.world
    listened, wrong = world.answers.machines > 0, lead.judged_wrong
    if lead.fate is Fate.PERSON and not (listened and wrong):
        late = _listening(shift) if world.detection.everybody else 0.0
        return Talk(lead.talk, lead.wrap_up, answered_at + late)
    if lead.fate is Fate.MACHINE and wrong:
        seconds = world.detection.missed_machine_seconds
        return Talk(seconds, lead.wrap_up, answered_at + world.detection.seconds, machine=True)
    return None


def _all_met(shift: Shift, free: list[tuple[float, int]], needs: Sequence[Talk]) -> bool:
    """Whether every person finds an agent in time. Machines and callers who do not may go."""
    world, away = shift.world, dict[int, int]()
    for need in needs:
        patience = world.work.incoming_patience if need.incoming else world.connect_within - world.work.pick_up
        while free:
            at, agent = free[0]
            begins = max(at, need.needed_at)
            absence = _absence(shift, agent, away.get(agent, 0))
            if absence is None or absence.at > begins:
                break
            away[agent] = away.get(agent, 0) + 1
            heapq.heapreplace(free, (absence.back_at(max(at, absence.at)), agent))
        if not free or free[0][0] > need.needed_at + patience:
            if need.incoming or need.machine:
                continue
            return False
        at, agent = free[0]
        handled = max(at, need.needed_at) + world.work.pick_up + need.talk + need.wrap_up
        heapq.heapreplace(free, (handled, agent))
    return True


def _absence(shift: Shift, agent: int, taken: int) -> Absence | None:
    """The agent's next absence, of those not reckoned with yet."""
    wished, planned = shift.room.wished.get(agent), shift.room.absences[agent]
    if wished is not None:
        if taken == 0:
            return wished
        taken -= 1
    return planned[taken] if taken < len(planned) else None
