"""Scripts are read from YAML, and every fault is named by file, line and what is expected."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.dialog.marks import BadScript, ScriptFault
from ivr_bot.dialog.pieces import Audio, Text
from ivr_bot.dialog.reading import load_script, read_script
from ivr_bot.dialog.script import Ask, AskKind, Say
from ivr_bot.dialog.shipped import shipped_scripts
from tests.ivr_bot.dialog.scripts import HEAD, script

_BYE = "  bye: {kind: hang_up}\n"
_SCHEMA = json.loads(files("ivr_bot.dialog").joinpath("script.schema.json").read_text(encoding="utf-8"))
_VALIDATOR = jsonschema.Draft202012Validator(_SCHEMA)

#: Broken nodes, the line at fault and a part of the message: the schema refuses these too.
_MALFORMED = {
    "an unknown kind": ("  first: {kind: sing, next: bye}\n" + _BYE, 7, "'sing' is not known here"),
    "no kind": ("  first: {next: bye}\n" + _BYE, 7, "the key 'kind' is missing"),
    "an unknown key": ('  first: {kind: say, prompt: "Hi", next: bye, nxt: bye}\n' + _BYE, 7, "'nxt' is not known"),
    "no prompt": ("  first: {kind: free, next: bye}\n" + _BYE, 7, "the key 'prompt' is missing"),
    "no answer for no": ('  first: {kind: yes_no, prompt: "Well?", if_yes: bye}\n' + _BYE, 7, "'if_no' is missing"),
    "an empty disposition": ('  first: {kind: disposition, code: "", next: bye}\n' + _BYE, 7, "this is empty"),
    "a recording of no known kind": (
        "  first: {kind: say, prompt: {audio: a.ogg}, next: bye}\n" + _BYE,
        7,
        "no recording",
    ),
    "a rating that is no number": (
        '  first: {kind: rating, prompt: "?", from: low, to: 5, next: bye}\n' + _BYE,
        7,
        "'low' is not a number",
    ),
    "an unknown messenger": ("  first: {kind: message, template: a, channel: fax, next: bye}\n" + _BYE, 7, "'fax'"),
    "an unknown scope": ("  first: {kind: do_not_call, scope: me, next: bye}\n" + _BYE, 7, "'me' is not known"),
    "a choice of nothing": ('  first: {kind: choice, prompt: "?", options: {}}\n' + _BYE, 7, "a choice needs options"),
    "a branch without a case": ("  first: {kind: branch, cases: [], otherwise: bye}\n" + _BYE, 7, "at least one entry"),
    "a node called back": ("  first: {kind: hang_up}\n  back: {kind: hang_up}\n", 8, "'back' is no name"),
}

#: What only the checker can see.
_MISLED = {
    "a missing target": ('  first: {kind: say, prompt: "Hi", next: nowhere}\n', 7, "'nowhere', which is no node"),
    "an unreachable node": ("  first: {kind: hang_up}\n  lonely: {kind: hang_up}\n", 8, "no way leads here"),
    "a loop without a question": (
        '  first: {kind: say, prompt: "a", next: second}\n  second: {kind: say, prompt: "b", next: first}\n',
        7,
        "first → second → first goes round without a question",
    ),
    "an unknown field": ('  first: {kind: say, prompt: "Hi {nme}", next: bye}\n' + _BYE, 7, "{nme} is no lead field"),
    "an unknown slot in a branch": (
        "  first: {kind: branch, cases: [{if: {of: mood, is: good}, go: bye}], otherwise: bye}\n" + _BYE,
        7,
        "{mood} is no lead field or slot",
    ),
    "keys that collide": (
        '  first: {kind: choice, prompt: "?", next: bye, options: {a: {key: 1, phrases: [a]}, '
        "b: {key: 1, phrases: [b]}}}\n" + _BYE,
        7,
        "collides",
    ),
    "a phrase of two options": (
        '  first: {kind: choice, prompt: "?", next: bye, options: {a: {phrases: [x]}, b: {phrases: [x]}}}\n' + _BYE,
        7,
        "is a phrase of 'a' too",
    ),
    "a key given twice": ("  first: {kind: hang_up}\n  first: {kind: hang_up}\n", 8, "given twice"),
    "refused calls without a yes": (
        "  first: {kind: do_not_call, scope: all, next: bye}\n" + _BYE,
        7,
        "without a yes of the person",
    ),
    "a wrong number set on a no": (
        '  first: {kind: yes_no, prompt: "?", if_yes: bye, if_no: wrong}\n'
        "  wrong: {kind: disposition, code: wrong_number, next: bye}\n" + _BYE,
        8,
        "without a yes of the person",
    ),
    "a transfer to nobody": ("  first: {kind: transfer, summary: s}\n", 7, "no queue to transfer to"),
    "a call-back at no time": (
        '  first: {kind: free, prompt: "?", next: again}\n  again: {kind: call_back, slot: first, next: bye}\n' + _BYE,
        8,
        "is no slot with a date",
    ),
}


def _plain(text: str) -> Any:
    return yaml.safe_load(text)


@pytest.mark.parametrize("name", _MALFORMED)
def test_a_malformed_script_is_refused_by_checker_and_schema(name: str) -> None:
    nodes, line, what = _MALFORMED[name]
    with pytest.raises(BadScript, match=r"small\.yml") as caught:
        script(nodes)
    fault = caught.value.faults[0]
    assert (fault.file, fault.line) == ("small.yml", line)
    assert what in fault.what
    assert not _VALIDATOR.is_valid(_plain(HEAD + nodes))


@pytest.mark.parametrize("name", _MISLED)
def test_a_script_that_leads_astray_is_refused(name: str) -> None:
    nodes, line, what = _MISLED[name]
    with pytest.raises(BadScript) as caught:
        script(nodes)
    assert any(fault.line == line and what in fault.what for fault in caught.value.faults), str(caught.value)


@pytest.mark.parametrize("path", shipped_scripts(), ids=lambda path: path.stem)
def test_shipped_scripts_satisfy_the_published_schema(path: Path) -> None:
    _VALIDATOR.validate(_plain(path.read_text(encoding="utf-8")))
    assert load_script(path).name == path.stem


def test_the_schema_itself_is_sound() -> None:
    jsonschema.Draft202012Validator.check_schema(_SCHEMA)


def test_all_faults_of_a_script_are_told_at_once() -> None:
    with pytest.raises(BadScript) as caught:
        script("  first: {kind: sing}\n  second: {kind: dance}\n")
    assert [fault.line for fault in caught.value.faults] == [7, 8]
    assert "small.yml:8" in str(caught.value)


def test_a_missing_language_is_named() -> None:
    head = HEAD.replace("[en]", "[en, ru]").replace('"Lola calls."', "{en: Lola calls., ru: Звонит Лола.}")
    with pytest.raises(BadScript, match="the key 'ru' is missing"):
        script("  first: {kind: hang_up, prompt: {en: Bye}}\n", head)


@pytest.mark.parametrize("text", ["", "nodes: [", "a: *b", "- 1", "a: !!python/object:os.system {}", "\x00"])
def test_what_is_no_script_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadScript, match=r"odd\.yml:"):
        read_script(text, "odd.yml")


@given(st.text(alphabet="abc:{}[]-,'\"& *!|>\n  ", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(BadScript):
        read_script(text, "odd.yml")


@given(st.integers(6, 40), st.text(alphabet="{}[]:,\n -ab", min_size=1, max_size=4))
def test_a_damaged_script_is_read_or_refused(line: int, damage: str) -> None:
    lines = shipped_scripts()[0].read_text(encoding="utf-8").splitlines()
    lines[line] = damage + lines[line]
    faults: tuple[ScriptFault, ...] = ()
    try:
        read_script("\n".join(lines), "damaged.yml")
    except BadScript as error:
        faults = error.faults
    assert all(1 <= fault.line <= len(lines) + 2 for fault in faults)


def test_prompts_mix_text_and_recordings_in_several_wordings() -> None:
    one = script(
        '  first: {kind: say, prompt: ["Hi {name}", {pieces: [{audio: hi.wav}, "{name}"]}], next: bye}\n' + _BYE
    )
    node = one.nodes["first"]
    assert isinstance(node, Say)
    assert node.prompt.wordings["en"] == ((Text("Hi {name}", "en"),), (Audio("hi.wav"), Text("{name}", "en")))


def test_a_rating_is_a_number_with_limits() -> None:
    node = script('  first: {kind: rating, prompt: "?", from: 1, to: 5, next: bye}\n' + _BYE).nodes["first"]
    assert isinstance(node, Ask)
    assert (node.kind, node.low, node.high) == (AskKind.NUMBER, 1, 5)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadScript, match="cannot be read"):
        load_script(tmp_path / "none.yml")
