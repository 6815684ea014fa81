"""A script's prompts are rendered ahead, each once, but for those that name the lead."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from crm_core.errors import Unavailable
from ivr_bot.dialog.reading import read_script
from ivr_bot.speech.prompts import SOME_DAY, Line, Part, Recording, spare_lines
from ivr_bot.warming import Warmer, parts_of

SCRIPT = """
script: visit
languages: [en, ru]
fields: [name]
who: {en: "Lola calls.", ru: "Звонит Лола."}
start: hello
nodes:
  hello: {kind: say, prompt: {en: ["Hello {name}.", "Good day."], ru: "Здравствуйте."}, next: rating}
  rating:
    kind: rating
    from: 1
    to: 5
    prompt: {en: {pieces: [{audio: ask.wav}, "From one to five?"]}, ru: "От одного до пяти?"}
    again: {en: "One to five, please.", ru: "От одного до пяти?"}
    next: bye
  bye: {kind: hang_up, prompt: {en: "Goodbye.", ru: "До свидания."}}
"""


class Kept:
    """Keeps what was to be rendered; what is in `faulty` cannot be."""

    def __init__(self, *faulty: Part) -> None:
        self.asked: list[Part] = []
        self.faulty = faulty

    async def audio(self, part: Part, rank: int) -> bytes:
        assert rank == SOME_DAY, "whatever a call wants goes before"
        self.asked.append(part)
        if part in self.faulty:
            raise Unavailable("no voice")
        return b""


def test_every_part_that_is_the_same_in_every_call_is_wanted_once() -> None:
    parts = parts_of(read_script(SCRIPT, "visit.yml"), Path("/prompts"))
    assert len(parts) == len(set(parts))
    assert {Line("Good day.", "en"), Line("Goodbye.", "en"), Recording(Path("/prompts/ask.wav"))} <= set(parts)
    assert parts.count(Line("От одного до пяти?", "ru")) == 1
    assert Line("One to five, please.", "en") in parts
    assert Line("Yes, I am an automatic assistant, a computer program.", "en") in parts  # said in any script
    assert not any("{" in part.text for part in parts if isinstance(part, Line))


def test_a_field_that_is_the_same_for_every_lead_is_no_reason_to_wait() -> None:
    parts = parts_of(read_script(SCRIPT, "visit.yml"), Path("/prompts"), {"name": "neighbour"})
    assert Line("Hello neighbour.", "en") in parts


def test_what_names_the_person_alone_is_rendered_without_the_name_to_stand_in_for_it() -> None:
    parts = parts_of(read_script(SCRIPT, "visit.yml"), Path("/prompts"))
    assert Line("Hello .", "en") in parts
    alone = read_script(SCRIPT.replace("Hello {name}.", "{name}!"), "visit.yml")
    assert not any("!" in part.text for part in parts_of(alone, Path("/p")) if isinstance(part, Line)), (
        "nothing is left"
    )


def test_what_the_ladder_says_is_rendered_too_but_for_the_day_that_it_names() -> None:
    script = SCRIPT.replace("rating:\n    kind: rating\n    from: 1\n    to: 5", "rating:\n    kind: date")
    texts = [part.text for part in parts_of(read_script(SCRIPT, "visit.yml"), Path("/p")) if isinstance(part, Line)]
    assert {"I cannot hear you.", "Sorry, I did not understand.", "I will wait."} <= set(texts)
    assert "Please enter a number from 1 to 5 on the keys." in texts
    dated = [part.text for part in parts_of(read_script(script, "visit.yml"), Path("/p")) if isinstance(part, Line)]
    assert not any("For example" in text for text in dated)


async def test_a_script_is_rendered_once_and_what_fails_is_said(caplog: pytest.LogCaptureFixture) -> None:
    renderer = Kept(Line("Goodbye.", "en"))
    warmer, script = Warmer(renderer, Path("/prompts")), read_script(SCRIPT, "visit.yml")
    with caplog.at_level(logging.ERROR):
        assert warmer.warm(script) is warmer.warm(script) is script
        await asyncio.sleep(0)
        await warmer.close()
    spare = [*spare_lines("en"), *spare_lines("ru")]
    assert renderer.asked == [*parts_of(script, Path("/prompts")), *spare]
    (record,) = caplog.records
    assert record.__dict__["why"] == "no voice"


async def test_closing_gives_up_what_is_not_rendered() -> None:
    class Slow(Kept):
        async def audio(self, part: Part, rank: int) -> bytes:
            await asyncio.Event().wait()
            return b""

    warmer = Warmer(Slow(), Path("/prompts"))
    warmer.warm(read_script(SCRIPT, "visit.yml"))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await warmer.close()
