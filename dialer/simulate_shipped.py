"""Worlds that are known by name: the model that published figures are compared in, and what it leaves out."""

from __future__ import annotations

from dataclasses import replace

from crm_core.errors import BadInput
from dialer.simulate_world import Answers, Detection, Work, World

_HALF = 4 * 3600.0  # where the model's eight hours jump

_MODEL = World()
#: By name: what it is, and the world.
SHIPPED: dict[str, tuple[str, World]] = {
    "model": ("30 % of live numbers answer after 4 to 20 s, talks of 90 s, wrap-up of 15 s", _MODEL),
    "few": ("the model, 10 % answer", replace(_MODEL, answers=Answers(steps=((0.0, 0.10),)))),
    "jump-down": (
        "the model, from 30 % to 10 % in mid-shift",
        replace(_MODEL, answers=Answers(steps=((0.0, 0.30), (_HALF, 0.10)))),
    ),
    "jump-up": (
        "the model, from 10 % to 40 % in mid-shift",
        replace(_MODEL, answers=Answers(steps=((0.0, 0.10), (_HALF, 0.40)))),
    ),
    "irregular": (
        "wrap-up of very different length, a tenth of it half a minute too long",
        replace(_MODEL, work=Work(wrap_up_sigma=0.8, late=0.10, late_seconds=30.0)),
    ),
    "leaving": (
        "agents pause once an hour for 7 minutes and log out every four hours for half an hour, lines ringing or not",
        replace(_MODEL, work=Work(pauses=1.0, leaves=0.25)),
    ),
    "bursts": (
        "answers come in bursts: 48 % and 12 % in turn, changing every minute and a half",
        replace(_MODEL, answers=Answers(burst=2.0)),
    ),
    "mistaken": (
        "20 % machines, all listened to for 2 s; a tenth of them taken for people, 1 % of people for machines",
        replace(
            _MODEL,
            answers=Answers(machines=0.20),
            detection=Detection(2.0, everybody=True, missed_machines=0.10, missed_people=0.01),
        ),
    ),
    "set-up": (
        "0.2 s until a line rings, and as long until an agent who takes a call is there",
        replace(_MODEL, answers=Answers(set_up=0.2), work=Work(pick_up=0.2)),
    ),
    "drifting": ("talks grow by half over the shift", replace(_MODEL, work=Work(talk_drift=0.5))),
    "fading": ("answers fall from 30 % to 12 % over the shift", replace(_MODEL, answers=Answers(fades=0.6))),
    "blended": ("three calls an hour come in for each agent", replace(_MODEL, work=Work(incoming=3.0))),
    "heavy": (
        "talks with a heavy tail, a tenth of the people called back later",
        replace(_MODEL, work=Work(talk_tail=2.5, callbacks=0.10)),
    ),
    "everything": (
        "all of these together, milder each",
        replace(
            _MODEL,
            answers=Answers(busy=0.05, machines=0.15, set_up=0.2, fades=0.4, burst=1.5),
            work=Work(
                talk_drift=0.25,
                wrap_up_sigma=0.6,
                late=0.05,
                pauses=0.7,
                leaves=0.15,
                incoming=1.5,
                callbacks=0.05,
            ),
            detection=Detection(2.0, everybody=True, missed_machines=0.05, missed_people=0.005),
        ),
    ),
}
#: The worlds the model leaves out.
HARD = ("irregular", "leaving", "bursts", "mistaken", "set-up", "drifting", "fading", "blended", "heavy", "everything")


def shipped(name: str, agents: int | None = None, hours: float | None = None) -> World:
    """A world by name, with another number of agents or hours; its jump comes in the middle. Raises BadInput."""
    if name not in SHIPPED:
        raise BadInput("world", f"there is no world {name!r}", f"Expected: {', '.join(SHIPPED)}, or a file")
    return resized(SHIPPED[name][1], agents, hours)


def resized(world: World, agents: int | None = None, hours: float | None = None) -> World:
    """The same with so many agents, and for so many hours: what comes at a time comes at the same part of the shift."""
    if hours is not None and hours != world.hours:
        factor = hours / world.hours
        steps = tuple((at * factor, share) for at, share in world.answers.steps)
        roster = tuple((at * factor, there) for at, there in world.roster)
        world = replace(world, hours=hours, answers=replace(world.answers, steps=steps), roster=roster)
    return world if agents is None else replace(world, agents=agents)
