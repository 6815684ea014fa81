"""One call of the bot, frame by frame in virtual time: what is played, heard, answered and written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_core.domain.conversations import Briefing, Ending, Party
from crm_core.errors import BadInput, NotFound, Unavailable
from ivr_bot.dialog.reading import read_script
from ivr_bot.media.ports import SILENCE
from ivr_bot.session import BotSession
from ivr_bot.speech.errors import RecogniserGone
from tests.ivr_bot.rooms import CALL, SCRIPT, Room, run, told, voice


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_a_spoken_answer_is_written_with_its_words_and_what_follows(room: Room) -> None:
    room.hears.words = ["two"]
    whole = run(room.talk((5, voice(0.6))))
    assert whole.ending is Ending.FINISHED
    assert [(a.question, a.value, a.raw) for a in whole.answers] == [("rating", "2", "two")]
    assert told(whole, Party.PERSON) == ["two"]
    assert told(whole, Party.BOT) == ["Good day Ali.", "How was your visit, from nought to ten?", "Thank you, goodbye."]
    assert [task.title for task in whole.tasks] == ["Bad rating: 2"]
    assert whole.disposition == "later"
    assert "10" in room.hears.asked[0].phrases


def test_the_recogniser_is_told_that_an_answer_is_the_same_however_it_is_put(room: Room) -> None:
    room.hears.words = ["nine"]
    run(room.talk((5, voice(0.6))))
    (question,) = room.hears.asked
    assert {question.accepts(text) for text in ("Nine.", "9", "I would say nine.")} == {"9"}
    assert question.accepts("The island.") is None


def test_a_keyed_answer_needs_no_recogniser(room: Room) -> None:
    room.hears.fault = RecogniserGone("gone")
    whole = run(room.talk((5, "1"), (0.5, "0")))
    assert [answer.value for answer in whole.answers] == ["10"]
    assert whole.turns[-2].engine == "keys"


def test_a_single_key_is_an_answer_after_a_pause(room: Room) -> None:
    whole = run(room.talk((5, "1")))
    assert [answer.value for answer in whole.answers] == ["1"]


def test_who_speaks_while_the_bot_does_stops_it(room: Room) -> None:
    room.hears.words = ["nine"]
    whole = run(room.talk((2.2, voice(0.6))))
    assert len(room.call.stops) == 1
    assert [answer.value for answer in whole.answers] == ["9"]


def test_a_whole_answer_ends_the_turn_before_the_silence_does(room: Room) -> None:
    room.hears.words = ["nine"]
    whole = run(room.talk((5, voice(0.6))))
    (said,) = [turn for turn in whole.turns if turn.party is Party.PERSON]
    goodbye = whole.turns[-1]
    silence = (goodbye.began_at - said.ended_at).total_seconds()
    assert silence < 0.3, "a pause of 0.3 s of which 0.3 s went with the words, and 0.1 s to read them"
    assert len(room.hears.asked) == 1


def test_who_speaks_on_after_a_pause_is_heard_whole(room: Room) -> None:
    room.hears.seconds = 0.5
    room.hears.words = ["nine", "no eight"]  # the first reading is given up when he speaks on
    pause = bytes([SILENCE[0]]) * 8 * 450
    whole = run(room.talk((5, voice(0.6) + pause + voice(0.6)), (6, "8#")))
    assert len(room.hears.asked) == 2
    assert told(whole, Party.PERSON)[0] == "nine", "the reading that was given up took no words"


def test_a_noise_does_not_stop_the_bot(room: Room) -> None:
    room.confirms.after = None
    room.hears.words = ["", "nine"]
    whole = run(room.talk((2.2, voice(0.5)), (6, voice(0.6))))
    assert room.call.stops == []
    assert [answer.value for answer in whole.answers] == ["9"]
    assert all(one.closed for one in room.confirms.made)


def test_words_that_mean_something_stop_the_bot_though_no_detector_heard_them(room: Room) -> None:
    room.confirms.after = None
    room.hears.words = ["nine"]
    whole = run(room.talk((2.2, voice(0.5))))
    assert len(room.call.stops) == 1
    assert [answer.value for answer in whole.answers] == ["9"]


def test_speech_is_confirmed_while_it_goes_on(room: Room) -> None:
    room.confirms.after = 800
    room.hears.words = ["nine"]
    whole = run(room.talk((2.2, voice(0.6))))
    assert len(room.call.stops) == 1
    assert [answer.value for answer in whole.answers] == ["9"]


def test_a_hello_at_the_start_does_not_stop_the_bot(room: Room) -> None:
    room.hears.words = ["nine"]
    whole = run(room.talk((0.3, voice(0.5)), (5, voice(0.6))))
    assert room.call.stops == []
    assert [answer.value for answer in whole.answers] == ["9"]


def test_after_a_false_alarm_the_prompt_goes_on_where_it_was(room: Room) -> None:
    room.hears.words = ["", "seven"]  # a cough, then an answer
    whole = run(room.talk((2.2, voice(0.6)), (6, voice(0.6))))
    (stop,) = room.call.stops
    assert stop.unheard
    assert room.call.prompts.count(stop.unheard[0].mark) == 2
    assert [answer.value for answer in whole.answers] == ["7"]


def test_silence_is_asked_again_and_is_written_down_as_such(room: Room) -> None:
    whole = run(room.talk())
    assert (whole.ending, whole.disposition) == (Ending.FINISHED, "silence")
    assert sum("cannot hear" in text for text in told(whole, Party.BOT)) == 2
    assert whole.answers == ()


def test_who_asks_for_a_person_is_handed_on_with_a_summary(room: Room) -> None:
    room.hears.words = ["i want to speak to a person"]
    whole = run(room.talk((5, voice(1.5))))
    assert (whole.ending, whole.summary) == (Ending.TRANSFERRED, "Ali asks for a person.")
    assert told(whole, Party.BOT)[-1].startswith("One moment")


@pytest.mark.parametrize("announces", [True, False])
def test_the_summary_of_who_is_handed_on_becomes_a_sound_where_that_is_wanted(room: Room, announces: bool) -> None:
    room.announces, room.hears.words = announces, ["i want to speak to a person"]
    whole = run(room.talk((5, voice(1.5))))
    assert whole.announcement == (f"announcements/{CALL}.ulaw" if announces else None)
    assert (room.folder / f"announcements/{CALL}.ulaw").exists() is announces
    assert ("Ali asks for a person." in room.speaker.said) is announces


def test_who_is_handed_on_is_so_without_a_voice_for_the_summary(room: Room) -> None:
    room.announces, room.hears.words = True, ["i want to speak to a person"]
    room.speaker.faults["Ali asks for a person."] = Unavailable("no voice")
    whole = run(room.talk((5, voice(1.5))))
    assert (whole.ending, whole.announcement) == (Ending.TRANSFERRED, None)
    assert whole.tasks == ()


def test_who_hangs_up_is_written_down_as_far_as_he_came(room: Room) -> None:
    whole = run(room.talk((3, "leave")))
    assert (whole.ending, whole.last_node) == (Ending.HUNG_UP, "rating")
    assert told(whole, Party.BOT)[0] == "Good day Ali."


def test_without_a_recogniser_keys_are_offered(room: Room) -> None:
    room.hears.fault = RecogniserGone("gone")
    whole = run(room.talk((5, voice(0.6)), (12, "8"), (0.1, "#")))
    assert [answer.value for answer in whole.answers] == ["8"]
    assert any("on the keys" in text for text in told(whole, Party.BOT))


def test_a_prompt_that_cannot_be_rendered_is_replaced(room: Room) -> None:
    room.speaker.faults["Good day Ali."] = Unavailable("no voice")
    room.hears.words = ["nine"]
    whole = run(room.talk((5, voice(0.6))))
    assert whole.ending is Ending.FINISHED


def test_a_database_that_is_away_for_a_moment_loses_nothing(room: Room) -> None:
    room.book.faults = [Unavailable("restarting"), Unavailable("restarting")]
    whole = run(room.talk((5, "5#")))
    assert [answer.value for answer in whole.answers] == ["5"]


def test_what_the_site_refuses_becomes_a_task(room: Room) -> None:
    room.book.faults = [BadInput("disposition", "there is no 'later'")]
    whole = run(room.talk((5, "5#")))
    assert whole.disposition is None
    assert [answer.value for answer in whole.answers] == ["5"]
    assert "by hand: later" in whole.tasks[-1].title


def test_a_script_that_is_not_there_is_a_callback_for_a_person(room: Room) -> None:
    async def main() -> None:
        room.book.briefings[CALL] = Briefing(CALL, "gone", None)

        def missing(name: str) -> Any:
            raise NotFound("script", name)

        with pytest.raises(NotFound):
            await BotSession(room.call, room.parts(missing)).run()

    run(main())
    (whole,) = room.book.recorded
    assert whole.ending is Ending.FAILED
    assert "broke off" in whole.tasks[0].title


def test_a_call_of_nobody_is_refused(room: Room) -> None:
    async def main() -> None:
        script = read_script(SCRIPT, "survey.yml")
        with pytest.raises(NotFound, match="dialed this call"):
            await BotSession(room.call, room.parts(lambda name: script)).run()

    run(main())
    assert room.book.recorded == []
