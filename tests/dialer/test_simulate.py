"""The simulated shift: it keeps its books, repeats itself, and gives the figures that are known of the rivals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from crm_core.domain.floor import Floor
from dialer.learning import End, Happened
from dialer.pacing import Decision
from dialer.simulate import compare, simulate
from dialer.simulate_draws import Draws, Fate
from dialer.simulate_rules import rule_named, usual_policy
from dialer.simulate_shift import Rule, Shift
from dialer.simulate_shipped import HARD, SHIPPED, shipped
from dialer.simulate_world import Answers, Detection, Work, World

EVERYTHING = shipped("everything", 6, 0.25)


@dataclass
class Always:
    """Keeps so many lines ringing, and gives up those that ring for 18 s."""

    lines: int

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision:
        old = sum((floor.at - since).total_seconds() >= 18 for since in floor.ringing_since)
        return Decision(self.lines - len(floor.ringing_since) + old, old)


@dataclass
class Watching:
    """Looks on while another rule paces."""

    rule: Rule
    floors: list[Floor]
    ends: list[tuple[float, End]]

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision:
        self.floors.append(floor)
        self.ends += happened.lines
        return self.rule(floor, happened, shift)


def watched(world: World, seed: int, lines: int) -> tuple[Shift, Watching]:
    shift, rule = Shift(world, seed), Watching(Always(lines), [], [])
    shift.run(rule)
    return shift, rule


@pytest.mark.parametrize("name", SHIPPED)
def test_every_line_ends_once_and_every_second_is_counted_once(name: str) -> None:
    world = shipped(name, 6, 1)
    shift, rule = watched(world, 3, 12)
    count, left = shift.count, shift.happened().lines
    assert count.dials == count.people + count.machines + count.fruitless + count.given_up + len(shift.ringing)
    assert count.people == count.talks + count.abandoned + len(_people_left(shift))
    assert 0 < count.talked <= count.busy <= count.logged_in <= world.agents * world.seconds + 1e-6
    assert count.given_up == sum(end is End.GIVEN_UP for _, end in (*rule.ends, *left)) > 0
    assert count.rang_beyond + count.would_answer <= count.given_up
    assert all(0 <= wait <= world.connect_within + 1e-9 for wait in count.waits)


def _people_left(shift: Shift) -> list[object]:
    """People who have neither agent nor message when the shift ends."""
    waiting: list[object] = [talk for talk in shift.room.waiting if not talk.machine]
    return waiting + [lead for lead, _ in shift.analysed.values() if lead.fate is Fate.PERSON]


@pytest.mark.parametrize("name", ["model", "everything"])
def test_the_floor_shows_every_agent_once_and_lines_oldest_first(name: str) -> None:
    world = shipped(name, 6, 1)
    _, rule = watched(world, 4, 10)
    for floor in rule.floors:
        there = floor.agents_available + floor.agents_ringing + floor.agents_on_call + floor.agents_wrapping_up
        assert there + floor.agents_paused <= world.agents
        assert list(floor.ringing_since) == sorted(floor.ringing_since)
        assert len(floor.talking_since) == floor.agents_on_call
        assert floor.abandoned <= floor.people
    assert any(floor.agents_paused for floor in rule.floors) is (name == "everything")


def test_the_same_seed_gives_the_same_shift_and_another_another() -> None:
    first, again, other = (simulate(EVERYTHING, "ours", [seed]).shifts[0] for seed in (1, 1, 2))
    assert first == again
    assert first.by_time != other.by_time


def test_several_processes_give_what_one_gives() -> None:
    world, told = shipped("model", 3, 0.2), list[int]()
    one = compare(world, ("progressive", "vicidial"), range(2))
    two = compare(world, ("progressive", "vicidial"), range(2), jobs=2, progress=lambda done, of: told.append(done))
    assert one == two
    assert told == [1, 2, 3, 4]


def test_a_seed_gives_every_rule_the_same_leads() -> None:
    world = shipped("heavy", 3, 1)
    leads = [[draws.lead(0.0) for _ in range(50)] for draws in (Draws(world, 7), Draws(world, 7))]
    assert leads[0] == leads[1]


def test_machines_taken_for_people_cost_time_and_people_taken_for_machines_are_lost() -> None:
    answers = Answers(machines=0.3)
    right = World(5, 1.0, answers, detection=Detection(2.0, everybody=True))
    wrong = replace(right, detection=Detection(2.0, True, missed_machines=0.5, missed_people=0.1))
    counts = [Shift(world, 1).run(rule_named("progressive", usual_policy(world))) for world in (right, wrong)]
    assert counts[0].abandoned == counts[0].machines_connected == 0
    assert counts[1].taken_for_machines == counts[1].abandoned > 0
    assert counts[1].machines_connected > 0


def test_what_the_dialer_knows_of_its_wrong_verdicts_is_on_the_floor() -> None:
    world = World(5, 1.0, Answers(machines=0.3), detection=Detection(2.0, everybody=True, missed_people=0.1))
    seen = []
    for assumed in (0.0, None):
        shift, rule = Shift(world, 1), Watching(Always(8), [], [])
        shift.run(rule, assumed)
        seen.append(rule.floors[-1])
    assert world.wrongly_machine == pytest.approx(0.3 * 0.1 / (0.3 * 0.1 + 0.3))
    assert seen[0].abandoned < seen[1].abandoned
    assert shift.happened().unseen == pytest.approx(world.wrongly_machine * shift.count.machine_verdicts)


def test_the_share_of_wrong_verdicts_is_that_of_the_whole_shift() -> None:
    answers = Answers(((0.0, 0.4), (3600.0, 0.2)), machines=0.1)
    world = World(5, 2.0, answers, detection=Detection(2.0, missed_people=0.1))
    assert world.wrongly_machine == pytest.approx(0.03 / 0.13)
    assert replace(answers, fades=0.5).mean_share(7200.0) == pytest.approx((0.4 * 0.875 + 0.2 * 0.625) / 2)
    assert answers.mean_share(1800.0) == pytest.approx(0.4), "it ends before the second step"


def test_lines_given_up_are_told_from_those_that_nobody_would_answer_any_more() -> None:
    shifts = [watched(World(5, 1.0, Answers(rings=(4.0, last))), 1, 10)[0] for last in (17.0, 20.0)]
    none_left, some_left = (shift.count for shift in shifts)
    assert none_left.rang_beyond == none_left.given_up > none_left.would_answer == 0
    assert some_left.rang_beyond < some_left.given_up
    assert 0 < some_left.would_answer < some_left.given_up
    assert Answers(ring_samples=(3.0, 9.0, 7.0), set_up=0.5).last == 9.5


def test_callbacks_are_dialed_again_and_answer_more_often() -> None:
    world = World(5, 2.0, work=Work(callbacks=0.5, callback_after=600.0, callback_answered=1.0))
    plain = replace(world, work=Work())
    with_them, without = (Shift(one, 1).run(rule_named("progressive", usual_policy(one))) for one in (world, plain))
    assert with_them.callbacks > 0 == without.callbacks
    assert with_them.people / with_them.dials > without.people / without.dials


def test_the_roster_and_the_trunk_are_kept_to() -> None:
    world = World(6, 1.0, roster=((0.0, 6), (1200.0, 2), (2400.0, 4)), max_lines=5, calls_per_second=0.5)
    shift, rule = watched(world, 1, 50)
    assert shift.count.logged_in < 6 * 3600 - 4 * 900
    late = [floor for floor in rule.floors if 1900 < 3600 - floor.seconds_left < 2400]
    assert {floor.agents_available + floor.agents_on_call + floor.agents_wrapping_up for floor in late} <= {2, 3}
    assert max(floor.open_lines for floor in rule.floors) == 5
    assert shift.count.dials <= 0.5 * 3600 + 1


def test_lengths_are_drawn_from_samples_and_tails_keep_their_mean() -> None:
    draws = Draws(World(work=Work(talk_samples=(10.0, 20.0, 90.0), wrap_up=15.0, wrap_up_tail=3.0)), 1)
    leads = [draws.lead(0.0) for _ in range(20_000)]
    assert min(lead.talk for lead in leads) >= 10
    assert max(lead.talk for lead in leads) <= 90
    assert sum(lead.talk for lead in leads) / len(leads) == pytest.approx((15 + 55) / 2, rel=0.03)
    assert sum(lead.wrap_up for lead in leads) / len(leads) == pytest.approx(15, rel=0.05)


@pytest.mark.parametrize("name", ["bursts", "fading", "jump-down"])
def test_answers_change_as_the_world_says(name: str) -> None:
    world = shipped(name)
    draws = Draws(world, 1)
    shares = [draws.share(float(at)) for at in range(0, 28_800, 10)]
    mean = {"bursts": 0.30, "fading": 0.21, "jump-down": 0.20}[name]
    assert sum(shares) / len(shares) == pytest.approx(mean, abs=0.02)
    assert {round(max(shares), 2), round(min(shares), 2)} == {
        "bursts": {0.48, 0.12},
        "fading": {0.30, 0.12},
        "jump-down": {0.30, 0.10},
    }[name]


def test_the_hard_worlds_are_shipped() -> None:
    assert set(HARD) < set(SHIPPED)
