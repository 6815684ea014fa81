"""What was said up to a pause is read ahead, and counts only if the person says no more."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from crm_core.errors import Unavailable
from ivr_bot.dialog.heard import Said
from ivr_bot.early_reading import EarlyReading
from ivr_bot.hearing import Missed, Spoken
from ivr_bot.speech.ports import Utterance

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def heard(text: str, unclear: bool = False) -> Spoken:
    return Spoken(Said(text, 0.9, NOW), "fake", unclear)


class Reader:
    """Reads what it is told to, when it is told to."""

    def __init__(self, *results: Spoken | Missed | Exception) -> None:
        self.results, self.read = list(results), 0
        self.may_read = asyncio.Event()

    async def __call__(self, _utterance: Utterance) -> Spoken | Missed:
        self.read += 1
        await self.may_read.wait()
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


class Stream:
    """A person who is heard while he speaks: `texts` come one by one, each when the test says so."""

    def __init__(self, final: Spoken | Missed | Exception, fails: bool = False) -> None:
        self.final, self.fails = final, fails
        self.fed, self.ended = b"", ""
        self.is_whole = asyncio.Event()

    def feed(self, ulaw: bytes) -> None:
        self.fed += ulaw

    async def whole(self) -> Spoken | Missed:
        if self.fails:
            raise Unavailable("gone")
        await self.is_whole.wait()
        return heard("eight")

    async def finish(self) -> Spoken | Missed:
        self.ended += "finished"
        if isinstance(self.final, Exception):
            raise self.final
        return self.final

    def drop(self) -> None:
        self.ended += "dropped"


def _nobody() -> None:
    """A recogniser that needs the whole."""
    return None


UTTERANCE = Utterance(b"\xff" * 8000, b"", 20.0)


async def test_what_was_read_at_the_pause_is_not_read_again() -> None:
    reader = Reader(heard("eight"))
    early = EarlyReading(reader, _nobody)
    early.begin(UTTERANCE)
    assert not early.is_whole
    (under_way,) = early.under_way
    reader.may_read.set()
    await asyncio.wait({under_way})
    assert early.is_whole
    assert early.under_way == set()
    assert await early.result(UTTERANCE) == heard("eight")
    assert reader.read == 1
    assert not early.is_whole, "it was taken"


@pytest.mark.parametrize("result", [heard("hm", unclear=True), Missed(), Unavailable("gone")])
async def test_only_words_that_mean_something_end_a_turn(result: Spoken | Missed | Exception) -> None:
    reader = Reader(result)
    reader.may_read.set()
    early = EarlyReading(reader, _nobody)
    early.begin(UTTERANCE)
    await asyncio.wait(early.under_way)
    assert not early.is_whole
    if isinstance(result, Exception):
        with pytest.raises(Unavailable):
            await early.result(UTTERANCE)
    else:
        assert await early.result(UTTERANCE) == result


async def test_who_speaks_on_is_read_anew() -> None:
    reader = Reader(heard("eight or nine"))
    early = EarlyReading(reader, _nobody)
    early.begin(UTTERANCE)
    await asyncio.sleep(0)
    early.drop()
    assert early.under_way == set()
    reader.may_read.set()
    assert await early.result(UTTERANCE) == heard("eight or nine")
    assert reader.read == 2


async def test_a_fault_in_what_nobody_wants_any_more_is_nobodys() -> None:
    reader = Reader(Unavailable("gone"))
    reader.may_read.set()
    early = EarlyReading(reader, _nobody)
    early.begin(UTTERANCE)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    early.drop()
    early.drop()
    assert not early.is_whole


async def test_who_is_heard_while_he_speaks_is_never_read() -> None:
    reader, stream = Reader(), Stream(heard("eight, final"))
    early = EarlyReading(reader, lambda: stream)
    early.listen(b"abc")
    early.feed(b"def")
    assert stream.fed == b"abcdef"
    early.begin(UTTERANCE)
    await asyncio.sleep(0)
    assert not early.is_whole
    stream.is_whole.set()
    await asyncio.wait(early.under_way)
    assert early.is_whole
    assert await early.result(UTTERANCE) == heard("eight, final"), (
        "the end of the stream counts, not what it may become"
    )
    assert (reader.read, stream.ended) == (0, "finished")


async def test_who_speaks_on_is_heard_on() -> None:
    reader, stream = Reader(), Stream(heard("eight or nine"))
    early = EarlyReading(reader, lambda: stream)
    early.listen(b"abc")
    early.begin(UTTERANCE)
    await asyncio.sleep(0)
    early.give_up()
    early.feed(b"def")
    assert early.under_way == set()
    assert await early.result(UTTERANCE) == heard("eight or nine")
    assert (reader.read, stream.fed) == (0, b"abcdef")


@pytest.mark.parametrize("fails", [True, False])
async def test_a_stream_that_breaks_off_is_read_from_what_was_stored(fails: bool) -> None:
    """At the pause already, or only at the end."""
    reader = Reader(heard("eight"))
    reader.may_read.set()
    early = EarlyReading(reader, lambda: Stream(Unavailable("gone"), fails))
    early.listen(b"abc")
    early.begin(UTTERANCE)
    if fails:
        await asyncio.wait(early.under_way)
        assert early.is_whole
    assert await early.result(UTTERANCE) == heard("eight")
    assert reader.read == 1


async def test_what_is_no_answer_is_dropped() -> None:
    streams = [Stream(Missed()), Stream(Missed())]
    left = list(streams)
    early = EarlyReading(Reader(), lambda: left.pop(0))
    early.listen(b"cough")
    early.listen(b"hm")
    early.drop()
    early.drop()
    early.feed(b"nobody hears this")
    assert [stream.ended for stream in streams] == ["dropped", "dropped"]
    assert streams[1].fed == b"hm"
