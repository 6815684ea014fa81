"""Lists as files: every row once, as far as one sees, without digits for whoever is masked; noted; sheets too."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import insert, select, update

from crm_core.db.tables import audit_log, calls, contacts, custom_fields, phones
from crm_core.domain.access import Right, Role
from crm_core.handlers import list_files
from crm_core.web import list_file
from tests.crm_core.crm import add_call, add_contact
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now
from tests.crm_core.web.test_deals import add_deal

NUMBERS = ("+998901234567", "+998907654321")


async def _rows(visitor: Visitor, path: str) -> list[dict[str, str]]:
    answer = await visitor.get(path)
    assert answer.status == 200, await answer.text()
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO((await answer.read()).decode("utf-8-sig"))))


async def _contact(site: Site, name: str, owner: Visitor | None = None, **values: Any) -> int:
    contact = await add_contact(site.database, name, NUMBERS[0] if not values.pop("other", False) else NUMBERS[1])
    async with site.database.work() as work:
        owned = {"owner_id": owner.actor.user_id if owner is not None else None, **values}
        await work.run(update(contacts).where(contacts.c.id == contact).values(**owned))
    return contact


async def test_contacts_come_with_all_numbers_and_own_fields(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    async with web_site.database.work() as work:
        field = {"noun": "contact", "key": "beds", "label": "Beds", "kind": "number", "position": 1}
        await work.run(insert(custom_fields).values(options=[], required=False, **field))
    contact = await _contact(web_site, "=Karim", fields={"beds": 3}, consent="given", consent_at=utc_now())
    async with web_site.database.work() as work:
        await work.run(insert(phones).values(contact_id=contact, e164=NUMBERS[1], raw=NUMBERS[1]))
    for path in ("/api/v1/contacts/file", "/contacts/file"):
        (row,) = await _rows(me, path)
        assert (row["name"], row["phone"]) == ("'=Karim", f"'{NUMBERS[0]}")  # no spreadsheet runs it as a formula
        assert row["more phones"] == f"'{NUMBERS[1]}"
        assert (row["Beds"], row["consent"], row["id"]) == ("3", "given", str(contact))
    async with web_site.database.reading() as work:
        noted = await work.all(select(audit_log.c.action, audit_log.c.user_id))
    assert [tuple(row) for row in noted].count(("contacts.exported", me.actor.user_id)) == 2


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "name", "-name"])
async def test_every_row_comes_once_however_many_pages_it_takes(
    web_site: Site, login: Login, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_files, "PAGE", 3)
    me = await login(Role.MANAGER)
    now = utc_now()
    async with web_site.database.work() as work:
        names = [{"name": f"n{n % 4}", "created_at": now - timedelta(hours=n // 2), "fields": {}} for n in range(10)]
        await work.run(insert(contacts), names)
    for n in range(9):
        await add_call(web_site.database, f"c-{n}", direction="outgoing", started_at=now - timedelta(hours=n // 2))
        await add_deal(web_site, f"deal {n}", me, amount=Decimal(n // 2), currency="USD")
    found = [int(row["id"]) for row in await _rows(me, f"/api/v1/contacts/file?sort={sort}")]
    listed = (await (await me.get(f"/api/v1/contacts?sort={sort}")).json())["items"]
    assert found == [one["id"] for one in listed]
    assert len(found) == 10
    began = [row["id"] for row in await _rows(me, "/api/v1/calls/file")]
    assert began == [one["id"] for one in (await (await me.get("/api/v1/calls")).json())["items"]]
    assert len(began) == 9
    of_amount = [int(row["id"]) for row in await _rows(me, "/api/v1/deals/file?sort=-amount")]
    assert of_amount == [one["id"] for one in (await (await me.get("/api/v1/deals?sort=-amount")).json())["items"]]
    assert len(of_amount) == 9


async def test_one_takes_out_what_one_sees_and_asks_for(web_site: Site, login: Login) -> None:
    head = await login(Role.HEAD, team="North")
    other = await login(Role.SELLER, team="South")
    await _contact(web_site, "Mine", head)
    await _contact(web_site, "Foreign", other, other=True)
    await add_deal(web_site, "mine", head)
    await add_deal(web_site, "foreign", other)
    for n, who in enumerate((head, other)):
        told = {"started_at": utc_now(), "agent_id": who.actor.user_id}
        await add_call(web_site.database, f"c-{n}", direction="outgoing", **told)
    assert [row["name"] for row in await _rows(head, "/api/v1/contacts/file")] == ["Mine"]
    assert [row["title"] for row in await _rows(head, "/api/v1/deals/file")] == ["mine"]
    assert [row["title"] for row in await _rows(head, "/deals/file?whose=0&state=all")] == []
    assert [row["id"] for row in await _rows(head, "/api/v1/calls/file")] == ["c-0"]
    assert [row["id"] for row in await _rows(head, "/api/v1/calls/file?direction=incoming")] == []


async def test_without_the_right_nothing_is_taken_out(web_site: Site, login: Login) -> None:
    for role in (Role.AGENT, Role.OUTSIDE, Role.SELLER):
        me = await login(role, f"somebody {role}")
        for path in ("/api/v1/contacts/file", "/api/v1/deals/file", "/api/v1/calls/file", "/contacts/file"):
            assert (await me.get(path)).status == 403, (role, path)
        assert "/contacts/file" not in await (await me.get("/contacts")).text()
    async with web_site.database.reading() as work:
        assert not await work.all(select(audit_log.c.id).where(audit_log.c.action.endswith(".exported")))


async def test_whoever_is_masked_takes_out_no_digits(web_site: Site, login: Login) -> None:
    rights = frozenset({Right.EXPORT})
    me = await login(Role.AGENT, masked=True, extra_rights=rights)
    text = "Karim +998 90 123-45-67"
    contact = await _contact(web_site, text, me, email="901234567@mail.uz")
    await add_deal(web_site, text, me, contact_id=contact)
    told = {"started_at": utc_now(), "agent_id": me.actor.user_id, "number": NUMBERS[0], "note": text}
    await add_call(web_site.database, "c-1", direction="outgoing", contact_id=contact, **told)
    for noun in ("contacts", "deals", "calls"):
        (row,) = await _rows(me, f"/api/v1/{noun}/file")
        assert "Karim" in str(row)
        assert "1234567" not in "".join(c for c in str(row) if c.isdigit()), noun


async def test_a_sheet_holds_the_same(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    await _contact(web_site, "Karim")
    answer = await me.get("/contacts/file?form=xlsx")
    assert "contacts-" in answer.headers["Content-Disposition"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(await answer.read()))
    titles, row = book.get_sheet_by_index(0).to_python()
    found = dict(zip(titles, row, strict=True))
    assert (found["name"], found["phone"]) == ("Karim", NUMBERS[0])


async def test_more_than_a_sheet_holds_is_refused_in_plain_words(
    web_site: Site, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_file, "MOST_ROWS", 2)
    me = await login(Role.MANAGER)
    await _contact(web_site, "Karim")
    assert (await me.get("/api/v1/contacts/file?form=xlsx")).status == 200
    await _contact(web_site, "Aziza", other=True)
    answer = await me.get("/api/v1/contacts/file?form=xlsx")
    assert (answer.status, "Take csv" in await answer.text()) == (422, True)
    assert len(await _rows(me, "/api/v1/contacts/file?form=csv")) == 2


async def test_calls_far_into_the_list_are_found_by_an_index(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    at = utc_now()
    for n in range(4):  # all in the same instant: told apart by their ids
        await add_call(web_site.database, f"c-{n}", direction="outgoing", started_at=at)
    async with web_site.database.work() as work:
        await work.run(update(calls).values(started_at=at))
    seen, cursor = [], ""
    for _ in range(4):
        page = await (await me.get(f"/api/v1/calls?limit=1{cursor}")).json()
        seen += [one["id"] for one in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert seen == ["c-3", "c-2", "c-1", "c-0"]
    assert page["next"] is None
