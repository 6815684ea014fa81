"""A world to simulate, as past calls tell of it."""

from __future__ import annotations

from crm_core.domain.campaigns import CampaignPolicy, Trunk
from crm_core.domain.past_estimates import Likely
from dialer.simulate_world import Answers, Detection, Work, World

#: Seconds from the originate to the first ring.
_SET_UP = 0.2
#: Seconds that detection listens to a machine.
_LISTENS = 3.0
#: Shares beyond these are no share of a list.
_LEAST, _MOST = 0.005, 0.98


def world_of(
    found: Likely,
    policy: CampaignPolicy,
    trunk: Trunk,
    agents: int,
    hours: float = 8.0,
    share: float | None = None,
    by_hour: tuple[tuple[float, float], ...] = (),
) -> World:
    """The world of one shift. `share` of all dials that people answer (None: as learned); `by_hour`: from which second
    of the shift on which share, instead."""
    failed = min(0.9, found.failed.value)
    steps = by_hour or ((0.0, found.answered.value if share is None else share),)
    rings = found.rings
    return World(
        agents=agents,
        hours=hours,
        answers=Answers(
            steps=tuple((since, min(_MOST, max(_LEAST, one / (1 - failed)))) for since, one in steps),
            failed=failed,
            busy=min(0.9, found.busy.value / (1 - failed)),
            machines=min(1.0, found.machines.value / (1 - failed)),
            rings=(rings[len(rings) // 20], rings[-1 - len(rings) // 20]),
            ring_samples=rings,
            ring_out=policy.ring_for.total_seconds(),
            set_up=_SET_UP,
        ),
        work=Work(
            talk=found.talk.mean.value,
            talk_sigma=found.talk.sigma,
            talk_samples=found.talk.quantiles,
            wrap_up=found.wrap_up.mean.value,
            wrap_up_sigma=found.wrap_up.sigma,
            wrap_up_samples=found.wrap_up.quantiles,
            pauses=found.pauses.value,
            pause_seconds=found.pause.mean.value,
        ),
        detection=Detection(seconds=_LISTENS, everybody=policy.detect_machines),
        connect_within=policy.connect_within.total_seconds(),
        max_lines=min(policy.max_lines, trunk.max_lines),
        calls_per_second=min(policy.calls_per_second, trunk.calls_per_second),
    )
