"""Search from anywhere: what is found by what, in which order, and what nobody finds who may not see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from crm_core.commands import CreateContact, CreateDeal
from crm_core.db.engine import Database, opened_database
from crm_core.db.migrate import upgrade_database
from crm_core.db.search import SHOWN, Found
from crm_core.db.tables import companies, contacts, deals, phones, tasks
from crm_core.domain.access import Actor, Role, actor_of
from crm_core.domain.searching import Matched, sought
from crm_core.errors import Unavailable
from crm_core.handlers.contacts import create_contact
from crm_core.handlers.sales import create_deal
from crm_core.handlers.search import search
from tests.crm_core.crm import NOW, add_call, add_contact, add_user
from tests.servers import PostgresServer

_ADMINISTRATOR = actor_of(0, "Ada", Role.ADMINISTRATOR)


async def _names(database: Database, typed: str, actor: Actor = _ADMINISTRATOR) -> list[str]:
    return [hit.title for hit in (await search(typed, actor, database, "UZ")).contacts]


# --- what the text may mean ---------------------------------------------------------------------------------
@pytest.mark.parametrize("typed", ["", "ab", " a b", "12", "'-", "   "])
def test_less_than_three_letters_look_for_nothing(typed: str) -> None:
    assert sought(typed) == sought("")


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("+998 90 111-22-33", "+998901112233"),
        ("00998901112233", "+998901112233"),
        ("998901112233", "+998901112233"),
        ("90 111 22 33", "+998901112233"),
        ("8 (912) 345-67-89", "+79123456789"),
        ("+٩٩٨ ٩٠ ١١١ ٢٢ ٣٣", "+998901112233"),
    ],
)
def test_a_number_is_known_in_any_form(typed: str, whole: str) -> None:
    assert whole in sought(typed, "UZ").whole


def test_a_text_with_letters_is_no_number() -> None:
    assert sought("Flat 998901112233").whole == ()


# --- by words -----------------------------------------------------------------------------------------------
async def test_people_are_found_by_any_part_in_any_script_case_and_accent(site: Database) -> None:
    for name in ("Dilnoza Axmedova", "Пётр Щербаков", "Éva Müller", "O‘tkir Qodirov", "Bo 100% _\\"):
        await add_contact(site, name)
    for typed in ("axmed", "AKHMEDOVA", "ахмедова", "dilnoza axm", "axm dil", "ноза", "lno"):
        assert await _names(site, typed) == ["Dilnoza Axmedova"], typed
    for typed in ("петр", "Pyotr", "Shcherbakov", "щербак"):
        assert await _names(site, typed) == ["Пётр Щербаков"], typed
    assert await _names(site, "eva mul") == ["Éva Müller"]
    for typed in ("utk", "O'tkir", "ўткир", "Қодир"):
        assert await _names(site, typed) == ([] if typed == "utk" else ["O‘tkir Qodirov"]), typed
    assert await _names(site, "100%") == ["Bo 100% _\\"]
    for typed in ("1%0", "B_ ", "%%%", "___", "bo \\_"):
        assert await _names(site, typed) == [], typed


async def test_those_whose_words_begin_so_come_first(site: Database) -> None:
    for name in ("Sultanali", "Vali Karim", "Alisher", "Karim Ali"):
        await add_contact(site, name)
    assert await _names(site, "ali") == ["Alisher", "Karim Ali", "Vali Karim", "Sultanali"]


async def test_people_are_found_by_their_address_and_it_says_so(site: Database) -> None:
    await create_contact(CreateContact("Bo", email="bo.smith@example.com", company="Acme"), site, NOW)
    (hit,) = (await search("Smith@Exam", _ADMINISTRATOR, site)).contacts
    assert (hit.title, hit.matched, hit.detail, hit.number) == ("Bo", Matched.EMAIL, "Acme", None)


async def test_companies_and_deals_are_found_beside_people(site: Database) -> None:
    bo = await create_contact(CreateContact("Bo Silk", company="Silk Road"), site, NOW)
    deal_id = await create_deal(CreateDeal("Silk for Bo", "test", contact_id=bo), site, NOW)
    found = await search("silk", _ADMINISTRATOR, site)
    assert [(hit.id, hit.matched) for hit in found.contacts] == [(bo, Matched.NAME)]
    assert [(hit.title, hit.matched) for hit in found.companies] == [("Silk Road", Matched.NAME)]
    assert [(hit.id, hit.detail, hit.matched) for hit in found.deals] == [(deal_id, "Bo Silk, Unsorted", Matched.TITLE)]


async def test_no_kind_has_more_hits_than_are_shown_and_the_newest_come_first(site: Database) -> None:
    async with site.work() as work:
        await work.run(insert(contacts), [{"name": f"Same {n}", "created_at": NOW} for n in range(30)])
        await work.run(insert(companies), [{"name": f"Same {n}", "created_at": NOW} for n in range(30)])
    found = await search("same", _ADMINISTRATOR, site)
    assert [hit.title for hit in found.contacts] == [f"Same {n}" for n in range(29, 29 - SHOWN, -1)]
    assert len(found.companies) == SHOWN


async def test_a_name_that_is_changed_is_found_by_the_new_one(site: Database) -> None:
    contact_id = await add_contact(site, "Before")
    async with site.work() as work:
        await work.run(contacts.update().where(contacts.c.id == contact_id).values(name="После"))
    assert await _names(site, "before") == []
    assert await _names(site, "posle") == ["После"]


# --- by number ----------------------------------------------------------------------------------------------
async def test_a_number_is_found_in_any_form(site: Database) -> None:
    await add_contact(site, "Bo", "+998901112233")
    await add_contact(site, "Cy", "+79123456789")
    for typed in ("+998 90 111 22 33", "90 111-22-33", "901112233", "00998901112233", "2233", "1112", "998 90"):
        assert await _names(site, typed) == ["Bo"], typed
    for typed in ("8 912 345-67-89", "+7 (912) 345", "6789", "89123456789"):
        assert await _names(site, typed) == ["Cy"], typed
    (hit,) = (await search("2233", _ADMINISTRATOR, site)).contacts
    assert (hit.matched, hit.number) == (Matched.NUMBER, "+998901112233")


async def test_whoever_has_the_number_comes_before_those_it_ends_and_holds(site: Database) -> None:
    await add_contact(site, "Holds", "+998907654321")
    await add_contact(site, "Ends", "+998901176543")
    async with site.work() as work:
        await work.run(insert(phones).values(contact_id=1, e164="+76543000", raw="x", dead=False))
        await work.run(insert(contacts).values(name="Has", created_at=NOW))
        has = await work.scalar(select(contacts.c.id).where(contacts.c.name == "Has"))
        await work.run(insert(phones).values(contact_id=has, e164="+7654300", raw="x", dead=False))
    assert await _names(site, "7654300") == ["Has", "Holds"]
    first, *others = await _names(site, "76543")
    assert (first, sorted(others)) == ("Ends", ["Has", "Holds"])


# --- who sees what ------------------------------------------------------------------------------------------
async def test_a_seller_finds_what_is_his_and_whom_he_has_to_do_with(site: Database) -> None:
    seller, other = await add_user(site, "Seller"), await add_user(site, "Other")
    for name, owner in (("Karim Mine", seller), ("Karim His", other), ("Karim Nobodys", None)):
        await create_contact(CreateContact(name, owner_id=owner, company=f"Karim of {name}"), site, NOW)
    called = await add_contact(site, "Karim Called", owner_id=other)
    await add_call(site, "c1", contact_id=called, agent_id=seller)
    tasked = await add_contact(site, "Karim Tasked", owner_id=other)
    async with site.work() as work:
        values = {"kind": "other", "title": "t", "due_at": NOW, "by": "x", "created_at": NOW}
        await work.run(insert(tasks).values(contact_id=tasked, responsible_id=seller, **values))
        stage = (await work.all(text("SELECT id, pipeline_id FROM stages ORDER BY id")))[0]
        for title, owner in (("Karim mine", seller), ("Karim his", other)):
            row = {"title": title, "owner_id": owner, "stage_id": stage.id, "pipeline_id": stage.pipeline_id}
            await work.run(insert(deals).values(created_at=NOW, **row))
    actor = actor_of(seller, "Seller", Role.SELLER)
    found = await search("karim", actor, site)
    assert {hit.title for hit in found.contacts} == {"Karim Mine", "Karim Called", "Karim Tasked"}
    assert [hit.title for hit in found.companies] == ["Karim of Karim Mine"]
    assert [hit.title for hit in found.deals] == ["Karim mine"]
    everything = await search("karim", _ADMINISTRATOR, site)
    assert [len(everything.contacts), len(everything.companies), len(everything.deals)] == [5, 3, 2]


async def test_whoever_may_see_nothing_finds_nothing(site: Database) -> None:
    await create_contact(CreateContact("Karim", ("+998901112233",), company="Karim & Co"), site, NOW)
    nobody = replace(_ADMINISTRATOR, rights=frozenset())
    for typed in ("karim", "2233"):
        assert await search(typed, nobody, site) == Found()


async def test_who_is_shown_no_numbers_finds_by_whole_ones_only_and_is_told_none(site: Database) -> None:
    await add_contact(site, "Bo", "+998901112233")
    await add_contact(site, "+998907654321", "+998907654321")  # a number for a name, as calls from strangers leave
    masked = replace(_ADMINISTRATOR, masked=True)
    for typed in ("2233", "90111223", "99890111223", "+998 90", "7654", "765432", "x 7654", "+99890 76543"):
        assert await search(typed, masked, site, "UZ") == Found(), typed
    for typed in ("+998 90 111 22 33", "901112233"):
        (hit,) = (await search(typed, masked, site, "UZ")).contacts
        assert (hit.title, hit.matched, hit.number) == ("Bo", Matched.NUMBER, None)
    assert await _names(site, "Boo", masked) == []


# --- the database -------------------------------------------------------------------------------------------
async def test_without_the_right_to_make_the_extension_the_upgrade_says_what_to_do(
    postgres_server: PostgresServer,
) -> None:
    url = postgres_server.create_database("without_trigrams")
    async with opened_database(url) as database, database.work() as work:
        await work.run(text("CREATE ROLE tenant LOGIN"))
        await work.run(text("GRANT ALL ON SCHEMA public TO tenant"))
    async with opened_database(url.replace("trunkline@", "tenant@")) as theirs:
        with pytest.raises(Unavailable, match="CREATE EXTENSION pg_trgm"):
            await upgrade_database(theirs, "0008")
        async with opened_database(url) as database, database.work() as work:
            await work.run(text("CREATE EXTENSION pg_trgm"))
        await upgrade_database(theirs, "0008")


async def test_people_known_before_the_upgrade_are_found_after_it(
    database_kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    if database_kind == "postgresql":
        url = request.getfixturevalue("postgres_server").create_database("known_before")
    async with opened_database(url) as database:
        await upgrade_database(database, "0007")
        async with database.work() as work:
            old = "INSERT INTO contacts (name, fields, created_at) VALUES ('Akhmedov', '{}', '2026-01-01 00:00:00')"
            await work.run(text(old))
        await upgrade_database(database, "0008")
        assert await _names(database, "ахмед") == ["Akhmedov"]
