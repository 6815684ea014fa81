"""A script's conversations by voice, on real Asterisks: callers speak, interrupt, cough, press, say nothing, leave."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from rich.console import Console

from crm_core.voice_test.run import Report, VoiceTest, run_by_voice
from crm_core.voice_test.stage import Switches
from ivr_bot.dialog.conversations import read_conversations
from ivr_bot.dialog.reading import load_script
from tests.asterisk.asterisk import Pair
from tests.asterisk.scene import clear, scene_settings

SCRIPT = """
script: voices
languages: [en, ru]
fields: [name, visit]
who: {en: "Lola calls.", ru: "Звонит Лола."}
start: may_ask
nodes:
  may_ask:
    kind: yes_no
    patience_seconds: 2
    prompt: {en: "Hello {name}, may I ask how your visit went?", ru: "Можно спросить?"}
    if_yes: rating
    if_no: refused
  rating:
    kind: rating
    from: 0
    to: 9
    prompt:
      en: "Please say how it was on a scale which begins with nought for very bad and ends with nine for excellent"
      ru: "Какая оценка?"
    next: how_bad
  how_bad:
    kind: branch
    cases: [{if: {of: rating, at_most: 3}, go: bad}]
    otherwise: again
  bad: {kind: task, task: bad_rating, text: "Rated {rating} on {visit}", next: again}
  again: {kind: when, prompt: {en: "When may we call?", ru: "Когда?"}, next: call_again}
  call_again: {kind: call_back, slot: again, next: agreed}
  agreed: {kind: disposition, code: callback, next: bye}
  refused: {kind: disposition, code: not_interested, next: why}
  why: {kind: free, patience_seconds: 2, prompt: {en: "Why not?", ru: "Почему?"}, next: bye, unanswered: bye}
  bye: {kind: hang_up, prompt: {en: "Thank you.", ru: "Спасибо."}}
"""
TESTS = """
now: 2031-03-04T10:00:00+03:00
lead: {name: Aziz, visit: Monday}
conversations:
  - name: Answers, the second time in the middle of the question
    moves:
      - expect: {node: may_ask, bot: "Hello Aziz"}
      - {says: "yes", expect: {node: rating, task: (none)}}
      - {says: nine, interrupts: true, expect: {node: again, slots: {rating: 9}}}
      - says: tomorrow at five in the evening
        expect: {call_back: "2031-03-05 17:00", result: callback, task: (none), ended: "true"}
  - name: Presses keys
    moves:
      - {presses: "1", expect: {node: rating}}
      - {presses: "2", expect: {node: again, slots: {rating: 2}, task: bad_rating, ended: "false"}}
  - name: Says nothing
    moves:
      - {hears: silence, expect: {node: may_ask, bot: "I cannot hear you"}}
      - {hears: silence, expect: {bot: "Press 1 for yes"}}
      - {presses: "2", expect: {result: not_interested, node: why, ended: "false"}}
  - name: Says what nobody can write down
    moves:
      - {says: "no", expect: {node: why}}
      - {says: blorptang zikwuffle, expect: {slots: {why: blorptang zikwuffle}, ended: "true"}}
  - name: Coughs and leaves
    moves:
      - {hears: noise, expect: {node: may_ask, bot: "Hello Aziz"}}
      - {hears: hangs_up, expect: {result: (none), ended: "true"}}
  - name: In Russian, by keys
    language: ru
    moves:
      - {presses: "1", expect: {node: rating}}
      - {presses: "7", expect: {slots: {rating: 7}, node: again}}
  - name: In Russian
    language: ru
    moves:
      - {says: да, expect: {node: rating}}
"""
ODD = "Says what nobody can write down"


async def held(pair: Pair, folder: Path) -> tuple[Report, str]:
    """The conversations, held on the pair that runs; the report and what was printed."""

    @asynccontextmanager
    async def running(_folder: Path, _say: Callable[[str], None]) -> AsyncIterator[Switches]:
        yield Switches(pair.pbx, pair.network)
        await clear(pair)

    script, tests, times = folder / "voices.yml", folder / "voices.test.yml", folder / "times.json"
    script.write_text(SCRIPT, encoding="utf-8")
    tests.write_text(TESTS, encoding="utf-8")
    conversations = read_conversations(TESTS, str(tests))
    test = VoiceTest(load_script(script), script, tests, conversations, at_once=6, tries=2, times=times)
    told = io.StringIO()
    settings = scene_settings(pair, folder, "sqlite:///unused")
    return await run_by_voice(test, settings, Console(file=told, width=200), running), told.getvalue()


async def test_a_script_is_tried_by_callers_who_speak_interrupt_cough_press_and_leave(
    pair: Pair, tmp_path: Path
) -> None:
    report, told = await held(pair, tmp_path)
    by_name = {one.plan.conversation.name: one for one in report.held}
    differing = {name: one.differences for name, one in by_name.items() if one.differences}
    assert list(differing) == [ODD], told
    assert not report.good

    # What was not heard as it was said stands beside what differs for it; it was tried with two voices.
    (line,) = by_name[ODD].misheard
    assert f"said “blorptang zikwuffle”, heard “{line.heard}”" in told
    assert [one.what for one in by_name[ODD].differences] == ["slots why"]
    assert [call.number[-5:] for call in report.calls.values() if call.number.endswith("4")] == ["00004", "10004"]

    # A language that nobody hears is a fault, said plainly.
    assert [(one.conversation.name, one.fault) for one in report.unspoken] == [("In Russian", True)]
    assert "no recogniser here hears 'ru': see `trunkline models list`" in told

    # Times are kept as data. Who interrupted did so in mid-question, and silence came soon.
    calls = {call["conversation"]: call for call in json.loads((tmp_path / "times.json").read_text())}
    interrupted = calls["Answers, the second time in the middle of the question"]["exchanges"][1]
    assert interrupted["began"] < interrupted["silenced"]
    assert interrupted["stop_seconds"] < 1
    answered = [seconds for one in report.held for seconds in one.responses]
    assert len(answered) >= 5
    assert 0.2 < median(answered) < 3
    assert calls["Coughs and leaves"]["dropped"] is False
