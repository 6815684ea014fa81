"""Files become lists over the API: uploaded, looked at, imported as a job; and the do-not-call lists."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import FormData

from crm_core.domain.access import Role
from crm_core.handlers.lead_import_runs import Choice, begin_import
from crm_core.handlers.lead_uploads import Intake
from crm_core.imports.uploads import KEPT_FOR, Upload, UploadFolder, safe_name
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now

CSV = "Who;Their number;Town\nAnn;901234567;Tashkent\nBob;12;Bukhara\nCid;901234568;Tashkent\n"


def _form(text: str = CSV, name: str = "leads.csv") -> FormData:
    form = FormData()
    form.add_field("file", text.encode(), filename=name, content_type="text/csv")
    return form


async def _body(answer: Any, status: int = 200) -> Any:
    text = await answer.text()
    assert answer.status == status, text
    return await answer.json() if text else None


async def _imported(me: Visitor, upload_id: str, body: dict[str, Any]) -> Any:
    found = await _body(await me.post(f"/api/v1/uploads/{upload_id}/import", json=body))
    async with asyncio.timeout(60):
        while found["state"] == "running":
            await asyncio.sleep(0.05)
            found = await _body(await me.get(f"/api/v1/uploads/{upload_id}"))
    return found


async def test_a_file_is_looked_at_mapped_and_imported(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    upload = await _body(await me.post("/api/v1/uploads", data=_form()), 201)
    assert (upload["name"], upload["state"], upload["country"]) == ("leads.csv", "ready", "UZ")
    one = f"/api/v1/uploads/{upload['id']}"
    refused = await _body(await me.post(one + "/preview", json={}), 422)
    assert "Who, Their number, Town" in refused["detail"]
    mapping = {"columns": {"Their number": "phone", "Who": "name"}}
    shown = await _body(await me.post(one + "/preview", json=mapping))
    assert [column["field"] for column in shown["columns"]] == ["name", "phone", "field"]
    assert [row["numbers"] for row in shown["rows"]] == [["+998901234567"], [], ["+998901234568"]]
    done = await _imported(me, upload["id"], mapping | {"list_name": "spring"})
    assert (done["state"], done["counts"]["created"], done["counts"]["invalid"]) == ("done", 2, 1), done["error"]
    failed = await me.get(one + "/failed-rows")
    assert '"Bob";"12";"Bukhara"' in await failed.text()
    assert failed.headers["Content-Disposition"].startswith("attachment")
    leads = await _body(await me.get(f"/api/v1/lists/{done['list_id']}/leads"))
    assert [(lead["name"], lead["fields"]) for lead in leads["items"]] == [
        ("Ann", {"Town": "Tashkent"}),
        ("Cid", {"Town": "Tashkent"}),
    ]
    again = await me.post(one + "/import", json=mapping | {"list_name": "spring"})
    assert again.status == 409
    assert (await me.ask("DELETE", one)).status == 204
    assert (await me.get(one)).status == 404
    assert (await me.get(f"/api/v1/lists/{done['list_id']}")).status == 200


async def test_what_cannot_be_imported_says_why(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    empty = await _body(await me.post("/api/v1/uploads", data=_form("")), 422)
    assert "empty" in empty["detail"]
    assert (await me.post("/api/v1/uploads", json={})).status == 415
    pdf = await _body(await me.post("/api/v1/uploads", data=_form("%PDF-1.4 of a report")), 201)
    refused = await _body(await me.post(f"/api/v1/uploads/{pdf['id']}/preview", json={}), 422)
    assert "this is a PDF, not a list" in refused["detail"]
    upload = await _body(await me.post("/api/v1/uploads", data=_form()), 201)
    done = await _imported(me, upload["id"], {"list_name": "nameless"})
    assert done["state"] == "failed"
    assert "no column seems to hold phone numbers" in done["error"]


async def test_an_upload_is_found_by_its_owner_and_those_who_see_all(web_site: Site, login: Login) -> None:
    rights = {"team": "north", "extra_rights": frozenset({"campaigns.change"})}
    ann, bob = await login(Role.HEAD, **rights), await login(Role.HEAD, **rights)
    seller = await login(Role.SELLER)
    upload = await _body(await ann.post("/api/v1/uploads", data=_form()), 201)
    one = f"/api/v1/uploads/{upload['id']}"
    assert [found["id"] for found in await _body(await ann.get("/api/v1/uploads"))] == [upload["id"]]
    assert await _body(await bob.get("/api/v1/uploads")) == []
    mapped = {"list_name": "mine", "columns": {"Their number": "phone"}}
    for visitor, status in ((bob, 404), (seller, 403)):
        assert (await visitor.get(one)).status == status
        assert (await visitor.post(one + "/preview", json={})).status == status
        assert (await visitor.post(one + "/import", json=mapped)).status == status
        assert (await visitor.ask("DELETE", one)).status == status
        assert (await visitor.get(one + "/failed-rows")).status == status
    assert (await (await login(Role.MANAGER)).get(one)).status == 200


async def test_an_import_whose_process_is_gone_is_begun_again(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    upload = await _body(await me.post("/api/v1/uploads", data=_form()), 201)
    long_ago = utc_now() - timedelta(minutes=5)
    intake = Intake(UploadFolder(web_site.place.home / "uploads"), web_site.database, lambda: long_ago, "UZ")
    await begin_import(me.actor, upload["id"], Choice("lost", columns={"Their number": "phone"}), intake)
    found = await _body(await me.get(f"/api/v1/uploads/{upload['id']}"))
    assert (found["state"], found["interrupted"]) == ("running", True)
    done = await _imported(me, upload["id"], {"list_name": "lost", "columns": {"Their number": "phone"}})
    assert (done["state"], done["counts"]["created"]) == ("done", 2), done["error"]


async def test_an_import_that_is_stopped_leaves_nothing_and_may_be_begun_again(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    rows = "\n".join(f"Ann,9012{place:05}" for place in range(30_000))
    upload = await _body(await me.post("/api/v1/uploads", data=_form(f"name,phone\n{rows}\n")), 201)
    one = f"/api/v1/uploads/{upload['id']}"
    assert (await me.ask("DELETE", one + "/import")).status == 409
    begun = await _body(await me.post(one + "/import", json={"list_name": "long"}))
    assert begun["state"] == "running"
    assert (await me.post(one + "/import", json={"list_name": "long"})).status == 409
    assert (await me.ask("DELETE", one)).status == 409
    assert (await _body(await me.ask("DELETE", one + "/import")))["state"] == "stopped"
    assert (await _body(await me.get("/api/v1/lists")))["items"] == []
    done = await _imported(me, upload["id"], {"list_name": "long"})
    assert (done["state"], done["counts"]["created"]) == ("done", 30_000), done["error"]


async def test_masked_eyes_see_no_digits_of_a_file(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER, masked=True)
    upload = await _body(await me.post("/api/v1/uploads", data=_form()), 201)
    shown = await me.post(f"/api/v1/uploads/{upload['id']}/preview", json={"columns": {"Their number": "phone"}})
    text = await shown.text()
    assert shown.status == 200
    assert "1234567" not in text
    done = await _imported(me, upload["id"], {"list_name": "dots", "columns": {"Their number": "phone"}})
    assert (done["has_failed_rows"], done["counts"]["created"]) == (False, 2)
    assert (await me.get(f"/api/v1/uploads/{upload['id']}/failed-rows")).status == 404


async def test_numbers_are_put_on_the_do_not_call_list_and_taken_off(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    made = await me.post("/api/v1/do-not-call", json={"value": "90 123 45 67", "reason": "asked"})
    assert await _body(made) == {"added": True}
    done = await _body(
        await me.post("/api/v1/do-not-call/file?reason=bought", data=_form("number\n+998901234567\n+99891*\nnobody\n"))
    )
    assert (done["added"], done["standing"], done["bad"]) == (1, 1, 1)
    assert done["bad_lines"][0]["line"] == 4
    first = await _body(await me.get("/api/v1/do-not-call?limit=1"))
    assert [entry["value"] for entry in first["items"]] == ["+998901234567"]
    rest = await _body(await me.get("/api/v1/do-not-call", params={"limit": 1, "cursor": first["next"]}))
    assert ([entry["value"] for entry in rest["items"]], rest["next"]) == (["+99891*"], None)
    assert (await me.ask("DELETE", f"/api/v1/do-not-call/{first['items'][0]['id']}")).status == 204
    assert (await me.ask("DELETE", f"/api/v1/do-not-call/{first['items'][0]['id']}")).status == 404
    masked = await login(Role.MARKETER, masked=True)
    await me.post("/api/v1/do-not-call", json={"value": "90 123 45 67", "reason": "asked"})
    assert "1234567" not in await (await masked.get("/api/v1/do-not-call")).text()


def test_names_of_files_are_only_names(tmp_path: Path) -> None:
    for given, kept in (
        ("../../etc/passwd", "passwd"),
        ("C:\\lists\\Май 2026.xlsx", "Май 2026.xlsx"),
        ('a"<b>\n.csv', "a__b__.csv"),
        ("job.json", "job.json"),
    ):
        assert safe_name(given) == kept
    long = safe_name("ж" * 300 + ".csv")
    assert len(long.encode()) < 255
    assert long.endswith(".csv")


def test_what_nobody_touches_is_thrown_away(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    upload_id, path, file = folder.begin("a.csv")
    file.close()
    now = utc_now()
    folder.save(Upload(upload_id, 1, "Ann", path.name, 1, now, now))
    assert folder.throw_away_old(now + KEPT_FOR) == []
    assert folder.throw_away_old(now + KEPT_FOR + timedelta(seconds=1)) == [upload_id]
    assert list(tmp_path.iterdir()) == []
