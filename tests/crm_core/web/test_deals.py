"""Deals over the API: seen by whom, asked what a stage asks for, moved by the first of two, sorted, linked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from crm_core.commands import CreateDeal, CreateTask
from crm_core.db.tables import custom_fields, deal_stages, deals, notes, outbox, stages, tasks
from crm_core.domain.access import Role
from crm_core.handlers import sales
from crm_core.handlers.tasks import create_task
from tests.crm_core.crm import add_call, add_contact, rows
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now


async def add_deal(site: Site, title: str, whose: Visitor | None, stage: str = "New", **more: Any) -> int:
    owner = None if whose is None else whose.actor.user_id
    return await sales.create_deal(CreateDeal(title, "test", stage, owner_id=owner, **more), site.database, utc_now())


async def stage_ids(site: Site) -> dict[str, int]:
    return {row["name"]: row["id"] for row in await rows(site.database, stages)}


async def require(site: Site, stage: str, *fields: str, **more: Any) -> None:
    async with site.database.work() as work:
        await work.run(update(stages).where(stages.c.name == stage).values(required_fields=list(fields), **more))


async def move(visitor: Visitor, deal_id: int, seen: int, stage_id: int, **given: Any) -> tuple[int, dict[str, Any]]:
    body = {"stage_id": stage_id, **given}
    answer = await visitor.ask("PUT", f"/api/v1/deals/{deal_id}/stage", json=body, headers={"If-Match": f'"{seen}"'})
    return answer.status, await answer.json()


async def titles(visitor: Visitor, query: str = "") -> list[str]:
    return [deal["title"] for deal in (await (await visitor.get(f"/api/v1/deals{query}")).json())["items"]]


async def board(visitor: Visitor, query: str = "") -> dict[str, Any]:
    answer = await visitor.get(f"/api/v1/deals/board{query}")
    assert answer.status == 200, await answer.text()
    return {column["stage"]["name"]: column for column in (await answer.json())["columns"]}


async def test_each_sees_what_his_reach_says(web_site: Site, login: Login) -> None:
    mine = await login(Role.SELLER, "Dilnoza", team="North")
    other = await login(Role.SELLER, "Rustam", team="South")
    head = await login(Role.HEAD, "Sevara", team="North")
    manager = await login(Role.MANAGER, "Aziz")
    await add_deal(web_site, "hers", mine)
    foreign = await add_deal(web_site, "his", other)
    await add_deal(web_site, "nobody's", None, "Unsorted")
    assert await titles(mine) == ["hers"]
    assert sorted(await titles(head)) == ["hers", "nobody's"]
    assert await titles(manager) == ["nobody's", "his", "hers"]
    assert await titles(manager, "?owner=0") == ["nobody's"]
    assert [column["count"] for column in (await board(mine)).values()] == [0, 1, 0, 0, 0, 0]
    assert [column["count"] for column in (await board(manager)).values()] == [1, 2, 0, 0, 0, 0]
    to = (await stage_ids(web_site))["Agreed"]
    for method, path, body in (
        ("GET", f"/api/v1/deals/{foreign}", None),
        ("GET", f"/api/v1/deals/{foreign}/timeline", None),
        ("PATCH", f"/api/v1/deals/{foreign}", {"title": "mine now"}),
        ("PUT", f"/api/v1/deals/{foreign}/stage", {"stage_id": to}),
        ("POST", f"/api/v1/deals/{foreign}/notes", {"text": "seen"}),
    ):
        answer = await mine.ask(method, path, headers={"If-Match": '"1"'}, **({"json": body} if body else {}))
        assert answer.status == 404, path
    many = await mine.post("/api/v1/deals/move", json={"deal_ids": [foreign], "stage_id": to})
    assert [one["deal_id"] for one in (await many.json())["refused"]] == [foreign]


async def test_who_only_sees_deals_changes_none(web_site: Site, login: Login) -> None:
    agent = await login(Role.AGENT)
    deal = await add_deal(web_site, "mine", agent)
    assert await titles(agent) == ["mine"]
    status, problem = await move(agent, deal, 1, (await stage_ids(web_site))["Agreed"])
    assert (status, problem["right"]) == (403, "deals.change")


async def test_a_move_is_history_and_time_and_tells_the_live_pages(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    deal, of = await add_deal(web_site, "big", me), await stage_ids(web_site)
    before = utc_now()
    status, moved = await move(me, deal, 1, of["Won"])
    assert (status, moved["stage"], moved["version"], moved["kind"]) == (200, "Won", 2, "won")
    (row,) = await rows(web_site.database, deals)
    assert row["moved_at"] == row["closed_at"] >= before
    status, back = await move(me, deal, 2, of["Offer sent"])
    assert (status, back["closed_at"], back["version"]) == (200, None, 3)
    story = await (await me.get(f"/api/v1/deals/{deal}/timeline")).json()
    assert [(one["kind"], one["text"]) for one in story] == [("deal", "Offer sent"), ("deal", "Won"), ("deal", "New")]
    assert {one["state"] for one in story} == {me.actor.name, "test"}
    told = [row["payload"] for row in await rows(web_site.database, outbox) if row["type"] == "DealChanged"]
    assert [(one["deal_id"], one["stage"]) for one in told] == [(deal, "Won"), (deal, "Offer sent")]


async def test_a_stage_asks_first_for_what_it_requires(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    async with web_site.database.work() as work:
        row = {"noun": "deal", "key": "rooms", "label": "Rooms", "kind": "number", "options": []}
        await work.run(insert(custom_fields).values(**row))
    await require(web_site, "Agreed", "amount", "contact", "rooms")
    deal, of = await add_deal(web_site, "trip", me), await stage_ids(web_site)
    status, problem = await move(me, deal, 1, of["Agreed"])
    assert (status, problem["where"]) == (422, "amount, contact, rooms")
    assert (await (await me.get(f"/api/v1/deals/{deal}")).json())["stage"] == "New"
    contact = await add_contact(web_site.database, "Karim", owner_id=me.actor.user_id)
    given = {"amount": "1500.50", "currency": "USD", "contact_id": contact}
    status, problem = await move(me, deal, 1, of["Agreed"], **given)
    assert (status, problem["where"]) == (422, "rooms")
    status, moved = await move(me, deal, 1, of["Agreed"], **given, fields={"rooms": 3})
    assert (status, moved["amount"], moved["contact"], moved["fields"]) == (200, "1500.50", "Karim", {"rooms": 3})
    status, problem = await move(me, deal, 2, of["Won"], fields={"colour": "red"})
    assert (status, problem["where"]) == (422, "fields.colour")


async def test_a_lost_deal_says_why(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    deal, of = await add_deal(web_site, "trip", me), await stage_ids(web_site)
    status, problem = await move(me, deal, 1, of["Lost"])
    assert (status, problem["where"]) == (422, "lost_reason")
    status, problem = await move(me, deal, 1, of["Lost"], lost_reason="the weather")
    assert (status, "Too expensive" in problem["do"]) == (422, True)
    reasons = (await (await me.get("/api/v1/lost-reasons")).json())["reasons"]
    status, lost = await move(me, deal, 1, of["Lost"], lost_reason=reasons[0])
    assert (status, lost["lost_reason"], lost["closed_at"] is not None) == (200, reasons[0], True)
    status, again = await move(me, deal, 2, of["New"])
    assert (status, again["lost_reason"]) == (200, None)


async def test_of_two_movers_at_once_the_first_wins_and_the_other_is_told(web_site: Site, login: Login) -> None:
    managers = [await login(Role.MANAGER, name) for name in ("Aziz", "Malika")]
    of = await stage_ids(web_site)
    for _ in range(3):
        deal = await add_deal(web_site, "trip", managers[0])
        to = (of["Offer sent"], of["Agreed"])
        asked = [move(one, deal, 1, stage) for one, stage in zip(managers, to, strict=True)]
        answers = dict(await asyncio.gather(*asked))
        assert sorted(answers) == [200, 409]
        assert answers[409]["type"].endswith((":stale", ":conflict"))
        async with web_site.database.reading() as work:
            moves = await work.all(select(deal_stages).where(deal_stages.c.deal_id == deal))
        assert len(moves) == 2
    late, problem = await move(managers[1], deal, 1, of["Won"])
    assert (late, problem["current"]["version"], problem["yours"]["version"]) == (409, 2, 1)


async def test_a_deal_is_changed_as_it_was_seen(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    made = await me.post(
        "/api/v1/deals", json={"title": "trip", "amount": "100", "currency": "USD", "company": "Oasis"}
    )
    deal = await made.json()
    assert (made.status, deal["stage"], deal["owner"], deal["company"]) == (201, "New", me.actor.name, "Oasis")
    path = made.headers["Location"]
    assert (await me.ask("PATCH", path, json={"title": "x"})).status == 428
    seen = {"If-Match": f'"{deal["version"]}"'}
    changed = await me.ask("PATCH", path, json={"amount": "250", "title": None}, headers=seen)
    body = await changed.json()
    assert (body["amount"], body["currency"], body["title"]) == ("250.00", "USD", "trip")
    stale = await me.ask("PATCH", path, json={"title": "journey"}, headers=seen)
    assert (stale.status, (await stale.json())["current"]["amount"]) == (409, "250.00")
    seen = {"If-Match": f'"{body["version"]}"'}
    assert (await me.ask("PATCH", path, json={"currency": "usd"}, headers=seen)).status == 422
    cleared = await (await me.ask("PATCH", path, json={"amount": None}, headers=seen)).json()
    assert (cleared["amount"], cleared["currency"]) == (None, None)


async def test_unsorted_ones_are_accepted_or_declined(web_site: Site, login: Login) -> None:
    head = await login(Role.HEAD, "Sevara", team="North")
    deal, other = [await add_deal(web_site, "call", None, "Unsorted") for _ in range(2)]
    seen = {"If-Match": '"1"'}
    taken = await (await head.post(f"/api/v1/deals/{deal}/accept", headers=seen)).json()
    assert (taken["stage"], taken["owner"]) == ("New", "Sevara")
    again = await head.post(f"/api/v1/deals/{deal}/accept", headers={"If-Match": '"2"'})
    assert (again.status, "sorted already" in (await again.json())["detail"]) == (409, True)
    assert (await head.post(f"/api/v1/deals/{other}/decline", json={"reason": ""}, headers=seen)).status == 422
    lost = await head.post(f"/api/v1/deals/{other}/decline", json={"reason": "Not a customer"}, headers=seen)
    assert (await lost.json())["lost_reason"] == "Not a customer"


async def test_an_unsorted_one_joins_the_deal_it_is_about(web_site: Site, login: Login) -> None:
    head = await login(Role.HEAD, team="North")
    karim = await add_contact(web_site.database, "Karim", "+998901234567", owner_id=head.actor.user_id)
    call = {"direction": "incoming", "started_at": utc_now(), "agent_id": head.actor.user_id}
    await add_call(web_site.database, "c9", **call)
    kept = await add_deal(web_site, "trip", head)
    gone = await add_deal(web_site, "Call with Karim", None, "Unsorted", contact_id=karim)
    async with web_site.database.work() as work:
        await work.run(update(deals).where(deals.c.id == gone).values(call_id="c9"))
    due = utc_now() + timedelta(hours=1)
    command = CreateTask("call back", due, "test", responsible_id=head.actor.user_id, deal_id=gone)
    task = await create_task(command, web_site.database, utc_now())
    path, seen = f"/api/v1/deals/{gone}/link", {"If-Match": '"1"'}
    assert (await head.post(path, json={"to_deal_id": gone}, headers=seen)).status == 422
    assert (await head.post(path, json={"to_deal_id": 999}, headers=seen)).status == 404
    joined = await (await head.post(path, json={"to_deal_id": kept}, headers=seen)).json()
    assert (joined["id"], joined["contact"], joined["call_id"], joined["version"]) == (kept, "Karim", "c9", 2)
    assert [row["id"] for row in await rows(web_site.database, deals)] == [kept]
    assert [(row["id"], row["deal_id"]) for row in await rows(web_site.database, tasks)] == [(task, kept)]
    assert [row["text"] for row in await rows(web_site.database, notes)] == ["Call with Karim"]
    story = await (await head.get(f"/api/v1/deals/{kept}/timeline")).json()
    assert sorted(one["kind"] for one in story) == ["call", "deal", "note", "task"]


async def test_the_board_counts_sums_and_marks_what_is_stuck(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    await require(web_site, "New", stuck_after_days=3)
    for n, currency in enumerate(("USD", "USD", "UZS")):
        await add_deal(web_site, f"deal {n}", me, amount=Decimal("10.50"), currency=currency)
    async with web_site.database.work() as work:
        old = utc_now() - timedelta(days=9)
        await work.run(update(deals).where(deals.c.title == "deal 0").values(moved_at=old))
    new = (await board(me))["New"]
    assert (new["count"], new["sums"]) == (3, {"USD": "21.00", "UZS": "10.50"})
    assert {card["title"]: card["stuck"] for card in new["cards"]} == {"deal 0": True, "deal 1": False, "deal 2": False}
    ages = {one["stage_id"]: one["average_seconds"] for one in await (await me.get("/api/v1/deals/ages")).json()}
    days = {stage: timedelta(seconds=age) / timedelta(days=1) for stage, age in ages.items()}
    assert days == {new["stage"]["id"]: pytest.approx(3, abs=0.1)}
    assert await (await me.get("/api/v1/deals/ages?owner=0")).json() == []
    assert [card["title"] for card in (await board(me, "?stuck=true"))["New"]["cards"]] == ["deal 0"]
    assert [card["title"] for card in (await board(me, "?text=deal+2"))["New"]["cards"]] == ["deal 2"]


async def test_cards_and_lists_come_page_by_page_each_once(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    made = [await add_deal(web_site, f"deal {n}", me, amount=Decimal(n % 7), currency="USD") for n in range(70)]
    new = (await board(me))["New"]
    ids, after, stage = [card["id"] for card in new["cards"]], new["next"], new["stage"]["id"]
    while after:
        page = await (await me.get(f"/api/v1/deals/cards?stage={stage}&cursor={after}")).json()
        ids, after = ids + [card["id"] for card in page["items"]], page["next"]
    assert ids == made[::-1]
    for sort in ("-created_at", "amount", "-amount", "moved_at", "-moved_at"):
        found: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await (await me.get(f"/api/v1/deals?sort={sort}&limit=30{cursor}")).json()
            found += [deal["id"] for deal in page["items"]]
            cursor = f"&cursor={page['next']}" if page["next"] else None
        assert sorted(found) == sorted(made), sort
    assert (await me.get("/api/v1/deals?cursor=rubbish")).status == 422


async def test_many_are_moved_and_handed_over_and_those_refused_are_named(web_site: Site, login: Login) -> None:
    head = await login(Role.HEAD, "Sevara", team="North")
    near = await login(Role.SELLER, "Dilnoza", team="North")
    await require(web_site, "Agreed", "amount")
    rich = await add_deal(web_site, "rich", head, amount=Decimal(5), currency="USD")
    poor = await add_deal(web_site, "poor", head)
    body = {"deal_ids": [rich, poor, 999], "stage_id": (await stage_ids(web_site))["Agreed"]}
    done = await (await head.post("/api/v1/deals/move", json=body)).json()
    assert (done["done"], [one["deal_id"] for one in done["refused"]]) == ([rich], [poor, 999])
    body = {"deal_ids": [rich, poor], "owner_id": near.actor.user_id}
    handed = await (await head.post("/api/v1/deals/hand-over", json=body)).json()
    assert handed["done"] == [rich, poor]
    assert sorted(await titles(near)) == ["poor", "rich"]


async def test_whoever_is_masked_gets_no_digits(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER, masked=True)
    karim = await add_contact(web_site.database, "Karim", "+998901234567", owner_id=me.actor.user_id)
    deal = await add_deal(web_site, "Interested: +998 90 123-45-67", me, contact_id=karim)
    for path in ("/api/v1/deals", f"/api/v1/deals/{deal}", "/api/v1/deals/board"):
        text = await (await me.get(path)).text()
        assert "Interested" in text
        assert "123-45-67" not in text
        assert "1234567" not in text
