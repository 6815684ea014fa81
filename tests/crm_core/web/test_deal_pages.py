"""The pages of deals: board, list, one deal, what is asked, sorted, linked and kept."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import insert, update

from crm_core.commands import CreateTask
from crm_core.db.tables import custom_fields, deals, stages
from crm_core.domain.access import Role
from crm_core.domain.board import CARDS
from crm_core.handlers.tasks import create_task
from tests.crm_core.crm import add_contact, rows
from tests.crm_core.web.conftest import Login, Site, utc_now
from tests.crm_core.web.test_deals import add_deal, require, stage_ids

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


async def test_the_board_says_what_to_do_when_it_is_empty_and_shows_cards_when_not(
    web_site: Site, login: Login
) -> None:
    me = await login(Role.SELLER, "Dilnoza Karimova")
    empty = await (await me.get("/deals")).text()
    assert "There are no deals yet" in empty
    assert 'id="new-deal"' in empty
    karim = await add_contact(web_site.database, "Karim", "+998901234567", owner_id=me.actor.user_id)
    deal = await add_deal(web_site, "Two rooms", me, contact_id=karim, amount=Decimal(1500), currency="USD")
    due = utc_now() - timedelta(days=1)
    task = CreateTask("send the offer", due, "test", responsible_id=me.actor.user_id, deal_id=deal)
    await create_task(task, web_site.database, utc_now())
    page = await (await me.get("/deals")).text()
    for said in ("Two rooms", "Karim", "US$1,500", "send the offer", "deal-late", f'id="deal-{deal}"'):
        assert said in page, said
    assert "There are no deals yet" not in page
    assert "No deal fits these filters" in await (await me.get("/deals?q=nothing")).text()


async def test_an_agent_who_may_only_look_is_offered_nothing_to_do(web_site: Site, login: Login) -> None:
    me = await login(Role.AGENT)
    deal = await add_deal(web_site, "mine", me)
    for path in ("/deals", "/deals?view=list", f"/deals/{deal}"):
        page = await (await me.get(path)).text()
        assert "mine" in page
        assert not re.search(r"data-to=|data-deed=|data-can-move|/deals/new", page), path
    assert (await (await login(Role.OUTSIDE)).get("/deals")).status == 403


async def test_foreign_deals_are_not_there(web_site: Site, login: Login) -> None:
    mine, other = await login(Role.SELLER, "Dilnoza"), await login(Role.SELLER, "Rustam")
    deal, to = await add_deal(web_site, "his", other), (await stage_ids(web_site))["Won"]
    for path in (f"/deals/{deal}", f"/deals/{deal}/card", f"/deals/{deal}/edit", f"/deals/{deal}/link"):
        assert (await mine.get(path)).status == 404, path
    for deed in ("move", "accept", "link", "notes"):
        answer = await mine.post(
            f"/deals/{deal}/{deed}", data={"version": "1", "stage": str(to), "to": "1", "text": "x"}
        )
        assert answer.status == 404, deed


async def test_a_move_answers_with_the_card_and_the_way_back(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    deal, of = await add_deal(web_site, "Two rooms", me), await stage_ids(web_site)
    moved = await me.post(f"/deals/{deal}/move", data={"version": "1", "stage": str(of["Agreed"])}, headers=PART)
    card = await moved.text()
    assert (moved.status, f'data-stage="{of["Agreed"]}"' in card, 'data-version="2"' in card) == (200, True, True)
    toast = json.loads(moved.headers["HX-Trigger"])["trunkline:toast"]
    assert toast["text"] == "Two rooms is in “Agreed” now"
    back = await me.post(toast["undo"], headers=PART)
    assert (back.status, json.loads(back.headers["HX-Trigger"])) == (204, {"trunkline:deal": {"id": deal}})
    (row,) = await rows(web_site.database, deals)
    assert (row["stage_id"], row["version"], row["owner_id"]) == (of["New"], 3, me.actor.user_id)
    stale = await me.post(f"/deals/{deal}/move", data={"version": "1", "stage": str(of["Won"])}, headers=PART)
    assert (stale.status, "changed by somebody else" in await stale.text()) == (409, True)


async def test_what_the_stage_asks_for_is_asked_and_then_it_moves(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    async with web_site.database.work() as work:
        row = {"noun": "deal", "key": "board", "label": "Board", "kind": "choice", "options": ["Half", "Full"]}
        await work.run(insert(custom_fields).values(**row))
    await require(web_site, "Agreed", "amount", "board")
    deal, of = await add_deal(web_site, "Two rooms", me), await stage_ids(web_site)
    path, given = f"/deals/{deal}/move", {"version": "1", "stage": str(of["Agreed"])}
    asked = await me.post(path, data=given, headers=PART)
    form = await asked.text()
    assert (asked.status, 'value="UZS"' in form, "<option>Full</option>" in form) == (422, True, True)
    assert "is-invalid" not in form
    wrong = await me.post(path, data={**given, "amount": "much", "currency": "UZS"}, headers=PART)
    assert (wrong.status, "is no sum of money" in await wrong.text()) == (422, True)
    answers = {"amount": "1 500 000,50", "currency": "uzs", "own.board": "Full"}
    assert (await me.post(path, data={**given, **answers}, headers=PART)).status == 200
    made = (await rows(web_site.database, deals))[0]
    assert (made["amount"], made["currency"], made["fields"]) == (Decimal("1500000.50"), "UZS", {"board": "Full"})


async def test_unsorted_ones_are_accepted_declined_and_linked_in_the_page(web_site: Site, login: Login) -> None:
    head = await login(Role.HEAD, team="North")
    karim = await add_contact(web_site.database, "Karim", owner_id=head.actor.user_id)
    first, second, third = [await add_deal(web_site, f"Call {n}", None, "Unsorted", contact_id=karim) for n in range(3)]
    page = await (await head.get("/deals")).text()
    assert page.count('data-deed="accept"') == 3
    taken = await head.post(f"/deals/{first}/accept", data={"version": "1"}, headers=PART)
    undo = json.loads(taken.headers["HX-Trigger"])["trunkline:toast"]["undo"]
    assert (await head.post(undo, headers=PART)).status == 204
    again = {row["id"]: row for row in await rows(web_site.database, deals)}[first]
    assert (again["stage_id"], again["owner_id"]) == ((await stage_ids(web_site))["Unsorted"], None)
    lost = (await stage_ids(web_site))["Lost"]
    why = await head.post(f"/deals/{second}/move", data={"version": "1", "stage": str(lost)}, headers=PART)
    assert (why.status, "Too expensive" in await why.text()) == (422, True)
    window = await (await head.get(f"/deals/{third}/link")).text()
    assert f'value="{first}"' in window
    assert (await head.post(f"/deals/{third}/link", data={"version": "1"}, headers=PART)).status == 422
    joined = await head.post(f"/deals/{third}/link", data={"version": "1", "to": str(first)}, headers=PART)
    assert (joined.status, joined.headers["X-Kept"]) == (204, str(first))
    found = await (await head.get("/deals/choices/deals?q=call")).text()
    assert "Call 0" in found
    assert "Call 2" not in found


async def test_a_deal_is_made_changed_and_noted_in_the_page(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    assert 'name="title"' in await (await me.get("/deals/new")).text()
    wrong = await me.post("/deals", data={"title": "", "amount": "5", "currency": "USD"}, headers=PART)
    assert (wrong.status, "needs a title" in await wrong.text()) == (422, True)
    made = await me.post("/deals", data={"title": "Two rooms", "amount": "", "currency": "UZS", "company": "Oasis"})
    path = made.headers["HX-Redirect"]
    page = await (await me.get(path)).text()
    assert "Two rooms" in page
    assert "Oasis" in page
    version = re.search(r'data-version="(\d+)"', page)
    assert version is not None
    change = {"title": "Three rooms", "amount": "10.5", "currency": "USD", "version": version[1]}
    assert (await me.post(path, data=change, headers=PART)).status == 204
    assert (await me.post(path, data=change, headers=PART)).status == 409
    noted = await (await me.post(f"{path}/notes", data={"text": "likes the view"}, headers=PART)).text()
    assert "likes the view" in noted
    edit = await (await me.get(f"{path}/edit")).text()
    assert 'value="10.5"' in edit
    task = {"title": "call", "due": "2027-01-04T10:00", "deal": path.rpartition("/")[2]}
    assert (await me.post("/tasks", data=task)).status == 204
    assert "Three rooms" in await (await me.get("/tasks?when=later")).text()


async def test_many_are_changed_at_once_from_the_list(web_site: Site, login: Login) -> None:
    head = await login(Role.HEAD, "Sevara", team="North")
    await login(Role.SELLER, "Dilnoza", team="North")
    ids = [await add_deal(web_site, f"deal {n}", head) for n in range(3)]
    of, ticked = await stage_ids(web_site), [("ids", str(one)) for one in ids[:2]]
    nothing = await head.post("/deals/many/move", data=[("stage", str(of["Won"]))], headers=PART)
    assert nothing.status == 409
    lost = await head.post("/deals/many/move", data=[*ticked, ("stage", str(of["Lost"]))], headers=PART)
    told = json.loads(lost.headers["HX-Trigger"])["trunkline:toast"]
    assert (told["kind"], told["text"].startswith("0 deals changed. 2 stay as they are")) == ("bad", True)
    given = [*ticked, ("stage", str(of["Lost"])), ("lost_reason", "Too expensive")]
    done = await head.post("/deals/many/move", data=given, headers=PART)
    assert json.loads(done.headers["HX-Trigger"])["trunkline:toast"]["text"] == "2 deals changed"
    page = await (await head.get("/deals?view=list&state=lost")).text()
    assert (page.count('name="ids"'), "Too expensive" in page) == (2, True)


async def test_the_list_goes_on_page_by_page(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    for n in range(60):
        await add_deal(web_site, f"deal {n}", me)
    page = await (await me.get("/deals?view=list")).text()
    assert page.count('name="ids"') == 50
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following is not None
    rest = await (await me.get(following[1].replace("&amp;", "&"), headers=PART)).text()
    assert (rest.count('name="ids"'), "<table" in rest) == (10, False)
    board = await (await me.get("/deals")).text()
    more = re.search(r'hx-get="(/deals/cards[^"]+)"', board)
    assert (board.count("data-deal="), more is not None) == (CARDS, True)
    assert more is not None
    cards = await (await me.get(more[1].replace("&amp;", "&"), headers=PART)).text()
    assert cards.count("data-deal=") == CARDS


async def test_filters_are_kept_per_person(web_site: Site, login: Login) -> None:
    me, other = await login(Role.MANAGER), await login(Role.MANAGER)
    kept = await me.post("/deals/filters", data={"name": "Mine, stuck", "query": "stuck=1&whose=mine&evil=1"})
    assert (kept.status, kept.headers["Location"]) == (303, "/deals?whose=mine&stuck=1")
    page = await (await me.get("/deals?whose=mine&stuck=1")).text()
    assert "Mine, stuck" in page
    assert "Mine, stuck" not in await (await other.get("/deals")).text()
    (over_api,) = await (await me.get("/api/v1/saved-filters?page=deals")).json()
    assert (over_api["name"], over_api["query"]) == ("Mine, stuck", "whose=mine&stuck=1")
    assert (await other.ask("DELETE", f"/api/v1/saved-filters/{over_api['id']}")).status == 404
    remove = re.search(r'action="(/deals/filters/\d+/remove)"', page)
    assert remove is not None
    assert (await other.post(remove[1])).status == 404
    assert (await me.post(remove[1])).status == 303
    assert "Mine, stuck" not in await (await me.get("/deals")).text()


async def test_stuck_ones_are_marked_and_figures_come_by_themselves(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    await require(web_site, "New", stuck_after_days=3)
    deal = await add_deal(web_site, "old", me)
    async with web_site.database.work() as work:
        await work.run(update(deals).values(moved_at=utc_now() - timedelta(days=9)))
        await work.run(update(stages).where(stages.c.name == "Won").values(name="Paid"))
    card = await (await me.get(f"/deals/{deal}/card")).text()
    assert ("Stuck" in card, "deal-stuck" in card) == (True, True)
    heads = await (await me.get("/deals/heads?stuck=1", headers=PART)).text()
    assert heads.count("<hx-partial") == 6
    ages = await (await me.get("/deals/ages", headers=PART)).text()
    assert (ages.count("<hx-partial"), "9 days" in ages) == (1, True)
    assert (await me.get(f"/deals/{deal}/card?q=young")).status == 204


async def test_whoever_is_masked_reads_no_digits(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER, masked=True)
    karim = await add_contact(web_site.database, "Karim", "+998901234567", owner_id=me.actor.user_id)
    deal = await add_deal(web_site, "Interested: +998 90 123-45-67", me, contact_id=karim)
    for path in ("/deals", "/deals?view=list", f"/deals/{deal}", f"/deals/{deal}/card"):
        text = await (await me.get(path)).text()
        assert "Interested" in text, path
        assert not re.search(r"123.?45.?67", text), path
    moved = await me.post(f"/deals/{deal}/move", data={"version": "1", "stage": "3"}, headers=PART)
    assert "123-45-67" not in moved.headers["HX-Trigger"]
