"""Worlds from files: what is read, and that every fault says where it is and what is expected."""

from __future__ import annotations

import pytest

from crm_core.errors import BadInput
from dialer.simulate_file import world_from_text
from dialer.simulate_shipped import HARD, SHIPPED, resized, shipped
from dialer.simulate_world import Answers, World

WHOLE = """
like: few
agents: 7
hours: 6
connect_within: 1.5
max_lines: 40
calls_per_second: 2
roster: [[0, 7], [10800, 5]]
answers:
  steps: [[0, 0.2], [3600, 0.1]]
  busy: 0.05
  rings: [3, 30]
  ring_samples: [4, 5, 6.5]
work:
  talk_samples:
    - 20
    - 45
    - 400
  late: 0.1
detection:
  everybody: true
  missed_people: 0.02
"""


def test_a_file_says_what_differs() -> None:
    world = world_from_text(WHOLE, "world.yml")
    assert (world.agents, world.hours, world.connect_within) == (7, 6.0, 1.5)
    assert (world.max_lines, world.calls_per_second, world.roster) == (40, 2.0, ((0.0, 7), (10800.0, 5)))
    assert world.answers.steps == ((0.0, 0.2), (3600.0, 0.1))
    assert world.answers.rings == (3.0, 30.0)
    assert world.answers.failed == Answers().failed
    assert world.work.talk_samples == (20.0, 45.0, 400.0)
    assert world.detection.everybody


def test_json_is_read_too() -> None:
    assert world_from_text('{"agents": 4, "work": {"talk": 60.5}}', "world.json").work.talk == 60.5


def test_what_a_file_leaves_out_is_as_in_the_world_it_is_like() -> None:
    assert world_from_text("like: everything", "f") == SHIPPED["everything"][1]
    assert world_from_text("agents: 10", "f") == World()


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("agents: ten", "w.yml:1", "a number from 1 to 5000"),
        ("agents: 2.5", "w.yml:1", "a whole number"),
        ("agents: 2\nhours: 0", "w.yml:2", "from 0.01 to 24"),
        ("agents: 2\nagents: 3", "w.yml:2", "given twice"),
        (
            "\nanswers:\n  steps: [[0, 0.3], [60, 30]]",
            "w.yml:3",
            "'30' is not expected here. Expected: a number from 0",
        ),
        ("answers:\n  steps: [[60, 0.3]]", "w.yml:2", "begin at 0"),
        ("answers:\n  steps: [0.3]", "w.yml:2", "a list is expected here"),
        ("answers:\n  failed: nan", "w.yml:2", "'nan'"),
        ("answers:\n  rings: [20, 4]", "w.yml:2", "the smaller first"),
        ("answers:\n  rings: [1, 2, 3]", "w.yml:2", "3 values stand here"),
        ("answers:\n  ring: 4", "w.yml:2", "'ring' is not known here. Expected: steps, failed"),
        ("work: 3", "w.yml:1", "a mapping"),
        ("work:\n  talk_samples: [40]", "w.yml:2", "at least two"),
        ("work:\n  talk_tail: 0.5", "w.yml:1", "no mean"),
        ("detection:\n  everybody: perhaps", "w.yml:2", "true or false"),
        ("answers: {failed: 0.8, busy: 0.4}", "w.yml:1", "failed and busy together are 1.2"),
        ("answers: {machines: 0.8}", "w.yml:1", "answer 1.10 of the lines"),
        ("answers: {burst: 30, steps: [[0, 0.7]]}", "w.yml:1", "at most 1"),
        ("roster: [[600, 3], [0, 2]]", "w.yml:1", "not in order of time"),
        ("like: mars", "w.yml:1", "there is no world 'mars'. Expected: model"),
        ("hour: 3", "w.yml:1", "Expected: agents, hours"),
        ("a: [", "w.yml:1", "not YAML"),
        ("", "w.yml:1", "empty"),
        ("- 1", "w.yml:1", "a mapping"),
        ("? [1]\n: 2", "w.yml:1", "a plain key"),
        ("\x00", "w.yml:1", "not YAML"),
    ],
)
def test_a_fault_says_file_line_and_what_is_expected(text: str, where: str, what: str) -> None:
    with pytest.raises(BadInput) as caught:
        world_from_text(text, "w.yml")
    assert str(caught.value).startswith(f"{where}: ")
    assert what in str(caught.value)


def test_a_shipped_world_of_another_length_jumps_at_the_same_part_of_it() -> None:
    world = shipped("jump-down", 4, 2)
    assert (world.agents, world.hours) == (4, 2)
    assert world.answers.steps == ((0.0, 0.3), (3600.0, 0.1))
    assert resized(world) == world


def test_a_world_that_is_not_shipped_is_said() -> None:
    with pytest.raises(BadInput, match="there is no world 'venus'"):
        shipped("venus")


@pytest.mark.parametrize("name", HARD)
def test_each_hard_world_differs_from_the_model(name: str) -> None:
    assert shipped(name) != SHIPPED["model"][1]
    assert SHIPPED[name][0]
