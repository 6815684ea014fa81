"""The door to the database: errors are ours, cancelled work leaves no trace, a restart is survived."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Row, func, insert, select, text
from sqlalchemy.pool import QueuePool

from crm_core.db import site
from crm_core.db.engine import Database, async_url, opened_database
from crm_core.db.migrate import upgrade
from crm_core.db.sqlite_driver import checkpoint
from crm_core.db.tables import site_settings, trunks, users
from crm_core.errors import BadSetting, Conflict, Unavailable
from tests.servers import PostgresServer, free_port

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def _user(name: str) -> dict[str, object]:
    return {"name": name, "role": "agent", "active": True, "created_at": AT}


async def _names(database: Database) -> list[str]:
    async with database.reading() as work:
        return [row.name for row in await work.all(select(users.c.name).order_by(users.c.name))]


async def test_a_unit_of_work_left_by_error_writes_nothing(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.work() as work:
            await work.run(insert(users).values(_user("Anna")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    assert await _names(database) == []


async def test_an_error_of_the_worker_is_not_taken_for_the_databases(database: Database) -> None:
    for door in (database.work, database.reading):
        with pytest.raises(ConnectionRefusedError, match="the switch"):
            async with door():
                raise ConnectionRefusedError("the switch")


async def test_instants_come_back_as_aware_utc_and_naive_ones_are_refused(database: Database) -> None:
    async with database.work() as work:
        await work.run(insert(users).values(_user("Anna")))
    async with database.reading() as work:
        assert await work.scalar(select(users.c.created_at)) == AT
        assert (await work.scalar(select(users.c.created_at))).tzinfo is UTC
    with pytest.raises(Exception, match="naive datetime"):
        async with database.work() as work:
            await work.run(insert(users).values(_user("Boris") | {"created_at": AT.replace(tzinfo=None)}))


async def test_a_second_row_of_the_same_name_is_a_conflict_without_its_values(database: Database) -> None:
    async with database.work() as work:
        await work.run(insert(users).values(_user("Anna")))
    with pytest.raises(Conflict, match="exists already") as caught:
        async with database.work() as work:
            await work.run(insert(users).values(_user("Anna")))
    assert "Anna" not in str(caught.value)


async def test_upsert_counts_what_it_wrote_and_keeps_what_it_was_told_to(database: Database) -> None:
    def row(name: str, endpoint: str, max_lines: int) -> dict[str, object]:
        rest = {"prefixes": ["+998"], "calls_per_second": 1.0, "caller_ids": []}
        return {"name": name, "endpoint": endpoint, "max_lines": max_lines, **rest}

    everything = ["endpoint", "max_lines", "prefixes", "calls_per_second", "caller_ids"]
    async with database.work() as work:
        assert await work.upsert(trunks, [], ["name"]) == 0
        assert await work.upsert(trunks, [row("a", "one", 1), row("b", "one", 1)], ["name"]) == 2
        assert await work.upsert(trunks, [row("a", "two", 2)], ["name"], keep=["endpoint"]) == 1
        assert await work.upsert(trunks, [row("a", "no", 9), row("c", "one", 1)], ["name"], keep=everything) == 1
        # The same key twice in one batch is as if the rows had come one after the other.
        assert await work.upsert(trunks, [row("d", "x", 1), row("d", "y", 2)], ["name"], keep=["endpoint"]) == 1

    def seen(found: Row[tuple[object, ...]]) -> tuple[object, ...]:
        return (found.name, found.endpoint, found.max_lines)

    async with database.reading() as work:
        rows = [seen(found) for found in await work.all(select(trunks).order_by(trunks.c.name))]
    assert rows == [("a", "one", 2), ("b", "one", 1), ("c", "one", 1), ("d", "x", 2)]


async def test_a_statement_over_no_rows_is_refused(database: Database) -> None:
    async with database.work() as work:
        with pytest.raises(ValueError, match="no rows"):
            await work.run(insert(users), [])


async def test_tasks_cancelled_anywhere_leave_pool_and_tables_sound(database: Database) -> None:
    dice = random.Random(7)

    async def count_up(number: int) -> None:
        async with database.work() as work:
            await work.run(insert(users).values(_user(f"u{number:03}")))
            await work.all(select(users))
            await work.run(insert(site_settings).values(name=f"u{number:03}", value=number))

    tasks = [asyncio.create_task(count_up(number)) for number in range(60)]
    for task in dice.sample(tasks, 40):
        for _ in range(dice.randrange(12)):
            await asyncio.sleep(0)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with database.work() as work:
        await work.run(insert(users).values(_user("last")))
        both = await work.all(select(func.count()).select_from(users)), await work.all(select(site_settings.c.name))
    assert both[0][0][0] == len(both[1]) + 1  # each unit of work wrote both its rows or none
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0


async def test_a_single_statement_commits_itself_and_the_next_unit_of_work_is_whole_again(database: Database) -> None:
    async with database.single() as work:
        await work.run(insert(users).values(_user("Ann")))
    assert await _names(database) == ["Ann"]

    async def broken_off() -> None:
        async with database.work() as work:
            await work.run(insert(users).values(_user("Bo")))
            raise RuntimeError("the pool's connections begin transactions again")

    with pytest.raises(RuntimeError):
        await broken_off()
    assert await _names(database) == ["Ann"]

    async def once_more() -> None:
        async with database.single() as work:
            await work.run(insert(users).values(_user("Ann")))

    with pytest.raises(Conflict):
        await once_more()


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with database.work() as work:
        await work.run(insert(users).values(_user("Anna")))
        async with asyncio.timeout(5):
            assert await _names(database) == []
    assert await _names(database) == ["Anna"]


async def test_a_loop_over_units_of_work_lets_other_tasks_run(database: Database) -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    ticking = asyncio.create_task(take_turns())
    for number in range(10):
        async with database.work() as work:
            await work.run(insert(users).values(_user(f"u{number}")))
        await _names(database)
    ticking.cancel()
    assert turns >= 20


async def test_leaving_a_unit_of_work_that_published_wakes_the_relay(database: Database) -> None:
    async with database.work() as work:
        await work.run(insert(users).values(_user("Anna")))
    assert not database.on_publish.is_set()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("oracle://host/name", "not supported"),
        ("no address", "not a database address"),
        ("postgresql://u:secret@host:port/name", "not a database address"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_a_wrong_address_is_a_bad_setting_that_keeps_the_password(url: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says) as caught:
        async_url(url)
    assert "DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_folder_that_cannot_be_made_is_a_bad_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSetting, match="cannot make the folder"):
        async with opened_database(f"sqlite:///{tmp_path}/file/trunkline.db"):
            pass


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database, this " * 100)
    async with opened_database(f"sqlite:///{tmp_path}/text.db") as database:
        with pytest.raises(Unavailable, match="not a database"):
            await _names(database)


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with opened_database(f"postgresql://trunkline@127.0.0.1:{free_port()}/none") as database:
        for door in (database.work, database.reading):
            with pytest.raises(Unavailable, match="DATABASE_URL"):
                async with door():
                    pytest.fail("there is no server")


async def test_a_database_that_does_not_exist_is_unavailable_by_its_name(postgres_server: PostgresServer) -> None:
    async with opened_database(postgres_server.url("nobody_made_me")) as database:
        with pytest.raises(Unavailable, match="nobody_made_me"):
            await _names(database)


async def test_a_peer_that_accepts_and_says_nothing_is_unavailable_in_bounded_time() -> None:
    done = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(20), opened_database(f"postgresql://trunkline@127.0.0.1:{port}/none") as database:
        with pytest.raises(Unavailable, match="no answer"):
            await _names(database)
    done.set()
    server.close()
    await server.wait_closed()


async def test_a_postgresql_that_restarts_is_unavailable_and_then_answers_again() -> None:
    server = PostgresServer()
    try:
        server.start()
        url = server.create_database("site")
        await upgrade(url)
        async with opened_database(url) as database:
            await asyncio.gather(*(_names(database) for _ in range(5)))  # a pool of idle connections
            await _restart_within_a_unit_of_work(server, database)
            # The idle connections are dead too: nobody must notice.
            await asyncio.gather(*(_names(database) for _ in range(8)))
            async with database.work() as work:
                await work.run(insert(users).values(_user("Anna")))
            server.kill()
            with pytest.raises(Unavailable):
                await _names(database)
            server.start()
            assert await _names(database) == ["Anna"]
    finally:
        server.close()


async def _restart_within_a_unit_of_work(server: PostgresServer, database: Database) -> None:
    async def write_around_a_restart() -> None:
        async with database.work() as work:
            await work.run(insert(users).values(_user("lost")))
            server.restart()
            await work.run(insert(users).values(_user("also lost")))

    with pytest.raises(Unavailable):
        await write_around_a_restart()
    assert await _names(database) == []


async def test_a_deadlock_is_a_conflict_for_one_of_the_two(postgres_scratch: Database) -> None:
    async with postgres_scratch.work() as work:
        await work.upsert(site_settings, [{"name": "a", "value": 0}, {"name": "b", "value": 0}], ["name"])
    both = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> None:
        async with postgres_scratch.work() as work:
            for name in (first, second):
                await work.run(text("SELECT 1 FROM site_settings WHERE name = :n FOR UPDATE").bindparams(n=name))
                if name == first:
                    await both.wait()

    ends = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)
    assert [type(end) for end in ends if end is not None] == [Conflict]


async def test_a_statement_that_takes_too_long_is_unavailable(postgres_url: str) -> None:
    async with opened_database(postgres_url, statement_within=timedelta(seconds=0.2)) as database:
        with pytest.raises(Unavailable, match=r"within 0\.2 s"):
            async with database.work() as work:
                await work.run(text("SELECT pg_sleep(30)"))
        async with database.work() as work:
            assert await work.scalar(text("SELECT 1")) == 1


_COUNTER = """
import asyncio, sys
from sqlalchemy import text
from crm_core.db.engine import opened_database
async def main():
    async with opened_database(sys.argv[1]) as database:
        async def up():
            async with database.work() as work:
                await work.run(text("UPDATE site_settings SET value = value + 1 WHERE name = 'n'"))
        await asyncio.gather(*(up() for _ in range(50)))
asyncio.run(main())
"""


async def test_processes_on_one_sqlite_file_wait_for_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    await upgrade(url)
    async with opened_database(url) as database:
        async with database.work() as work:
            await work.run(insert(site_settings).values(name="n", value=0))
        running = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-W", "error", "-c", _COUNTER, url, stderr=subprocess.PIPE
            )
            for _ in range(3)
        ]
        for process in running:
            _, said = await process.communicate()
            # Also: no ResourceWarning, no thread that keeps the process from ending.
            assert (process.returncode, said.decode()) == (0, "")
        async with database.reading() as work:
            assert await work.scalar(select(site_settings.c.value)) == 150


_INTERRUPTED = """
import asyncio, signal, sys
from sqlalchemy import text
from crm_core.db.engine import opened_database
async def main():
    async with opened_database(sys.argv[1]) as database:
        async with database.work() as work:
            await work.scalar(text("SELECT 1"))
            signal.raise_signal(signal.SIGINT)
            await work.scalar(text("SELECT 1"))
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs us in the background has it ignored
try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(3)
"""


async def test_a_checkpoint_brings_commits_into_the_file_while_somebody_writes(sqlite_url: str, tmp_path: Path) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    async with opened_database(sqlite_url) as database:
        async with database.work() as work:
            await site.put_setting(work, "written", "before")
        async with database.work() as work:
            await site.put_setting(work, "open", "still")
            await asyncio.to_thread(checkpoint, str(file))
        copied = shutil.copyfile(file, tmp_path / "without-its-log.db")
        async with opened_database(f"sqlite:///{copied}") as other, other.reading() as work:
            assert await site.setting(work, "written") == "before"
            assert await site.setting(work, "open") is None


async def test_a_process_interrupted_in_a_unit_of_work_ends_without_a_trace(database_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", _INTERRUPTED, database_url, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(30):
        _, said = await process.communicate()
    assert (process.returncode, said.decode()) == (3, "")
