"""Scripts over the API and on their pages: read, checked, run, talked to, kept as they were seen."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import select

from crm_core.db.tables import audit_log
from crm_core.domain.access import Right, Role
from tests.crm_core.talks import bot_campaign
from tests.crm_core.web.conftest import Login, Site, Visitor
from tests.ivr_bot.test_script_desk import SHORT, TESTS

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
LEAD = {"field-name": "Aziz", "language": "en"}


async def _created(visitor: Visitor, name: str = "short") -> dict[str, Any]:
    text = {"name": name, "script": SHORT.replace("script: short", f"script: {name}"), "tests": TESTS}
    answer = await visitor.post("/api/v1/scripts", json=text)
    assert answer.status == 201
    found: dict[str, Any] = await answer.json()
    return found


async def test_only_who_may_change_scripts_reaches_them(web_site: Site, login: Login) -> None:
    seller = await login(Role.SELLER)
    for path in ("/api/v1/scripts", "/api/v1/scripts/after_hours", "/api/v1/unclear", "/api/v1/intents"):
        assert (await seller.get(path)).status == 403
    for path in ("/scripts", "/scripts/after_hours", "/surveys/unclear"):
        assert (await seller.get(path)).status == 403
    for path in ("script-checks", "script-runs"):
        assert (await seller.post(f"/api/v1/{path}", json={"script": SHORT})).status == 403
    assert (await seller.post("/scripts/-/check", data={"script": SHORT})).status == 403


async def test_a_script_is_made_changed_and_discarded_as_it_was_seen(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    made = await _created(me)
    again = await me.post("/api/v1/scripts", json={"name": "short", "script": SHORT})
    assert again.status == 409
    path, seen = "/api/v1/scripts/short", {"If-Match": f'"{made["version"]}"'}
    changed = {"script": SHORT.replace("A short one", "Another"), "tests": ""}
    assert (await me.ask("PUT", path, json=changed)).status == 428
    newer = await me.ask("PUT", path, json=changed, headers=seen)
    assert newer.status == 200
    late = await me.ask("PUT", path, json=changed, headers=seen)
    problem = await late.json()
    assert (late.status, "Another" in problem["current"]["script"]) == (409, True)
    wrong = await me.ask("PUT", path, json={"script": "script: short"}, headers={"If-Match": newer.headers["ETag"]})
    assert (wrong.status, "languages" in (await wrong.text())) == (422, True)
    gone = await me.ask("DELETE", path, headers={"If-Match": newer.headers["ETag"]})
    assert gone.status == 204
    assert (await me.get(path)).status == 404
    async with web_site.database.reading() as work:
        rows = await work.all(select(audit_log.c.action, audit_log.c.key).where(audit_log.c.noun == "script"))
    assert [tuple(row) for row in rows] == [
        ("script.saved", "short"),
        ("script.saved", "short"),
        ("script.discarded", "short"),
    ]


async def test_a_script_that_a_campaign_needs_is_not_deleted(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    made = await _created(me)
    await bot_campaign(web_site.database, name="autumn", script="short")
    listed = {one["name"]: one for one in await (await me.get("/api/v1/scripts")).json()}
    assert [one["name"] for one in listed["short"]["campaigns"]] == ["autumn"]
    seen = {"If-Match": f'"{made["version"]}"'}
    refused = await me.ask("DELETE", "/api/v1/scripts/short", headers=seen)
    assert (refused.status, "talks by" in await refused.text()) == (409, True)
    assert (await me.get("/api/v1/scripts/short")).status == 200


async def test_a_foreign_campaign_is_not_told_of(web_site: Site, login: Login) -> None:
    head = await login(Role.HEAD, "Sevara", team="North", extra_rights=frozenset({Right.CHANGE_SCRIPTS}))
    await bot_campaign(web_site.database, name="secret plans", script="after_hours")
    for path in ("/api/v1/scripts", "/scripts", "/scripts/after_hours", "/surveys", "/api/v1/surveys"):
        answer = await head.get(path)
        assert (answer.status, "secret plans" in await answer.text()) == (200, False)


async def test_a_text_is_checked_run_and_talked_to_without_being_kept(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    checked = await (await me.post("/api/v1/script-checks", json={"script": SHORT, "tests": TESTS})).json()
    assert (checked["faults"], checked["sample"], "<svg" in checked["picture"]) == ([], {"name": "Aziz"}, True)
    faulty = await (await me.post("/api/v1/script-checks", json={"script": "script: short\n"})).json()
    assert faulty["faults"][0]["line"] == 1
    tried = await (await me.post("/api/v1/script-runs", json={"script": SHORT, "tests": TESTS})).json()
    assert [len(one["differences"]) for one in tried] == [0, 1]
    begun = {"script": SHORT, "language": "en", "fields": {"name": "Aziz"}, "moves": [{"how": "says", "text": "yes"}]}
    talk = await (await me.post("/api/v1/script-talks", json=begun)).json()
    assert (talk["ended"], talk["lines"][0]["text"]) == (True, "Hello Aziz, do you like it?")
    assert "short" not in [one["name"] for one in await (await me.get("/api/v1/scripts")).json()]


# --- pages --------------------------------------------------------------------------------------------------
async def test_the_list_shows_whose_each_script_is_and_what_is_wrong(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    folder = web_site.place.home / "scripts"
    folder.mkdir()
    (folder / "spoilt.yml").write_text("script: spoilt\n")
    await bot_campaign(web_site.database, name="autumn", script="satisfaction_survey")
    page = await (await me.get("/scripts")).text()
    for text in ("Satisfaction survey after a visit", "spoilt", "1 fault", "Your own", "autumn"):
        assert text in page


async def test_a_copy_is_made_under_a_name_of_its_own(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    wrong = await me.post("/scripts", data={"source": "after_hours", "name": "No Name"}, headers=PART)
    assert (wrong.status, "no name for a script" in await wrong.text()) == (422, True)
    made = await me.post("/scripts", data={"source": "after_hours", "name": "at_night"}, headers=PART)
    assert (made.status, made.headers["HX-Redirect"]) == (204, "/scripts/at_night")
    page = await (await me.get("/scripts/at_night")).text()
    assert "script: at_night" in page
    assert "Your own" in page


async def test_one_types_and_sees_faults_or_the_picture(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    sound = await (await me.post("/scripts/-/check", data={"script": SHORT, "tests": ""}, headers=PART)).text()
    assert ("Sound" in sound, '<hx-partial hx-target="#picture"' in sound) == (True, True)
    wrong = SHORT.replace("if_no: noted", "if_no: <b>nowhere</b>")
    faulty = await (await me.post("/scripts/-/check", data={"script": wrong, "tests": TESTS}, headers=PART)).text()
    assert ("Line 9" in faulty, "which is no node" in faulty) == (True, True)
    assert "<b>nowhere" not in faulty
    assert "hx-partial" not in faulty


async def test_red_and_green_are_shown_line_by_line(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    runs = await (await me.post("/scripts/-/run", data={"script": SHORT, "tests": TESTS}, headers=PART)).text()
    assert "1 conversation goes otherwise" in runs
    assert 'data-line="9"' in runs
    none = await me.post("/scripts/-/run", data={"script": SHORT, "tests": ""}, headers=PART)
    assert (none.status, "no conversations" in await none.text()) == (422, True)


async def test_one_talks_to_the_text_as_it_stands(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    text = {"script": SHORT, "tests": ""}
    begun = await (await me.post("/scripts/-/talk", data={**text, **LEAD, "how": "begin"}, headers=PART)).text()
    assert "Hello Aziz, do you like it?" in begun
    kept = {name: _hidden(begun, name) for name in ("moves", "began_at")}
    changed = {"script": SHORT.replace("Goodbye.", "So long."), "tests": ""}
    said = {**changed, **LEAD, **kept, "how": "says", "said": "yes"}
    ended = await (await me.post("/scripts/-/talk", data=said, headers=PART)).text()
    for told in ("like_it: yes", "surveyed", "So long.", "The talk is over"):
        assert told in ended
    assert json.loads(_hidden(ended, "moves")) == [["says", "yes"]]
    faulty = await me.post("/scripts/-/talk", data={"script": "script: x", "how": "begin"}, headers=PART)
    assert faulty.status == 422
    rubbish = await me.post("/scripts/-/talk", data={**text, **LEAD, "moves": "[[1]]", "how": "says"}, headers=PART)
    assert rubbish.status == 422


async def test_saving_says_what_stands_and_what_does_not(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    page = await (await me.get("/scripts/after_hours")).text()
    version, script = _hidden(page, "version"), "script: after_hours\n"
    refused = await me.post("/scripts/after_hours", data={"version": version, "script": script}, headers=PART)
    assert (refused.status, "Nothing was saved" in await refused.text()) == (422, True)
    sound = SHORT.replace("script: short", "script: after_hours").replace("\n", "\r\n")
    saved = await me.post("/scripts/after_hours", data={"version": version, "script": sound}, headers=PART)
    assert (saved.status, "data-saved" in await saved.text()) == (200, True)
    assert "\r" not in (web_site.place.home / "scripts" / "after_hours.yml").read_text()
    late = await me.post("/scripts/after_hours", data={"version": version, "script": sound}, headers=PART)
    assert late.status == 409
    now = _hidden(await (await me.get("/scripts/after_hours")).text(), "version")
    gone = await me.post("/scripts/after_hours/discard", data={"version": now}, headers=PART)
    assert gone.headers["HX-Redirect"] == "/scripts"
    assert not list((web_site.place.home / "scripts").iterdir())


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1].replace("&#34;", '"')
