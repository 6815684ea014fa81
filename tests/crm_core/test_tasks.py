"""Tasks: made, done, put off, handed on, listed by when they are due on the firm's clocks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.commands import CreateTask
from crm_core.db.engine import Database
from crm_core.db.tables import tasks
from crm_core.domain.task_buckets import Bucket, spans
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.handlers import tasks as handlers
from tests.crm_core.crm import NOW, STRANGER, add_user, rows

MOMENTS = st.integers(0, 60 * 24 * 800).map(lambda m: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=m))
ZONES = st.sampled_from(["Asia/Tashkent", "Europe/Berlin", "America/New_York", "Pacific/Apia", "UTC"])


@given(MOMENTS, MOMENTS, ZONES)
def test_every_due_time_lies_in_exactly_one_bucket(now: datetime, due: datetime, zone: str) -> None:
    holding = [bucket for bucket, span in spans(now, zone).items() if span.holds(due)]
    assert len(holding) == 1
    assert (holding == [Bucket.OVERDUE]) is (due < now)


def test_buckets_follow_the_firms_clocks_and_week() -> None:
    found = spans(NOW, "Asia/Tashkent")  # Wednesday 12:00 there
    assert found[Bucket.TODAY].ends == datetime(2026, 11, 18, 19, 0, tzinfo=UTC)
    assert found[Bucket.TOMORROW].ends == datetime(2026, 11, 19, 19, 0, tzinfo=UTC)
    assert found[Bucket.THIS_WEEK].ends == datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
    sunday = spans(NOW + timedelta(days=4), "Asia/Tashkent")
    assert sunday[Bucket.THIS_WEEK].begins == sunday[Bucket.THIS_WEEK].ends


async def test_tasks_are_listed_by_bucket_and_responsible(database: Database) -> None:
    ann = await add_user(database, "Ann")
    for name, hours, user in (("late", -1, ann), ("soon", 1, ann), ("next", 24, None), ("far", 24 * 30, ann)):
        command = CreateTask(name, NOW + timedelta(hours=hours), "Ann", responsible_id=user)
        await handlers.create_task(command, database, NOW)
    every = await handlers.list_tasks(database, NOW)
    assert {bucket: [line.task.title for line in lines] for bucket, lines in every.items()} == {
        Bucket.OVERDUE: ["late"],
        Bucket.TODAY: ["soon"],
        Bucket.TOMORROW: ["next"],
        Bucket.THIS_WEEK: [],
        Bucket.LATER: ["far"],
    }
    hers = await handlers.list_tasks(database, NOW, ann)
    assert hers[Bucket.TOMORROW] == []
    assert hers[Bucket.OVERDUE][0].responsible == "Ann"


async def test_a_task_is_put_off_handed_on_and_done_once(database: Database) -> None:
    ann, bo = await add_user(database, "Ann"), await add_user(database, "Bo")
    command = CreateTask("Ring", NOW, "Ann", responsible_id=ann, number="90 111 22 33", default_country="UZ")
    task_id = await handlers.create_task(command, database, NOW)
    later = NOW + timedelta(days=1)
    await handlers.postpone_task(task_id, later, database)
    await handlers.reassign_task(task_id, bo, database)
    done = await asyncio.gather(
        *(handlers.finish_task(task_id, f"user {n}", database, NOW) for n in range(4)), return_exceptions=True
    )
    assert sum(outcome is None for outcome in done) == 1
    assert all(outcome is None or isinstance(outcome, Conflict) for outcome in done)
    (task,) = await rows(database, tasks)
    assert (task["due_at"], task["responsible_id"], task["number"], task["done_at"]) == (later, bo, STRANGER, NOW)
    with pytest.raises(Conflict, match="done already"):
        await handlers.postpone_task(task_id, NOW, database)


async def test_bad_tasks_are_refused(database: Database) -> None:
    with pytest.raises(BadInput, match="needs a title"):
        await handlers.create_task(CreateTask("", NOW, "Ann"), database, NOW)
    with pytest.raises(BadInput, match="no zone"):
        await handlers.create_task(CreateTask("x", NOW.replace(tzinfo=None), "Ann"), database, NOW)
    with pytest.raises(BadInput, match="phone"):
        await handlers.create_task(CreateTask("x", NOW, "Ann", number="1"), database, NOW)
    with pytest.raises(NotFound, match="there is no contact 9"):
        await handlers.create_task(CreateTask("x", NOW, "Ann", contact_id=9), database, NOW)
    with pytest.raises(NotFound, match="there is no task 9"):
        await handlers.finish_task(9, "Ann", database, NOW)
    assert await rows(database, tasks) == []


async def test_a_user_is_found_by_name_or_the_names_are_said(database: Database) -> None:
    ann = await add_user(database, "Ann")
    assert await handlers.user_id_of("ann", database) == ann
    with pytest.raises(BadInput, match=r"there is no user 'Cy'. Choose of Ann"):
        await handlers.user_id_of("Cy", database)
