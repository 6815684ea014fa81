"""The shipped scripts do what their conversations say, and the runner tells what differs."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from ivr_bot.dialog.conversations import read_conversations, try_out
from ivr_bot.dialog.drawing import drawn_nodes, mermaid
from ivr_bot.dialog.marks import BadScript
from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.script import Script, ways
from ivr_bot.dialog.shipped import conversations_of, shipped_scripts
from ivr_bot.dialog.svg import svg
from tests.ivr_bot.dialog.scripts import SHIPPED, script

_HEAD = "now: 2026-11-25T10:00:00+05:00\nlead: {name: Aziz}\nconversations:\n"
_SVG = "{http://www.w3.org/2000/svg}"
_SMALL = (
    '  first: {kind: yes_no, prompt: "Well?", if_yes: good, if_no: bye}\n'
    "  good: {kind: disposition, code: good, next: bye}\n  bye: {kind: hang_up}\n"
)


@pytest.mark.parametrize("path", shipped_scripts(), ids=lambda path: path.stem)
def test_a_shipped_script_talks_as_its_conversations_say(path: Path) -> None:
    tests = conversations_of(path)
    text = tests.read_text(encoding="utf-8")
    conversations = read_conversations(text, str(tests))
    tried = [try_out(load_script(path), each) for each in conversations]
    assert len(tried) >= 10
    assert [(one.conversation.name, one.differences) for one in tried if one.differences] == []


def test_all_seven_scripts_are_shipped_two_of_them_in_three_languages() -> None:
    assert len(SHIPPED) == 7
    assert sum(of.languages == ("en", "ru", "uz") for of in SHIPPED) >= 2


def test_what_differs_is_told_with_its_line() -> None:
    text = (
        _HEAD + '  - name: x\n    moves:\n      - says: "yes"\n'
        '        expect: {result: bad, ended: "true", slots: {first: "no"}}\n'
    )
    tried = try_out(script(_SMALL), read_conversations(text, "t.yml")[0])
    found = [(each.line, each.what, each.expected, each.found) for each in tried.differences]
    assert found == [(7, "result", "bad", "good"), (7, "slots first", "no", "yes")]
    assert tried.told == ("bot: Well?", "person: yes", "bot: (says nothing)")


@pytest.mark.parametrize(
    ("moves", "what"),
    [
        ("- {shouts: hey}", "'shouts' is not known"),
        ("- {hears: thunder}", "'thunder' is not known"),
        ("- {says: a, presses: 1}", "one move is expected"),
        ("- {says: a, expect: {mood: good}}", "'mood' is not known"),
    ],
)
def test_a_wrong_conversation_is_refused_by_line(moves: str, what: str) -> None:
    with pytest.raises(BadScript, match=what) as caught:
        read_conversations(_HEAD + f"  - name: x\n    moves:\n      {moves}\n", "t.yml")
    assert caught.value.faults[0].line == 6


@pytest.mark.parametrize("of", SHIPPED, ids=lambda of: str(of.name))
def test_a_drawing_shows_every_node_and_every_way(of: Script) -> None:
    chart = mermaid(of)
    own = [node for node in of.nodes.values() if not node.name.startswith("any.")]
    drawn = drawn_nodes(of)
    arrows = [line for line in chart.splitlines() if "-->" in line]
    assert all(
        f"  n_{node.name}[" in chart or f"  n_{node.name}([" in chart or f"  n_{node.name}{{" in chart for node in own
    )
    assert len(arrows) == 1 + sum(len(ways(node)) for node in drawn)
    assert set(map(id, own)) <= set(map(id, drawn))


@pytest.mark.parametrize("of", SHIPPED, ids=lambda of: str(of.name))
def test_a_picture_is_sound_xml_with_every_node_apart_from_the_others(of: Script) -> None:
    root = ElementTree.fromstring(svg(of))
    boxes = [(int(box.attrib["x"]), int(box.attrib["y"])) for box in root.iter(f"{_SVG}rect")]
    names = {"".join(text.itertext()).removesuffix(" ↩") for text in root.iter(f"{_SVG}text")}
    assert len(set(boxes)) == len(boxes) == len(drawn_nodes(of))
    assert {node.name for node in drawn_nodes(of)} <= names
