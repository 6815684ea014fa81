"""The person's own words in a call: at hand, or something in their place, never silence. In virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.domain.conversations import Party
from crm_core.errors import Unavailable
from ivr_bot.player import LONGEST_SILENCE
from ivr_bot.speech.prompts import Line, wait_line
from tests.ivr_bot.rooms import SCRIPT, Room, run, told, voice


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


OWN = SCRIPT.replace("How was your visit, from nought to ten?", "How was your visit, {name}?").replace(
    "Thank you, goodbye.", "Thank you {name}, goodbye."
)


def test_the_persons_own_words_are_at_hand_before_they_are_wanted(room: Room) -> None:
    room.script, room.prompts.seconds = OWN, 0.4
    room.hears.words = ["nine"]
    whole = run(room.talk((5, voice(0.6))))
    assert told(whole, Party.BOT) == ["Good day Ali.", "How was your visit, Ali?", "Thank you Ali, goodbye."]
    assert room.prompts.waited == [Line("Good day Ali.", "en")], "the first word of all, and no other"


def test_a_slow_voice_leaves_nobody_in_silence(room: Room) -> None:
    room.script, room.prompts.seconds = OWN, 30
    room.hears.words = ["nine"]
    nameless = ("Good day .", "How was your visit, ?", "Thank you , goodbye.")
    run(room.prompts.render(*(Line(text, "en") for text in nameless)))
    whole = run(room.talk((5, voice(0.6))))
    assert told(whole, Party.BOT) == list(nameless)
    assert room.longest_silence(2) <= LONGEST_SILENCE + 0.05
    assert [answer.value for answer in whole.answers] == ["9"]


def test_what_cannot_stand_without_the_persons_own_words_is_waited_for_with_a_word(room: Room) -> None:
    room.script, room.prompts.seconds = SCRIPT, 1.2
    run(room.prompts.render(wait_line("en")))
    whole = run(room.talk())
    assert told(whole, Party.BOT)[:2] == ["One moment, please.", "Good day Ali."]
    assert room.longest_silence(3) <= LONGEST_SILENCE + 0.05


@pytest.mark.parametrize("fault", [None, Unavailable("no voice")])
def test_a_voice_that_never_comes_is_replaced_after_a_word(room: Room, fault: Exception | None) -> None:
    room.prompts.seconds = 30
    if fault is not None:
        room.prompts.seconds, room.speaker.faults["Good day Ali."] = 0, fault
    run(room.prompts.render(wait_line("en"), Line("How was your visit, from nought to ten?", "en")))
    room.hears.words = ["nine"]
    whole = run(room.talk((5, voice(0.6))))
    assert room.longest_silence(2) <= LONGEST_SILENCE + 0.05
    assert [answer.value for answer in whole.answers] == ["9"]


def test_a_call_that_is_over_wants_no_more_of_its_words(room: Room) -> None:
    room.script, room.prompts.seconds = OWN, 1
    run(room.talk((0.5, "leave")))
    assert Line("Thank you Ali, goodbye.", "en") not in room.prompts.kept
