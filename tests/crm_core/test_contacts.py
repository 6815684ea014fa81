"""Contacts: found by number, made with numbers and companies, shown with all that has happened."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from crm_core.commands import CreateContact, CreateDeal, CreateTask
from crm_core.db.contacts import BY_NUMBER, contact_by_number, timeline
from crm_core.db.engine import Database
from crm_core.db.tables import companies, contacts, phones
from crm_core.domain.contacts import MomentKind
from crm_core.errors import BadInput, NotFound
from crm_core.handlers import contacts as handlers
from crm_core.handlers.rules import install_defaults
from crm_core.handlers.sales import create_deal, move_deal
from crm_core.handlers.tasks import create_task, finish_task
from tests.crm_core.crm import NOW, STRANGER, add_call, add_contact, add_user, rows

OTHER = "+998907654321"


async def test_a_contact_is_made_with_its_numbers_and_company_and_found_by_each(database: Database) -> None:
    ann = await add_user(database, "Ann")
    command = CreateContact("Bo", ("90 111 22 33", OTHER), "UZ", "Acme", "bo@acme.example", "uz", ann)
    contact_id = await handlers.create_contact(command, database, NOW)
    async with database.reading() as work:
        for number in (STRANGER, OTHER):
            found = await contact_by_number(work, number)
            assert found is not None
            assert (found.id, found.name, found.company, found.owner_id) == (contact_id, "Bo", "Acme", ann)
        assert await contact_by_number(work, "+998900000000") is None
    card = await handlers.caller_card(STRANGER, database)
    assert card is not None
    assert [(n.e164, n.raw, n.zone) for n in card.numbers] == [
        (STRANGER, "90 111 22 33", "Asia/Tashkent"),
        (OTHER, OTHER, "Asia/Tashkent"),
    ]
    assert await handlers.caller_card("+998900000000", database) is None


async def test_a_company_is_made_once_and_a_bad_number_makes_nothing(database: Database) -> None:
    for name in ("Bo", "Cy"):
        await handlers.create_contact(CreateContact(name, company=" Acme "), database, NOW)
    assert [row["name"] for row in await rows(database, companies)] == ["Acme"]
    with pytest.raises(BadInput, match="phone"):
        await handlers.create_contact(CreateContact("Di", (STRANGER, "12"), company="New"), database, NOW)
    with pytest.raises(BadInput, match="needs a name or a number"):
        await handlers.create_contact(CreateContact(" "), database, NOW)
    assert len(await rows(database, contacts)) == 2
    assert len(await rows(database, companies)) == 1


async def test_of_contacts_that_share_a_number_the_first_is_meant(database: Database) -> None:
    first = await add_contact(database, "Bo", STRANGER)
    await add_contact(database, "Cy", STRANGER)
    card = await handlers.caller_card(STRANGER, database)
    assert card is not None
    assert card.contact.id == first


async def test_a_number_is_added_once(database: Database) -> None:
    contact_id = await add_contact(database, "Bo", STRANGER)
    assert await handlers.add_number(contact_id, OTHER, None, database)
    assert not await handlers.add_number(contact_id, "+998 90 765-43-21", None, database)
    assert len(await rows(database, phones)) == 2
    with pytest.raises(NotFound, match="there is no contact 999"):
        await handlers.add_number(999, OTHER, None, database)


async def test_one_timeline_holds_calls_tasks_deals_and_notes_latest_first(database: Database) -> None:
    await install_defaults(database)
    contact_id = await add_contact(database, "Bo", STRANGER)
    other = await add_contact(database, "Cy", OTHER)

    def minute(n: int) -> object:
        return NOW + timedelta(minutes=n)

    await add_call(database, "c1", contact_id=contact_id, started_at=minute(1), disposition="later")
    await add_call(database, "c2", contact_id=other, started_at=minute(1))
    await handlers.add_note(contact_id, " hello ", "Ann", database, NOW + timedelta(minutes=2))
    deal = await create_deal(CreateDeal("Big", "Ann", contact_id=contact_id), database, NOW + timedelta(minutes=3))
    due = NOW + timedelta(days=1)
    task = await create_task(
        CreateTask("Ring", due, "Ann", contact_id=contact_id), database, NOW + timedelta(minutes=4)
    )
    await finish_task(task, "Ann", database, NOW + timedelta(minutes=6))
    await move_deal(deal, "Won", "Ann", database, NOW + timedelta(minutes=5))
    card = await handlers.contact_card(contact_id, database)
    assert [(m.at, m.kind, m.key, m.text, m.state) for m in card.timeline] == [
        (minute(5), MomentKind.DEAL, str(deal), "Big", "Won"),
        (minute(4), MomentKind.TASK, str(task), "Ring", "Ann"),
        (minute(3), MomentKind.DEAL, str(deal), "Big", "Unsorted"),
        (minute(2), MomentKind.NOTE, "1", "hello", "Ann"),
        (minute(1), MomentKind.CALL, "c1", "outgoing", "later"),
    ]
    async with database.reading() as work:
        page = await timeline(work, contact_id, before=NOW + timedelta(minutes=4), limit=2)
    assert [m.at for m in page] == [minute(3), minute(2)]


async def test_notes_need_text_and_a_contact(database: Database) -> None:
    with pytest.raises(BadInput, match="no text"):
        await handlers.add_note(1, "  ", "Ann", database, NOW)
    with pytest.raises(NotFound):
        await handlers.add_note(1, "x", "Ann", database, NOW)
    with pytest.raises(NotFound):
        await handlers.contact_card(1, database)


async def test_the_caller_look_up_uses_the_index_on_numbers_even_where_many_share_one(database: Database) -> None:
    async with database.work() as work:
        people = [{"name": "", "fields": {}, "created_at": NOW} for _ in range(10_000)]
        ids = sorted(r.id for r in await work.run(insert(contacts).returning(contacts.c.id), people))
        shared = [{"contact_id": i, "e164": OTHER if i % 100 == 0 else f"+9989{i:08}", "raw": ""} for i in ids]
        await work.run(insert(phones), shared)
        await work.run(text("ANALYZE"))
        asked = str(BY_NUMBER).replace(":e164", f"'{OTHER}'")
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        told = " ".join(str(row) for row in await work.all(text(f"{explain} {asked}")))
        found = await contact_by_number(work, OTHER)
    assert "ix_phones_e164" in told
    assert found is not None
    assert found.id == next(i for i in ids if i % 100 == 0)
