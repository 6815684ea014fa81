"""Surveys over the API and on their pages: figures, the people behind them, who needs a call, files, pilots, labels."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select, update

from crm_core.db import campaign_desk, recordings
from crm_core.db.engine import Database
from crm_core.db.tables import audit_log, calls, contacts, turns
from crm_core.domain.access import Right, Role
from crm_core.domain.campaigns import Campaign
from crm_core.domain.conversations import Ending, Label
from crm_core.domain.recordings import RecordingFile
from crm_core.domain.scripts import LanguageScore, Lesson
from crm_core.web.app import Health, make_app
from crm_core.web.keys import Workplace
from crm_core.web.script_tools import SCRIPT_DESK
from ivr_bot.script_desk import SiteScriptDesk
from tests.crm_core.talks import HUNG_UP, bot_campaign, dial, talked
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
NUMBER = "call me on +998 90 123-45-67"


async def _asked(
    database: Database, given: Sequence[dict[str, str]], name: str = "autumn", first: int = 0, **changes: Any
) -> tuple[Campaign, list[str]]:
    """A campaign whose people gave these answers an hour ago; every second of them lives in Samarkand."""
    campaign = await bot_campaign(database, ["Tashkent", "Samarkand"] * len(given), name=name, first=first)
    began = utc_now() - timedelta(hours=1)
    ids = []
    for attempt, answers in zip(await dial(database, campaign, len(given), began), given, strict=True):
        await talked(database, attempt, answers, **changes)
        ids.append(attempt.id)
    return campaign, ids


async def _record(database: Database, call_id: str) -> None:
    file = RecordingFile(call_id, f"2026/{call_id}.wav", 80_000, 40.0, "0" * 64, 2, -20.0, -20.0)
    async with database.work() as work:
        await recordings.link(work, file, utc_now())


async def _survey(visitor: Visitor, campaign: Campaign, query: str = "") -> dict[str, Any]:
    answer = await visitor.get(f"/api/v1/surveys/{campaign.id}{query}")
    assert answer.status == 200
    found: dict[str, Any] = await answer.json()
    return found


# --- figures ------------------------------------------------------------------------------------------------
async def test_answers_steps_and_people_are_counted(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    given = [{"rating": str(n), "recommend": "yes"} for n in (9, 9, 10)]
    campaign, _ = await _asked(web_site.database, given)
    found = await _survey(me, campaign)
    assert (found["conversations"], found["complete"], found["endings"]) == (3, 3, {"finished": 3})
    rating = found["questions"][0]
    assert (rating["question"], rating["answers"], rating["is_free"]) == ("rating", 3, False)
    assert rating["values"] == [{"value": "9", "answers": 2}, {"value": "10", "answers": 1}]
    assert [(step["node"], step["reached"]) for step in found["steps"]] == [("rating", 3), ("recommend", 3)]
    assert found["fields"] == {"city": ["Samarkand", "Tashkent"]}
    assert (await _survey(me, campaign, "?where=city=samarkand"))["conversations"] == 1
    assert (await _survey(me, campaign, "?until=2020-01-01"))["conversations"] == 0
    wrong = await me.get(f"/api/v1/surveys/{campaign.id}?where=town=Tashkent")
    assert wrong.status == 422
    lines = (await (await me.get("/api/v1/surveys")).json())["items"]
    assert [(line["name"], line["conversations"], line["finished"]) for line in lines] == [("autumn", 3, 3)]


async def test_a_figure_opens_to_its_people_and_to_the_second(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    campaign, ids = await _asked(web_site.database, [{"rating": "9"}, {"rating": "3"}, {"rating": "9"}])
    left, (gone,) = await _asked(web_site.database, [{"rating": "1"}], "winter", 50, last_node="rating", **HUNG_UP)
    await _record(web_site.database, ids[0])
    path = f"/api/v1/surveys/{campaign.id}/answers"
    first = await (await me.get(f"{path}?question=rating&value=9&limit=1")).json()
    second = await (await me.get(f"{path}?question=rating&value=9&limit=1&cursor={first['next']}")).json()
    assert sorted(one["call_id"] for page in (first, second) for one in page["items"]) == sorted((ids[0], ids[2]))
    assert second["next"] is None
    seconds = {one["call_id"]: one["answers"]["rating"]["second"] for one in (*first["items"], *second["items"])}
    assert (isinstance(seconds[ids[0]], float), seconds[ids[2]]) == (True, None)
    people = await (await me.get(f"/api/v1/surveys/{left.id}/answers?left_at=rating")).json()
    assert [one["call_id"] for one in people["items"]] == [gone]
    page = await (await me.get(f"/surveys/{campaign.id}/answers?question=rating&value=9")).text()
    assert f"/calls/{ids[0]}?at={seconds[ids[0]]}" in page
    assert "Hear the sentence" in page


async def test_free_answers_are_grouped_by_the_words_they_share(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    said = ["the waiting time", "waiting an hour", "kind people", "such kind staff", "blue walls"]
    campaign, ids = await _asked(web_site.database, [{"comment": text} for text in said])
    groups = await (await me.get(f"/api/v1/surveys/{campaign.id}/groups?question=comment")).json()
    found = {group["word"]: sorted(one["text"] for one in group["answers"]) for group in groups}
    assert found == {
        "waiting": ["the waiting time", "waiting an hour"],
        "kind": ["kind people", "such kind staff"],
        "": ["blue walls"],
    }
    page = await (await me.get(f"/surveys/{campaign.id}")).text()
    assert f"/surveys/{campaign.id}/groups?question=comment" in page
    part = await (await me.get(f"/surveys/{campaign.id}/groups?question=comment", headers=PART)).text()
    assert f"/calls/{ids[0]}" in part


# --- who sees what ------------------------------------------------------------------------------------------
async def test_each_sees_the_talks_his_reach_says(web_site: Site, login: Login) -> None:
    database = web_site.database
    north, south = await login(Role.HEAD, "Sevara", team="North"), await login(Role.HEAD, "Aziz", team="South")
    manager, seller = await login(Role.MANAGER), await login(Role.SELLER)
    campaign, ids = await _asked(database, [{"rating": "9"}, {"rating": "1"}])
    path = f"/surveys/{campaign.id}"
    for visitor in (north, south):
        for address in (path, f"/api/v1{path}", f"/api/v1{path}/answers", f"/api/v1{path}/file", f"{path}/file"):
            assert (await visitor.get(address)).status == 404
        assert (await visitor.post(f"/api/v1{path}/needs/{ids[0]}/task", json={"title": "x"})).status == 404
    assert (await seller.get(f"/api/v1{path}")).status == 403
    async with database.work() as work:
        assert north.actor.team_id is not None
        await campaign_desk.set_teams(work, campaign.id, [north.actor.team_id])
        # The second person, and his call, are the other team's.
        await work.run(update(calls).where(calls.c.id == ids[1]).values(agent_id=south.actor.user_id))
        of_call = select(calls.c.contact_id).where(calls.c.id == ids[1]).scalar_subquery()
        await work.run(update(contacts).where(contacts.c.id == of_call).values(owner_id=south.actor.user_id))
    assert (await _survey(manager, campaign))["conversations"] == 2
    seen = await _survey(north, campaign)
    assert (seen["conversations"], seen["questions"][0]["values"]) == (1, [{"value": "9", "answers": 1}])
    people = await (await north.get(f"/api/v1{path}/answers")).json()
    assert [one["call_id"] for one in people["items"]] == [ids[0]]
    assert [row["call"] for row in await _exported(north, campaign)] == [ids[0]]


async def test_whoever_is_masked_gets_no_digits(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER, masked=True)
    campaign, ids = await _asked(web_site.database, [{"comment": NUMBER}, {"comment": NUMBER}])
    async with web_site.database.work() as work:
        await work.run(update(turns).where(turns.c.call_id == ids[0], turns.c.position == 1).values(unclear=True))
        await work.run(update(turns).where(turns.c.call_id == ids[0]).values(text=NUMBER))
    query = "?question=comment"
    for path in (
        f"/surveys/{campaign.id}",
        f"/surveys/{campaign.id}/answers{query}",
        f"/surveys/{campaign.id}/groups{query}",
        f"/surveys/{campaign.id}/file",
        "/surveys/unclear",
        f"/api/v1/surveys/{campaign.id}",
        f"/api/v1/surveys/{campaign.id}/answers{query}",
        f"/api/v1/surveys/{campaign.id}/groups{query}",
        f"/api/v1/surveys/{campaign.id}/file",
        "/api/v1/unclear",
    ):
        answer = await me.get(path)
        text = await answer.text()
        assert answer.status == 200
        for digits in ("123-45-67", "1234567", "90120000", "90 120 00 00", "120 00 0"):
            assert digits not in text, path


# --- files --------------------------------------------------------------------------------------------------
async def _exported(visitor: Visitor, campaign: Campaign) -> list[dict[str, str]]:
    answer = await visitor.get(f"/api/v1/surveys/{campaign.id}/file?form=csv")
    assert (answer.status, answer.content_type) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO((await answer.read()).decode("utf-8-sig"))))


async def test_the_talks_are_exported_with_links_and_it_is_noted(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    campaign, ids = await _asked(web_site.database, [{"rating": "9"}, {"rating": "3"}])
    await _record(web_site.database, ids[0])
    rows = {row["call"]: row for row in await _exported(me, campaign)}
    assert rows[ids[0]]["rating"] == "9"
    assert (rows[ids[0]]["recording"], rows[ids[1]]["recording"]) == (f"{web_site.base}/calls/{ids[0]}", "")
    sheet = await me.get(f"/surveys/{campaign.id}/file?form=xlsx")
    assert ((await sheet.read())[:2], sheet.headers["Content-Disposition"]) == (
        b"PK",
        'attachment; filename="survey-autumn.xlsx"',
    )
    async with web_site.database.reading() as work:
        noted = await work.all(select(audit_log.c.details).where(audit_log.c.action == "survey.exported"))
    assert [row.details["conversations"] for row in noted] == [2, 2]
    nothing = await me.get(f"/api/v1/surveys/{campaign.id}/file?until=2020-01-01")
    assert nothing.status == 422


# --- who needs a call ---------------------------------------------------------------------------------------
async def test_one_click_makes_a_task_for_who_needs_a_call(web_site: Site, login: Login) -> None:
    me, marketer = await login(Role.MANAGER), await login(Role.MARKETER)
    campaign, (call_id,) = await _asked(
        web_site.database, [{"rating": "3"}], ending=Ending.FAILED, disposition=None, summary="rating 3"
    )
    (needs,) = (await _survey(me, campaign))["needs"]
    assert (needs["call_id"], needs["need"], needs["summary"]) == (call_id, "broke_off", "rating 3")
    page = await (await marketer.get(f"/surveys/{campaign.id}")).text()
    assert ("Who needs a call now" in page, "Make a task" in page) == (True, False)
    assert "Make a task" in await (await me.get(f"/surveys/{campaign.id}")).text()
    made = await me.post(f"/surveys/{campaign.id}/needs/{call_id}", data={"title": "Call back"}, headers=PART)
    assert (made.status, "Task made" in await made.text()) == (200, True)
    assert (await me.post(f"/surveys/{campaign.id}/needs/{call_id}")).status == 409
    tasks = (await (await me.get("/api/v1/tasks")).json())["items"]
    assert [(task["title"], task["call_id"], task["responsible_id"]) for task in tasks] == [
        ("Call back", call_id, me.actor.user_id)
    ]
    assert (await _survey(me, campaign))["needs"] == []


async def test_whoever_met_a_person_needs_no_call(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    campaign, (call_id,) = await _asked(
        web_site.database, [{"rating": "3"}], ending=Ending.TRANSFERRED, disposition="not_interested"
    )
    assert [one["need"] for one in (await _survey(me, campaign))["needs"]] == ["promised"]
    async with web_site.database.work() as work:
        await work.run(update(calls).where(calls.c.id == call_id).values(bridged_at=utc_now()))
    assert (await _survey(me, campaign))["needs"] == []


# --- pages --------------------------------------------------------------------------------------------------
async def test_empty_pages_say_what_to_do(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    empty = await (await me.get("/surveys")).text()
    assert ("No campaign lets the robot talk yet." in empty, "/campaigns/new" in empty) == (True, True)
    campaign = await bot_campaign(web_site.database)
    page = await (await me.get(f"/surveys/{campaign.id}")).text()
    assert "The robot has talked with nobody yet." in page
    assert "Nothing waits" in await (await me.get("/surveys/unclear")).text()


async def test_the_page_shows_charts_filters_and_steps(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    campaign, _ = await _asked(web_site.database, [{"rating": "10"}, {"rating": "9"}, {"rating": "9"}])
    page = await (await me.get(f"/surveys/{campaign.id}")).text()
    facts = json.loads(page.partition('<script type="application/json" id="chart-1">')[2].partition("</script>")[0])
    assert (facts["labels"], facts["series"][0]["values"]) == (["9", "10"], [2, 1])
    assert facts["links"][0] == f"/surveys/{campaign.id}/answers?question=rating&value=9"
    assert 'name="f-city"' in page
    part = await (await me.get(f"/surveys/{campaign.id}?f-city=Samarkand", headers=PART)).text()
    assert "<html" not in part
    assert "f-city=Samarkand" in part
    wrong = await me.get(f"/surveys/{campaign.id}?since=tomorrow", headers=PART)
    assert (wrong.status, "is no day" in await wrong.text()) == (422, True)


async def test_a_pilot_is_listened_to_and_let_go_on(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    campaign = await bot_campaign(web_site.database, ["Tashkent"] * 4, pilot=2)
    for attempt in await dial(web_site.database, campaign, 4, utc_now() - timedelta(hours=1)):
        await talked(web_site.database, attempt)
        await _record(web_site.database, attempt.id)
    page = await (await me.get(f"/surveys/{campaign.id}")).text()
    assert page.count("<audio") == 2
    assert "Go: call everybody" in page
    assert f'href="/scripts/{campaign.policy.script}"' in page
    assert (await me.post(f"/surveys/{campaign.id}/go")).status == 204
    assert "Go: call everybody" not in await (await me.get(f"/surveys/{campaign.id}")).text()


# --- what was not understood --------------------------------------------------------------------------------
class QuickDesk(SiteScriptDesk):
    """The real desk, except that the lesson is given by the test."""

    lesson = Lesson(True, "", (), (LanguageScore("en", 100, 95, 20, 1),))
    learned: list[Label]
    began: asyncio.Event
    may_end: asyncio.Event

    async def learn(self, labels: Sequence[Label], told: Callable[[int, int], None]) -> Lesson:
        told(1, 4)
        self.learned = list(labels)
        self.began.set()
        await self.may_end.wait()
        return self.lesson


async def _misheard(database: Database, count: int) -> list[str]:
    _, ids = await _asked(database, [{"rating": "9"}] * count)
    async with database.work() as work:
        unclear = (turns.c.call_id.in_(ids), turns.c.position == 1)
        await work.run(update(turns).where(*unclear).values(unclear=True, text="how much is the fish"))
    await _record(database, ids[0])
    return ids


async def test_a_sentence_is_labelled_once_and_may_be_taken_back(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    ids = await _misheard(web_site.database, 3)
    first = await (await me.get("/api/v1/unclear?limit=2")).json()
    second = await (await me.get(f"/api/v1/unclear?limit=2&cursor={first['next']}")).json()
    turns_seen = {one["call_id"]: one for one in (*first["items"], *second["items"])}
    assert (len(turns_seen), first["total"], second["next"]) == (3, {"count": 3, "more": False}, None)
    mine = turns_seen[ids[0]]
    assert (mine["asked"], mine["text"], mine["recording_id"] is not None) == ("rating?", "how much is the fish", True)
    path = f"/api/v1/unclear/{ids[0]}/1/label"
    assert (await me.ask("PUT", path, json={"intent": "fish"})).status == 422
    given = await me.ask("PUT", path, json={"intent": "not_interested", "said": "how much is the wish"})
    assert (given.status, (await given.json())["text"]) == (200, "how much is the wish")
    assert (await me.ask("PUT", path, json={"intent": "not_interested"})).status == 404
    back = await me.ask("DELETE", path)
    assert (await back.json())["text"] == "how much is the fish"
    assert (await me.ask("DELETE", path)).status == 404


async def test_the_inbox_is_worked_through_by_key(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    ids = await _misheard(web_site.database, 2)
    page = await (await me.get("/surveys/unclear")).text()
    assert page.count("data-key-row") == 2
    assert 'value="not_interested" data-row-key=' in page
    assert "/audio#t=" in page
    nothing = await me.post(f"/surveys/unclear/{ids[0]}/1", data={"intent": ""}, headers=PART)
    assert (nothing.status, "Choose what it means" in nothing.headers["HX-Trigger"]) == (204, True)
    given = await me.post(f"/surveys/unclear/{ids[0]}/1", data={"intent": "not_interested"}, headers=PART)
    assert (given.status, f"/surveys/unclear/{ids[0]}/1/undo" in given.headers["HX-Trigger"]) == (200, True)
    assert "1 sentence waits to be learned." in await (await me.get("/surveys/unclear")).text()
    assert (await me.post(f"/surveys/unclear/{ids[0]}/1/undo")).status == 204
    assert (await (await me.get("/surveys/unclear")).text()).count("data-key-row") == 2


async def test_a_foreign_sentence_is_not_there(web_site: Site, login: Login) -> None:
    head = await login(Role.HEAD, "Sevara", team="North", extra_rights=frozenset({Right.CHANGE_SCRIPTS}))
    other = await login(Role.HEAD, "Aziz", team="South")
    ids = await _misheard(web_site.database, 1)
    async with web_site.database.work() as work:
        await work.run(update(calls).where(calls.c.id == ids[0]).values(agent_id=other.actor.user_id))
        await work.run(update(contacts).values(owner_id=other.actor.user_id))
    assert (await (await head.get("/api/v1/unclear")).json())["items"] == []
    path = f"/api/v1/unclear/{ids[0]}/1/label"
    assert (await head.ask("PUT", path, json={"intent": "not_interested"})).status == 404


@pytest.fixture
async def quick_desk(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> QuickDesk:
    """In the place of the site's desk, before `web_site` is made."""
    desk = QuickDesk({"HOME": str(workplace.home)}, workplace.home)
    desk.began, desk.may_end = asyncio.Event(), asyncio.Event()

    def made(health: Health, place: Workplace) -> web.Application:
        app = make_app(health, place)
        app.on_startup.append(lambda one: _set(one, desk))
        return app

    monkeypatch.setattr("tests.crm_core.web.conftest.make_app", made)
    return desk


async def _set(app: web.Application, desk: QuickDesk) -> None:
    app._state[SCRIPT_DESK] = desk  # after `add_tools`, when the application is frozen


async def test_the_robot_is_taught_while_one_looks_on(quick_desk: QuickDesk, web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    ids = await _misheard(web_site.database, 1)
    assert (await (await me.get("/api/v1/learning")).json())["state"] == "none"
    await me.ask("PUT", f"/api/v1/unclear/{ids[0]}/1/label", json={"intent": "not_interested"})
    begun = await (await me.post("/surveys/unclear/learning", headers=PART)).text()
    assert "The robot is learning" in begun
    await quick_desk.began.wait()
    running = await (await me.get("/api/v1/learning")).json()
    assert (running["state"], running["done"], running["whole"]) == ("running", 1, 4)
    quick_desk.may_end.set()
    assert await _over(me) == "taken"
    assert [label.intent for label in quick_desk.learned] == ["not_interested"]
    part = await (await me.get("/surveys/unclear/learning", headers=PART)).text()
    assert "It has learned 1 sentence" in part
    assert "95 of 100" in part
    again = await me.post("/api/v1/learning")
    assert again.status == 200
    assert await _over(me) == "failed"  # there is nothing new


async def test_teaching_can_be_stopped(quick_desk: QuickDesk, web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    ids = await _misheard(web_site.database, 1)
    await me.ask("PUT", f"/api/v1/unclear/{ids[0]}/1/label", json={"intent": "not_interested"})
    await me.post("/api/v1/learning")
    await quick_desk.began.wait()
    stopped = await (await me.post("/surveys/unclear/learning/stop", headers=PART)).text()
    assert "It was stopped" in stopped
    assert "1 sentence waits" in await (await me.get("/surveys/unclear")).text()


async def _over(visitor: Visitor) -> str:
    while True:
        state = (await (await visitor.get("/api/v1/learning")).json())["state"]
        if state != "running":
            return str(state)
        await asyncio.sleep(0.01)
