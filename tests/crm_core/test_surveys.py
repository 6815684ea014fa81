"""What a campaign's people answered: counted, chosen by list and day, and read one after the other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from crm_core.db import surveys as survey_rows
from crm_core.db.engine import Database
from crm_core.db.tables import calls, leads, recordings
from crm_core.domain.campaigns import Campaign, Record
from crm_core.domain.conversations import Ending
from crm_core.domain.surveys import QuestionResult, SurveyResult, Talk, link_to, second_of
from crm_core.errors import BadInput, NotFound
from crm_core.handlers.surveys import Which, columns, survey, talks
from tests.crm_core.dialing import NOW, after
from tests.crm_core.shell import Shell
from tests.crm_core.talks import HUNG_UP, bot_campaign, dial, talked

DAY = timedelta(days=1)


async def asked(database: Database, answers: list[dict[str, str]], **rules: Any) -> Campaign:
    """A campaign in which so many people gave these answers; every second of them lives in Samarkand."""
    cities = ["Tashkent", "Samarkand"] * (len(answers) // 2 + 1)
    campaign = await bot_campaign(database, cities, **rules)
    for attempt, given in zip(await dial(database, campaign, len(answers)), answers, strict=True):
        await talked(database, attempt, given)
    return campaign


async def listed(database: Database, which: Which | None = None, question: str | None = None) -> list[Talk]:
    return [talk async for some in talks("autumn", database, which, question) for talk in some]


async def record_calls(database: Database, found: list[Talk]) -> None:
    rows = [
        {"call_id": talk.call_id, "path": f"2026/11/18/{talk.call_id}.wav", "bytes": 1, "seconds": 40.0, "sha256": ""}
        | {"channels": 2, "customer_dbfs": -20.0, "agent_dbfs": -20.0, "at": NOW}
        for talk in found
    ]
    async with database.work() as work:
        await work.run(insert(recordings), rows)


async def test_a_campaign_counts_its_answers_and_where_people_left(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 5)
    first, second, third, fourth, fifth = await dial(database, campaign, 5)
    for attempt, rating in ((first, "8"), (second, "8"), (third, "3")):
        await talked(database, attempt, {"rating": rating, "recommend": "yes"})
    await talked(database, fourth, {"rating": "9"}, last_node="recommend", **HUNG_UP)
    await talked(database, fifth, {}, last_node="may_ask", disposition="not_interested")
    found = await survey("autumn", database)
    rated = QuestionResult("rating", {"8": 2, "3": 1, "9": 1}, 4, 3, 7.0)
    assert found == SurveyResult(
        conversations=5,
        complete=3,
        endings={Ending.FINISHED: 4, Ending.HUNG_UP: 1},
        reached={"rating": 4, "recommend": 3},
        left_at={"recommend": 1},
        questions=(rated, QuestionResult("recommend", {"yes": 3}, 3, 1)),
    )
    with pytest.raises(NotFound, match="campaign"):
        await survey("spring", database)


async def test_questions_come_in_the_order_asked_and_the_most_given_answers_first(database: Database) -> None:
    await asked(database, [{"zeal": "2", "age": "40"}, {"zeal": "1", "age": "50"}, {"zeal": "1", "age": "60"}])
    found = await survey("autumn", database)
    assert [question.question for question in found.questions] == ["zeal", "age"]
    assert list(found.questions[0].counts) == ["1", "2"]


async def test_of_very_many_different_answers_the_rest_is_counted_together(database: Database) -> None:
    given = [{"comment": f"word {n}"} for n in range(30)] + [{"comment": "nothing"}] * 3
    await asked(database, given)
    (comment,) = (await survey("autumn", database)).questions
    assert (comment.answers, comment.values, len(comment.counts)) == (33, 31, 20)
    assert next(iter(comment.counts.items())) == ("nothing", 3)


@pytest.mark.parametrize(
    ("values", "average"),
    [
        (["1", "2", "9"], 4.0),
        (["1.5", "2"], 1.75),
        (["150000", "250000"], 200000.0),
        (["7", "seven"], None),
        (["2026-11-18", "2026-11-19"], None),
        (["12:30"], None),
        (["1.2.3"], None),
        (["998901234567890"], None),
        ([""], None),
    ],
)
async def test_an_average_is_that_of_numbers_alone(
    database: Database, values: list[str], average: float | None
) -> None:
    await asked(database, [{"number": value} for value in values])
    (number,) = (await survey("autumn", database)).questions
    assert number.average == average


async def test_a_column_of_the_list_chooses_whom_to_count(database: Database) -> None:
    await asked(database, [{"rating": str(n)} for n in (1, 2, 3, 4, 5)])
    async with database.work() as work:
        await work.run(update(leads).where(leads.c.id == 3).values(fields={"city": " TASHKENT"}))
    found = await survey("autumn", database, Which([("city", "tashkent")]))
    assert (found.conversations, found.questions[0].average) == (3, 3.0)
    both = Which([("city", "Tashkent"), ("city", "Samarkand")])
    assert (await survey("autumn", database, both)).conversations == 5
    assert [talk.fields["city"] for talk in await listed(database, Which([("city", "samarkand")]))] == ["Samarkand"] * 2
    with pytest.raises(BadInput, match="There is: Samarkand, Tashkent"):
        await survey("autumn", database, Which([("city", "Samarqand")]))
    with pytest.raises(BadInput, match="has a field 'town'"):
        await survey("autumn", database, Which([("town", "Tashkent")]))


async def test_days_are_the_firms_own_and_both_are_included(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 3)
    # 23:59:50 on the 17th, 00:00:10 on the 18th and on the 19th in Tashkent, five hours ahead.
    midnight = NOW.replace(hour=19, minute=0) - DAY
    for at in (midnight - timedelta(seconds=20), midnight, midnight + DAY):
        (attempt,) = await dial(database, campaign, 1, at)
        await talked(database, attempt)
    by_day = {day: (await survey("autumn", database, Which((), day, day))).conversations for day in _days(16, 20)}
    assert list(by_day.values()) == [0, 1, 1, 1, 0]
    assert (await survey("autumn", database, Which((), since=date(2026, 11, 18)))).conversations == 2
    assert (await survey("autumn", database, Which((), until=date(2026, 11, 18)))).conversations == 2


def _days(first: int, last: int) -> list[date]:
    return [date(2026, 11, day) for day in range(first, last + 1)]


async def test_conversations_are_read_in_order_of_time_however_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey_rows, "_BATCH", 3)
    await asked(database, [{"rating": str(n)} for n in range(8)])  # all begin at the same instant
    batches = [some async for some in talks("autumn", database)]
    assert [len(some) for some in batches] == [3, 3, 2]
    assert len({talk.call_id for some in batches for talk in some}) == 8
    shape = await columns("autumn", database)
    assert (shape.fields, shape.questions, shape.zone.key) == (["city"], ["rating"], "Asia/Tashkent")


async def test_answers_to_one_question_come_with_where_to_listen(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 2)
    first, second = await dial(database, campaign, 2)
    await talked(database, first, {"rating": "8", "comment": "too loud"})
    await talked(database, second, {"rating": "9"})
    assert [talk.answers["comment"].second for talk in await listed(database, question="comment")] == [None]
    await record_calls(database, await listed(database))
    (talk,) = await listed(database, question="comment")
    # The comment began 7.5 s after the bot did, and the person answered 8 s before the bot: see talks.talk.
    assert (talk.answers["comment"].raw, talk.answers["comment"].second) == ("well too loud", 7.0)
    with pytest.raises(BadInput, match="There is: rating, comment"):
        await listed(database, question="comments")


async def test_a_recording_from_the_answer_on_is_counted_from_there(database: Database) -> None:
    campaign = await bot_campaign(database, record=Record.ANSWERED)
    (attempt,) = await dial(database, campaign, 1)
    await talked(database, attempt)
    async with database.work() as work:
        await work.run(update(calls).values(answered_at=after(4)))  # the bot began 6 s later: a notice was played
    await record_calls(database, await listed(database))
    (talk,) = await listed(database)
    assert talk.answers["rating"].second == 8.0


def test_a_link_names_the_second_and_never_one_before_the_beginning() -> None:
    assert second_of(after(12.84), NOW) == 12.3
    assert second_of(after(0.2), NOW) == 0.0
    assert link_to("a/b.wav", 12.3) == "a/b.wav#t=12.3"
    assert link_to("a/b.wav", 7.0) == "a/b.wav#t=7"


async def test_the_command_line_counts_lists_and_chooses(shell: Shell, database: Database) -> None:
    await asked(database, [{"rating": "8", "comment": "too [loud]"}, {"rating": "10"}])
    await record_calls(database, await listed(database))
    told = await shell("survey", "results", "autumn")
    assert "2 conversations: 2 talked to the end. 2 are complete (100%)" in told
    assert "rating (average 9.00)" in told
    told = await shell("survey", "answers", "autumn", "comment")
    assert "2026-11-18 12:00" in told
    assert "too [loud] (well too [loud])" in told
    assert ".wav#t=7 1 answers to comment." in told
    told = await shell("survey", "results", "autumn", "--where", "city=samarkand", "--since", "2026-11-18")
    assert "1 conversations" in told
    assert "10 │ 1 │ 100%" in told
    assert "no such conversations" in await shell("survey", "results", "autumn", "--until", "2026-11-17")
    with pytest.raises(BadInput, match="city=Tashkent"):
        await shell("survey", "results", "autumn", "--where", "city")


async def test_where_people_left_is_shown_with_how_many_came_there(shell: Shell, database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 4)
    for place, attempt in enumerate(await dial(database, campaign, 4)):
        await talked(database, attempt, {"rating": "8"}, **({} if place else HUNG_UP))
    assert "rating │ 1 │ 4 │ 25%" in await shell("survey", "results", "autumn")
