"""The desk at which scripts are written: what is there, what is wrong with a text, how it talks, how it is kept."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_core.domain.conversations import Label
from crm_core.domain.scripts import How, Move, Part, ScriptText, Told
from crm_core.errors import BadInput, Conflict, NotFound, Stale
from ivr_bot.dialog.shipped import shipped_scripts
from ivr_bot.script_desk import SiteScriptDesk

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
SHORT = """\
script: short
title: A short one
languages: [en]
fields: [name]
who: {en: "I am a machine."}
start: like_it
nodes:
  like_it:
    kind: yes_no
    prompt: {en: "Hello {name}, do you like it?"}
    if_yes: noted
    if_no: noted
  noted: {kind: disposition, code: surveyed, next: bye}
  bye: {kind: hang_up, prompt: {en: "Goodbye."}}
"""
TESTS = """\
now: 2026-11-25T10:00:00+05:00
lead: {name: Aziz}
conversations:
  - name: Likes it
    moves:
      - {says: "yes", expect: {result: surveyed, slots: {like_it: "yes"}}}
  - name: Expects another thing
    moves:
      - {says: "no", expect: {slots: {like_it: "yes"}}}
"""


@pytest.fixture
def desk(tmp_path: Path) -> SiteScriptDesk:
    return SiteScriptDesk(os.environ, tmp_path)


async def test_shipped_scripts_are_listed_with_their_facts(desk: SiteScriptDesk) -> None:
    cards = {card.name: card for card in await desk.scripts()}
    assert set(cards) == {path.stem for path in shipped_scripts()}
    survey = cards["satisfaction_survey"]
    assert (survey.languages, survey.fields, survey.is_own, survey.faults) == (
        ("en", "ru", "uz"),
        ("name", "company"),
        False,
        (),
    )
    assert survey.conversations > 10


async def test_every_fault_is_told_by_its_line_and_a_sound_text_is_drawn(desk: SiteScriptDesk) -> None:
    sound = await desk.check(ScriptText(SHORT, TESTS))
    assert (sound.faults, sound.title, sound.languages) == ((), "A short one", ("en",))
    assert 'data-node="like_it" data-line="' in sound.picture
    wrong = SHORT.replace("if_no: noted", "if_no: nowhere").replace("code: surveyed", "codes: surveyed")
    faults = (await desk.check(ScriptText(wrong, "now: never\nconversations: []"))).faults
    assert [(fault.part, fault.line) for fault in faults] == [(Part.SCRIPT, 13), (Part.TESTS, 1)]
    with pytest.raises(BadInput, match=r"script\.test\.yml:1: this is no date"):
        await desk.try_out(ScriptText(SHORT, "now: never\nconversations: []"), with_model=False)


async def test_its_conversations_are_run_green_and_red(desk: SiteScriptDesk) -> None:
    good, bad = await desk.try_out(ScriptText(SHORT, TESTS), with_model=False)
    assert (good.name, good.differences) == ("Likes it", ())
    assert "bot: Hello Aziz, do you like it?" in good.told
    (difference,) = bad.differences
    assert (difference.line, difference.expected, difference.found) == (9, "yes", "no")


async def test_one_talks_to_it_by_text_and_by_keys(desk: SiteScriptDesk) -> None:
    begun = await desk.talk(SHORT, {"name": "Aziz"}, "en", [], NOW)
    assert [(line.told, line.text) for line in begun.lines] == [(Told.BOT, "Hello Aziz, do you like it?")]
    moves = [Move(How.SILENCE), Move(How.SAYS, "are you a robot"), Move(How.PRESSES, "2")]
    whole = await desk.talk(SHORT, {"name": "Aziz"}, "en", moves, NOW)
    said = [(line.told, line.text) for line in whole.lines]
    assert (Told.UNDERSTOOD, "are_you_a_robot") in said
    assert said[-4:] == [
        (Told.ANSWER, "like_it: no"),
        (Told.RESULT, "surveyed"),
        (Told.BOT, "Goodbye."),
        (Told.HANG_UP, ""),
    ]
    assert whole.ended
    with pytest.raises(BadInput, match="the lead has no name"):
        await desk.talk(SHORT, {}, "en", [], NOW)
    with pytest.raises(BadInput, match="no wording in 'uz'"):
        await desk.talk(SHORT, {"name": "Aziz"}, "uz", [], NOW)


async def test_a_text_is_kept_as_it_was_seen_or_not_at_all(desk: SiteScriptDesk, tmp_path: Path) -> None:
    kept = await desk.save("short", ScriptText(SHORT, TESTS), None)
    assert (kept.is_own, kept.is_shipped, kept.text.script) == (True, False, SHORT)
    assert sorted(path.name for path in (tmp_path / "scripts").iterdir()) == ["short.test.yml", "short.yml"]
    with pytest.raises(Conflict, match="already"):
        await desk.save("short", ScriptText(SHORT), None)
    changed = ScriptText(SHORT.replace("A short one", "Another"))
    newer = await desk.save("short", changed, kept.version)
    assert (newer.version != kept.version, newer.text.tests) == (True, "")
    with pytest.raises(Stale):
        await desk.save("short", ScriptText(SHORT), kept.version)
    with pytest.raises(Stale):
        await desk.discard("short", kept.version)
    await desk.discard("short", newer.version)
    with pytest.raises(NotFound):
        await desk.read("short")


async def test_what_is_unsound_or_no_name_is_not_kept(desk: SiteScriptDesk, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="calls itself 'short'"):
        await desk.save("long", ScriptText(SHORT), None)
    with pytest.raises(BadInput, match="shout"):
        await desk.save("short", ScriptText(SHORT.replace("kind: hang_up", "kind: shout")), None)
    for name in ("../short", "Short", ".short", ""):
        with pytest.raises((BadInput, NotFound)):
            await desk.read(name)
        with pytest.raises(BadInput):
            await desk.save(name, ScriptText(SHORT), None)
    assert not (tmp_path / "scripts").exists()


async def test_an_own_text_hides_the_shipped_one_until_it_is_discarded(desk: SiteScriptDesk) -> None:
    shipped = await desk.read("after_hours")
    title = next(line for line in shipped.text.script.splitlines() if line.startswith("title:"))
    own = ScriptText(shipped.text.script.replace(title, "title: Ours"), shipped.text.tests)
    kept = await desk.save("after_hours", own, shipped.version)
    card = next(card for card in await desk.scripts() if card.name == "after_hours")
    assert (card.title, card.is_own, card.is_shipped) == ("Ours", True, True)
    await desk.discard("after_hours", kept.version)
    assert await desk.read("after_hours") == shipped
    with pytest.raises(Conflict, match="shipped"):
        await desk.discard("after_hours", shipped.version)


async def test_a_file_spoilt_by_hand_is_listed_as_faulty(desk: SiteScriptDesk, tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "spoilt.yml").write_text("script: spoilt\n")
    (tmp_path / "scripts" / "unread.yml").write_bytes(b"\xff\xfe\xff")
    cards = {card.name: card for card in await desk.scripts()}
    assert "languages" in cards["spoilt"].faults[0].what
    assert "cannot be read" in cards["unread"].faults[0].what


async def test_it_learns_from_labels_in_a_process_of_its_own(tmp_path: Path) -> None:
    desk = SiteScriptDesk({"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": os.environ["PATH"]}, tmp_path)
    assert "not_interested" in await desk.intents()
    steps: list[tuple[int, int]] = []
    label = Label("call", 1, "en", "thanks but this is nothing for our family", "not_interested")
    lesson = await desk.learn([label], lambda done, whole: steps.append((done, whole)))
    assert (lesson.taken, lesson.why) == (True, "")
    assert [score.language for score in lesson.after] == ["en", "ru", "uz"]
    assert steps == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert "thanks but this is nothing for our family" in (tmp_path / "nlu" / "en.yml").read_text()
    with pytest.raises(BadInput, match="is an example of not_interested and of price"):
        await desk.learn([Label("call", 2, "en", "thanks but this is nothing for our family", "price")], print)
