"""What every CallMedia does: the fake, chan_websocket and AudioSocket on a real Asterisk."""

from __future__ import annotations

import asyncio

import pytest

from ivr_bot.media.ports import BYTES_PER_MS, FRAME_BYTES, FRAME_MS
from tests.ivr_bot.media.lines import ECHO, KEYS, PERSON, Line
from tests.ivr_bot.media.sound import tone

LOW, HIGH = 500, 1250


async def test_what_is_played_is_heard_and_what_is_said_arrives(line: Line) -> None:
    async with line.talk(ECHO) as talk:
        talk.media.play(tone(LOW, 1000), "low")
        await talk.ears.until(lambda: talk.ears.marks == ["low"])
        await talk.ears.quiet()
        assert 46 <= talk.ears.with_tone(LOW) <= 51
        assert {len(frame) for frame in talk.ears.frames} == {FRAME_BYTES}


async def test_prompts_of_any_length_are_played_in_order(line: Line) -> None:
    async with line.talk(ECHO) as talk:
        for name, ms in (("one", 301), ("none", 0), ("two", 7), ("three", 1200)):
            talk.media.play(tone(HIGH, ms)[: ms * BYTES_PER_MS - 3 if ms else 0], name)
        await talk.ears.until(lambda: len(talk.ears.marks) == 4)
        await talk.ears.quiet()
        assert talk.ears.marks == ["one", "none", "two", "three"]
        assert 68 <= talk.ears.with_tone(HIGH) <= 78


async def test_a_stopped_prompt_falls_silent_and_can_be_gone_on_with(line: Line) -> None:
    async with line.talk(ECHO) as talk:
        talk.media.play(tone(LOW, 600), "first")
        talk.media.play(tone(HIGH, 3000), "second")
        await talk.ears.until(lambda: talk.ears.with_tone(HIGH) >= 25)
        stopped = await talk.media.stop_playing()
        await talk.ears.quiet()
        heard = talk.ears.with_tone(HIGH)
        assert talk.ears.marks == ["first"]
        assert [rest.mark for rest in stopped.unheard] == ["second"]
        # What was told as played is what the person heard, to within what is on the way (echo: both ways).
        assert abs(stopped.played_ms - heard * FRAME_MS) <= 100
        assert stopped.played_ms * BYTES_PER_MS + len(stopped.unheard[0].ulaw) == 3000 * BYTES_PER_MS
        talk.media.play(stopped.unheard[0].ulaw, "second")
        await talk.ears.until(lambda: talk.ears.marks == ["first", "second"])
        await talk.ears.quiet()
        assert abs(talk.ears.with_tone(HIGH) * FRAME_MS - 3000) <= 120


async def test_stopping_when_nothing_plays_is_nothing(line: Line) -> None:
    async with line.talk(ECHO) as talk:
        assert await talk.media.stop_playing() == await talk.media.stop_playing()
        talk.media.play(tone(LOW, 100), "after")
        await talk.ears.until(lambda: talk.ears.marks == ["after"])


async def test_keys_arrive_in_order(line: Line) -> None:
    async with line.talk(KEYS) as talk:
        await talk.ears.until(lambda: len(talk.ears.digits) >= 7)
        assert talk.ears.digits == KEYS[6:]


async def test_the_person_hangs_up(line: Line) -> None:
    async with line.talk(PERSON) as talk:
        talk.media.play(tone(LOW, 5000), "cut off")
        await talk.ears.until(lambda: talk.ears.frames)
        await talk.person_leaves()
        await talk.ears.until(lambda: talk.ears.hung_up)
        await talk.person_gone()
        assert talk.ears.marks == []
        talk.media.play(tone(LOW, 100), "too late")
        stopped = await talk.media.stop_playing()
        assert [rest.mark for rest in stopped.unheard] == ["cut off", "too late"]
        assert len(await talk.media.events()) == 1


async def test_the_bot_hangs_up(line: Line) -> None:
    async with line.talk(PERSON) as talk:
        await talk.ears.until(lambda: talk.ears.frames)
        await talk.media.hang_up()
        await talk.ears.until(lambda: talk.ears.hung_up)
        await talk.person_gone()


@pytest.mark.parametrize("turns", [1, 2])
async def test_two_calls_at_once_are_not_mixed_up(line: Line, turns: int) -> None:
    async with line.talk(ECHO) as one, line.talk(ECHO) as two:
        assert one.media.channel != two.media.channel
        for turn in range(turns):
            one.media.play(tone(LOW, 500), f"one {turn}")
            two.media.play(tone(HIGH, 500), f"two {turn}")
        done = [(one, "one"), (two, "two")]
        wanted = {name: [f"{name} {turn}" for turn in range(turns)] for _, name in done}
        await asyncio.gather(*(t.ears.until(lambda t=t, n=n: t.ears.marks == wanted[n]) for t, n in done))  # type: ignore[misc]
        await asyncio.gather(one.ears.quiet(), two.ears.quiet())
        assert (one.ears.with_tone(HIGH), two.ears.with_tone(LOW)) == (0, 0)
        assert one.ears.with_tone(LOW) >= 23 * turns
        assert two.ears.with_tone(HIGH) >= 23 * turns
