"""Rules in simulated shifts: the rivals' known figures, the bound, exact knowledge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm_core.errors import BadInput
from dialer.laws import FCC
from dialer.learning import nothing_learned
from dialer.simulate import Setting, Summary, compare, simulate
from dialer.simulate_exact import Truth
from dialer.simulate_rules import RULES, Vicidial, rule_named, usual_policy
from dialer.simulate_shift import Shift
from dialer.simulate_shipped import shipped
from dialer.simulate_world import World


#: Means of eight hours in the reference model; four hours of ten agents stray by less than a point.
@pytest.mark.parametrize(
    ("rule", "world", "known", "within"),
    [
        ("progressive", "model", 59.7, 1.0),
        ("progressive", "few", 30.5, 1.0),
        ("vicidial", "few", 36.1, 2.0),
    ],
)
def test_rivals_come_to_their_known_figures(rule: str, world: str, known: float, within: float) -> None:
    found = simulate(shipped(world, 10, 4), rule, range(100, 102))
    assert 100 * found.occupancy.mean == pytest.approx(known, abs=within)


def test_vicidial_comes_to_its_known_figure_where_it_places_calls_as_seldom_as_there() -> None:
    """The table's own looks, one a second, turn 2.5 s into 3; at 2.5 s the rule is a point and a half better."""
    busy, lost = {}, {}
    for every in (2.5, 3.0):
        counts = [Shift(shipped("model", 10, 6), seed).run(Vicidial(0.03, every)) for seed in (100, 101)]
        busy[every] = 100 * sum(count.occupancy for count in counts) / 2
        lost[every] = 100 * sum(count.abandoned_share for count in counts) / 2
    assert busy[3.0] == pytest.approx(58.8, abs=1.0)
    assert lost[3.0] == pytest.approx(3.14, abs=0.3)
    assert busy[3.0] < busy[2.5] < 62


@pytest.fixture(scope="module")
def compared() -> dict[str, dict[str, Summary]]:
    """Eighteen minutes under every rule; in a world with everything the truth takes too long to tell."""
    told = [rule for rule in RULES if rule != "exact"]
    return {
        name: {one.rule: one for one in compare(shipped(name, 5, 0.3), (*rules, "fixed:3"), [1])}
        for name, rules in (("model", RULES), ("leaving", RULES), ("everything", told))
    }


def test_the_clairvoyant_abandons_nobody_and_no_rule_is_ahead_of_it(
    compared: dict[str, dict[str, Summary]],
) -> None:
    for name, found in compared.items():
        best = found["clairvoyant"]
        for one in found.values():
            for ours, most in zip(one.shifts, best.shifts, strict=True):
                assert ours.occupancy <= most.occupancy, (name, one.rule)
    assert compared["model"]["clairvoyant"].abandoned.most == 0
    assert compared["leaving"]["clairvoyant"].abandoned.most == 0


def test_the_clairvoyant_loses_only_those_taken_for_machines() -> None:
    world = shipped("everything", 10, 1)
    shift = Shift(world, 5)
    count = shift.run(rule_named("clairvoyant", usual_policy(world)))
    assert count.abandoned == count.taken_for_machines


def test_progressive_abandons_nobody_in_the_model(compared: dict[str, dict[str, Summary]]) -> None:
    assert compared["model"]["progressive"].abandoned.most == 0


def test_more_abandoned_people_make_more_occupancy_possible() -> None:
    world = shipped("model", 5, 0.6)
    strict, loose = (simulate(world, "ours", [1], Setting(law=replace(FCC, limit=x))) for x in (0.005, 0.2))
    assert strict.abandoned.mean < loose.abandoned.mean
    assert strict.occupancy.mean < loose.occupancy.mean


@pytest.mark.parametrize("name", ["nothing", "fixed:many", "fixed:0", "ours:2"])
def test_a_rule_that_does_not_exist_is_said(name: str) -> None:
    with pytest.raises(BadInput, match="Expected"):
        simulate(World(), name, [0], jobs=2)


def test_exact_knowledge_follows_the_world_through_its_jump() -> None:
    world = shipped("jump-down", 5, 0.2)
    known = nothing_learned(usual_policy(world))
    shift, truth = Shift(world, 1), Truth(world, known)
    before = truth.told(known, shift).tables
    shift.clock.run_until(500.0)
    after = truth.told(known, shift).tables
    assert before.handling == pytest.approx(105, rel=0.05)
    assert after.handling == pytest.approx(105, rel=0.05)
    assert after.exposure[20] == pytest.approx(before.exposure[20] / 3, rel=0.25)
    assert truth.told(known, shift).tables is after
