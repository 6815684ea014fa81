"""Who is waited for goes before what is made ahead."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.speech.precedence import Precedence


class Works:
    """Work that takes its time: `log` has who began, in order; `together` the most at once."""

    def __init__(self, places: int) -> None:
        self.order, self.log, self.now, self.together = Precedence(places), list[str](), 0, 0

    async def work(self, name: str, rank: int) -> None:
        async with self.order.place(name, rank):
            self.log.append(name)
            self.now += 1
            self.together = max(self.together, self.now)
            await asyncio.sleep(0)
            self.now -= 1


@given(st.lists(st.integers(0, 5), max_size=12), st.integers(1, 3))
def test_all_get_a_place_the_lowest_rank_first_and_never_more_than_there_are(ranks: list[int], places: int) -> None:
    works = Works(places)

    async def main() -> None:
        await asyncio.gather(*(works.work(f"{rank}/{n}", rank) for n, rank in enumerate(ranks)))

    asyncio.run(main())
    assert works.together <= places
    first = [f"{rank}/{n}" for n, rank in enumerate(ranks)][:places]
    assert works.log[:places] == first, "they found a free place"
    rest = [(int(name.split("/")[0]), int(name.split("/")[1])) for name in works.log[places:]]
    assert rest == sorted(rest)
    assert len(works.log) == len(ranks)


async def test_what_is_wanted_sooner_after_all_is_hurried() -> None:
    works = Works(1)
    tasks = [asyncio.create_task(works.work(name, rank)) for name, rank in (("a", 0), ("b", 1), ("c", 9))]
    await asyncio.sleep(0)
    works.order.hurry("c", 0)
    works.order.hurry("nobody", 0)
    await asyncio.gather(*tasks)
    assert works.log == ["a", "c", "b"]


async def test_who_gives_up_leaves_the_place_to_the_next() -> None:
    works = Works(1)
    tasks = [asyncio.create_task(works.work(name, 0)) for name in ("a", "b", "c")]
    await asyncio.sleep(0)
    tasks[1].cancel()  # in line
    await tasks[0]
    tasks[2].cancel()  # its place was given to it just now, or it has begun: both must free it
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.wait_for(works.work("d", 0), 5)
    assert works.log[-1] == "d"


async def test_a_place_given_to_one_who_gives_up_at_that_moment_is_not_lost() -> None:
    order = Precedence(1)
    held = order.place("a", 0)
    await held.__aenter__()

    async def waits() -> None:
        async with order.place("b", 0):
            raise AssertionError("it gave up")

    waiting = asyncio.create_task(waits())
    await asyncio.sleep(0)
    await held.__aexit__(None, None, None)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(5), order.place("c", 0):
        pass
