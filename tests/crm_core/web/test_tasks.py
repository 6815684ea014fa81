"""Tasks over the API and on their page: seen by whom, changed as they were seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from crm_core.commands import CreateTask
from crm_core.domain.access import Role
from crm_core.handlers.tasks import create_task
from tests.crm_core.crm import add_contact
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now


async def _add(site: Site, title: str, whose: Visitor | None, due: datetime | None = None, **more: Any) -> int:
    now = utc_now()
    responsible = None if whose is None else whose.actor.user_id
    command = CreateTask(title, due or now + timedelta(hours=1), "rule: test", responsible_id=responsible, **more)
    return await create_task(command, site.database, now)


async def _titles(visitor: Visitor, query: str = "") -> list[str]:
    page = await (await visitor.get(f"/api/v1/tasks{query}")).json()
    return [task["title"] for task in page["items"]]


async def test_each_sees_what_his_reach_says(web_site: Site, login: Login) -> None:
    mine = await login(Role.SELLER, "Dilnoza", team="North")
    other = await login(Role.SELLER, "Rustam", team="South")
    head = await login(Role.HEAD, "Sevara", team="North")
    manager = await login(Role.MANAGER, "Aziz")
    await _add(web_site, "hers", mine)
    foreign = await _add(web_site, "his", other)
    await _add(web_site, "nobody's", None)
    assert await _titles(mine) == ["hers"]
    assert sorted(await _titles(head)) == ["hers", "nobody's"]
    assert sorted(await _titles(manager)) == ["hers", "his", "nobody's"]
    assert await _titles(manager, "?responsible=0") == ["nobody's"]
    for path, method in ((f"/api/v1/tasks/{foreign}", "GET"), (f"/api/v1/tasks/{foreign}/done", "POST")):
        assert (await mine.ask(method, path, headers={"If-Match": '"1"'})).status == 404


async def test_a_task_is_changed_as_it_was_seen_or_not_at_all(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    task_id = await _add(web_site, "call", me)
    path = f"/api/v1/tasks/{task_id}"
    shown = await me.get(path)
    assert shown.headers["ETag"] == '"1"'
    assert (await me.post(f"{path}/done")).status == 428
    done = await me.post(f"{path}/done", headers={"If-Match": '"1"'})
    assert (done.status, (await done.json())["done_by"], done.headers["ETag"]) == (200, me.actor.name, '"2"')
    due = {"due_at": (utc_now() + timedelta(days=1)).isoformat()}
    late = await me.ask("PUT", f"{path}/due", json=due, headers={"If-Match": '"1"'})
    problem = await late.json()
    assert (late.status, problem["type"], problem["current"]["version"]) == (409, "urn:trunkline:problem:stale", 2)
    back = await me.ask("DELETE", f"{path}/done", headers={"If-Match": '"2"'})
    assert (await back.json())["done_at"] is None


async def test_a_task_is_handed_only_to_somebody_one_sees(web_site: Site, login: Login) -> None:
    head = await login(Role.HEAD, "Sevara", team="North")
    near, far = await login(Role.SELLER, "Dilnoza", team="North"), await login(Role.SELLER, "Rustam", team="South")
    task_id = await _add(web_site, "call", head)
    path, seen = f"/api/v1/tasks/{task_id}/responsible", {"If-Match": '"1"'}
    refused = await head.ask("PUT", path, json={"user_id": far.actor.user_id}, headers=seen)
    assert refused.status == 404
    given = await head.ask("PUT", path, json={"user_id": near.actor.user_id}, headers=seen)
    assert (await given.json())["responsible"] == "Dilnoza"
    assert await _titles(near) == ["call"]


async def test_pages_by_key_show_each_task_once(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    due = utc_now() + timedelta(hours=1)
    for n in range(7):
        await _add(web_site, f"task {n}", me, due)
    seen: list[str] = []
    cursor = ""
    while True:
        page = await (await me.get(f"/api/v1/tasks?limit=3{cursor}")).json()
        seen += [task["title"] for task in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"task {n}" for n in range(7)]
    assert (await me.get("/api/v1/tasks?cursor=rubbish")).status == 422


async def test_the_next_task_and_the_counts(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    assert (await (await me.get("/api/v1/tasks/next")).json())["task"] is None
    await _add(web_site, "later", me, utc_now() + timedelta(days=30))
    await _add(web_site, "late", me, utc_now() - timedelta(hours=2))
    assert (await (await me.get("/api/v1/tasks/next")).json())["task"]["title"] == "late"
    counts = await (await me.get("/api/v1/tasks/counts")).json()
    assert (counts["overdue"], counts["later"]) == ({"count": 1, "more": False}, {"count": 1, "more": False})


async def test_whoever_is_masked_gets_no_digits(web_site: Site, login: Login) -> None:
    me = await login(Role.OUTSIDE)
    await _add(web_site, "Call +998 90 123-45-67 back", me, number="+998901234567")
    for path in ("/api/v1/tasks", "/tasks"):
        text = await (await me.get(path)).text()
        assert "Call" in text
        assert "123-45-67" not in text
        assert "1234567" not in text


async def test_the_page_lists_finishes_and_undoes(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    empty = await (await me.get("/tasks")).text()
    assert "Nothing is left to do" in empty
    contact = await add_contact(web_site.database, "Karim")
    task_id = await _add(web_site, "send the offer", me, utc_now() - timedelta(hours=1), contact_id=contact)
    page = await (await me.get("/tasks")).text()
    assert "send the offer" in page
    assert 'aria-current="page">Overdue' in page
    done = await me.post(f"/tasks/{task_id}/done", data={"version": "1"}, headers={"HX-Request": "true"})
    row = await done.text()
    assert "Undo" in row
    stale = await me.post(f"/tasks/{task_id}/postpone", data={"version": "1", "due": "2027-01-04T10:00"})
    assert stale.status == 409
    back = await me.post(f"/tasks/{task_id}/reopen", data={"version": "2"})
    assert "send the offer" in await back.text()


async def test_a_new_task_is_made_in_the_page_or_its_fault_shown(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    assert 'name="title"' in await (await me.get("/tasks/new")).text()
    wrong = await me.post("/tasks", data={"title": "call", "due": "tomorrow"})
    assert (wrong.status, "is not a time" in await wrong.text()) == (422, True)
    due = (utc_now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    made = await me.post("/tasks", data={"title": "call", "due": due, "number": "90 123 45 67"})
    assert made.status == 204
    assert await _titles(me) == ["call"]
