"""Recognisers in processes of their own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from crm_core.errors import Unavailable
from ivr_bot.speech.errors import RecogniserBusy, RecogniserGone
from ivr_bot.speech.workers import PoolLimits, WorkerPool, opened_pool
from tests.ivr_bot.speech.engines import EchoSpec

_LONG = timedelta(seconds=30)
_SHORT = timedelta(milliseconds=200)


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    async with opened_pool(EchoSpec(), PoolLimits(workers=2, queue_wait=_LONG, answer_within=_LONG)) as opened:
        yield opened


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  # a process has no event to wait for
            await asyncio.sleep(0.005)


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_each_question_gets_its_own_answer(pool: WorkerPool) -> None:
    answers = await asyncio.gather(*(pool.run(("number", n)) for n in range(40)))
    assert [what for _, what in answers] == [("number", n) for n in range(40)]
    assert {pid for pid, _ in answers} <= set(pool.pids)


async def test_the_loop_goes_on_while_a_worker_works(pool: WorkerPool, tmp_path: Path) -> None:
    file = tmp_path / "go"
    busy = asyncio.create_task(pool.run(("wait for", str(file))))
    assert (await pool.run("quick"))[1] == "quick"
    assert not busy.done()
    file.touch()
    await busy


async def test_a_worker_has_one_thread_and_may_print(pool: WorkerPool) -> None:
    assert await pool.run(("threads",)) == "1"
    assert (await pool.run(("print",)))[1] == ("print",)


@pytest.mark.parametrize("how", ["die once", "hang once"])
async def test_an_utterance_whose_worker_dies_or_hangs_is_tried_once_more(how: str, tmp_path: Path) -> None:
    limits = PoolLimits(workers=2, queue_wait=_LONG, answer_within=timedelta(seconds=1))
    async with opened_pool(EchoSpec(), limits) as pool:
        before = set(pool.pids)
        pid, _ = await pool.run((how, str(tmp_path / "tried")))
        assert pid in before
        await _until(lambda: len(pool.pids) == 2)
        assert len(set(pool.pids) - before) == 1


async def test_an_utterance_that_kills_two_workers_is_given_up_and_the_pool_is_whole_again(pool: WorkerPool) -> None:
    before = set(pool.pids)
    with pytest.raises(RecogniserGone, match="two recogniser processes"):
        await pool.run(("die",))
    await _until(lambda: len(pool.pids) == 2 and not set(pool.pids) & before)
    assert (await pool.run("after"))[1] == "after"


async def test_an_engine_that_raises_keeps_its_worker(pool: WorkerPool) -> None:
    before = pool.pids
    with pytest.raises(RecogniserGone, match="no such tensor"):
        await pool.run(("raise", "no such tensor"))
    assert pool.pids == before


async def test_who_waits_too_long_in_the_queue_is_told(tmp_path: Path) -> None:
    file = tmp_path / "go"
    async with opened_pool(EchoSpec(), PoolLimits(workers=1, queue_wait=_SHORT, answer_within=_LONG)) as pool:
        busy = asyncio.create_task(pool.run(("wait for", str(file))))
        await asyncio.sleep(0)
        with pytest.raises(RecogniserBusy, match="no recogniser was free"):
            await pool.run("late")
        file.touch()
        await busy
        assert (await pool.run("later"))[1] == "later"


async def test_a_caller_who_hangs_up_leaves_no_answer_to_the_next_one(pool: WorkerPool, tmp_path: Path) -> None:
    file = tmp_path / "go"
    gone = [asyncio.create_task(pool.run(("wait for", str(file)))) for _ in range(2)]
    await asyncio.sleep(0.01)
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    file.touch()
    assert (await pool.run("mine"))[1] == "mine"
    assert len(pool.pids) == 2


async def test_what_has_state_keeps_to_one_worker(pool: WorkerPool) -> None:
    worker = pool.pin()
    answers = [await pool.ask_pinned(worker, n) for n in range(5)]
    assert {pid for pid, _ in answers} == {worker.pid}
    assert pool.pin().pid != worker.pid  # the next one gets another


async def test_a_pinned_worker_that_dies_is_told_and_replaced(pool: WorkerPool) -> None:
    worker = pool.pin()
    with pytest.raises(RecogniserGone, match="while it listened"):
        await pool.ask_pinned(worker, ("die",))
    await _until(lambda: len(pool.pids) == 2)
    assert worker.pid not in pool.pids
    assert (await pool.run("after"))[1] == "after"


async def test_leaving_ends_every_process_also_a_hung_one() -> None:
    async with opened_pool(EchoSpec(), PoolLimits(workers=2)) as pool:
        pids = pool.pids
        hung = asyncio.create_task(pool.run(("hang",)))
        await asyncio.sleep(0.01)
        hung.cancel()
        await asyncio.gather(hung, return_exceptions=True)
    assert all(map(_is_gone, pids))


async def test_a_worker_that_is_busy_with_others_is_late_and_not_hung(tmp_path: Path) -> None:
    async with opened_pool(EchoSpec(), PoolLimits(workers=1, answer_within=timedelta(seconds=0.4))) as pool:
        worker = pool.pin()
        waits = [tmp_path / str(n) for n in range(2)]
        first, second = (asyncio.create_task(pool.ask_pinned(worker, ("wait for", str(file)))) for file in waits)
        await asyncio.sleep(0.2)
        waits[0].touch()
        await first
        with pytest.raises(RecogniserBusy, match="too much to do"):
            await second
        waits[1].touch()
        assert pool.pids == (worker.pid,)
        assert (await pool.run("after"))[0] == worker.pid


async def test_leaving_replaces_none_that_dies_of_it() -> None:
    async with opened_pool(EchoSpec(), PoolLimits(workers=1)) as pool:
        worker = pool.pin()
        asked = asyncio.create_task(pool.ask_pinned(worker, ("hang",)))
        await asyncio.sleep(0.01)
    with pytest.raises(RecogniserGone):
        await asked
    await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "replace a recogniser"]


async def test_a_stream_gets_the_worker_that_has_fewest(pool: WorkerPool) -> None:
    first, second = pool.pin(), pool.pin()
    pool.unpin(first)
    assert pool.pin() is first
    for _ in range(2 * (PoolLimits().streams - 1)):
        pool.pin()
    with pytest.raises(RecogniserBusy):
        pool.pin()
    pool.unpin(second)
    assert pool.pin() is second


async def test_an_engine_that_cannot_be_loaded_says_why() -> None:
    with pytest.raises(Unavailable, match="model: is made for another rate"):
        async with opened_pool(EchoSpec(fault="is made for another rate"), PoolLimits(workers=2)):
            pass


async def test_an_engine_that_never_comes_up_is_given_up() -> None:
    with pytest.raises(Unavailable, match="did not come up"):
        async with opened_pool(EchoSpec(slow_start=True), PoolLimits(workers=1, start_within=_SHORT)):
            pass


async def test_a_replacement_that_fails_is_tried_again(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    limits = PoolLimits(workers=1, queue_wait=_SHORT, restart_pause=timedelta(milliseconds=10))
    async with opened_pool(EchoSpec(fails_if_there=broken), limits) as pool:
        broken.touch()
        with pytest.raises(RecogniserBusy):
            await pool.run(("die",))
        with pytest.raises(RecogniserGone, match="no recogniser process is up"):
            pool.pin()
        broken.unlink()
        await _until(lambda: len(pool.pids) == 1)
        assert (await pool.run("after"))[1] == "after"
