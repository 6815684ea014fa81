"""Merging, exporting and erasing a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from crm_core.commands import CreateTask
from crm_core.db.engine import Database
from crm_core.db.leads import blocks_of
from crm_core.db.tables import (
    attempts,
    audit_log,
    calls,
    campaign_leads,
    contacts,
    leads,
    metadata,
    outbox,
    phones,
    recordings,
)
from crm_core.domain.access import Actor, Role
from crm_core.domain.leads import Block
from crm_core.errors import Conflict, Forbidden, NotFound
from crm_core.handlers import person_rights, users
from crm_core.handlers.contacts import add_note
from crm_core.handlers.tasks import create_task
from tests.crm_core.crm import add_call, add_contact, add_user, ended, happened, rows
from tests.crm_core.dialing import add_campaign, attempt_for, lead_ids, number_of

NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)


async def _actor(site: Database, role: Role = Role.ADMINISTRATOR) -> Actor:
    user_id = await users.create_user(users.NewUser(f"a {role.value}", role), None, site, NOW)
    return await users.actor_by_id(user_id, site)


async def _everything(site: Database) -> str:
    """All that the database holds, as text."""
    found = []
    for table in metadata.sorted_tables:
        found += [json.dumps([*map(str, row.values())], ensure_ascii=False) for row in await rows(site, table)]
    return "\n".join(found)


async def test_two_contacts_that_share_a_number_are_found_and_become_one(site: Database) -> None:
    admin = await _actor(site)
    keep = await add_contact(site, "Karim", "+998901200001")
    drop = await add_contact(site, "Karim Aliyev", "+998901200001", "+998901200002")
    await add_contact(site, "Sevara", "+998901200003")
    ((pair),) = await person_rights.duplicates(admin, site)
    assert (pair.older.id, pair.newer.id, pair.number) == (keep, drop, "+998901200001")
    await add_note(drop, "likes mornings", "Aziz", site, NOW)
    await add_call(site, "c1", contact_id=drop, started_at=NOW)
    merged = await person_rights.merge(admin, keep, drop, site, NOW)
    assert (merged.name, merged.version) == ("Karim", 2)
    assert [row["e164"] for row in await rows(site, phones) if row["contact_id"] == keep] == [
        "+998901200001",
        "+998901200002",
    ]
    assert [row["contact_id"] for row in await rows(site, calls)] == [keep]
    with pytest.raises(NotFound):
        await person_rights.merge(admin, keep, drop, site, NOW)


async def test_leads_of_both_in_one_list_become_one_with_all_attempts(site: Database) -> None:
    admin = await _actor(site)
    campaign = await add_campaign(site, leads_wanted=2)
    first, second = await lead_ids(site, campaign)
    attempt = attempt_for(campaign, second, number_of(1), NOW)
    values = {name: getattr(attempt, name) for name in ("id", "campaign_id", "lead_id", "number", "trunk", "caller_id")}
    async with site.work() as work:
        await work.run(insert(attempts).values(**values, created_at=NOW, leased_until=NOW))
        people = [row.contact_id for row in await work.all(select(leads.c.contact_id).order_by(leads.c.id))]
        await work.run(update(campaign_leads).where(campaign_leads.c.lead_id == second).values(open_attempt="x"))
    with pytest.raises(Conflict):
        await person_rights.merge(admin, people[0], people[1], site, NOW)
    async with site.work() as work:
        await work.run(update(campaign_leads).values(open_attempt=None))
    await person_rights.merge(admin, people[0], people[1], site, NOW)
    assert await lead_ids(site, campaign) == [first]
    assert [row["lead_id"] for row in await rows(site, attempts)] == [first]


async def _known_person(site: Database, tmp_path: Any) -> int:
    """Somebody of whom everything is known."""
    campaign = await add_campaign(site, leads_wanted=1)
    (lead,) = await lead_ids(site, campaign)
    contact = 1
    attempt = attempt_for(campaign, lead, number_of(0), NOW)
    values = {name: getattr(attempt, name) for name in ("id", "campaign_id", "lead_id", "number", "trunk", "caller_id")}
    called = {"contact_id": contact, "number": number_of(0), "note": "secret words", "started_at": NOW, "lead_id": lead}
    await add_call(site, attempt.id, attempt_id=attempt.id, **called)
    (tmp_path / "c1.wav").write_bytes(b"RIFF")
    row = {"call_id": attempt.id, "path": "c1.wav", "bytes": 4, "seconds": 1.0, "sha256": "0" * 64, "channels": 2}
    async with site.work() as work:
        await work.run(insert(attempts).values(**values, created_at=NOW, leased_until=NOW, ended_at=NOW))
        await work.run(insert(recordings).values(row | {"customer_dbfs": 0.0, "agent_dbfs": 0.0, "at": NOW}))
        await work.run(
            update(contacts).values(name="Secret Person", email="secret@example.org", fields={"a": "secret"})
        )
        await work.run(update(leads).values(fields={"debt": "secret sum"}))
    await add_note(contact, "secret words", "Aziz", site, NOW)
    due = NOW + timedelta(days=1)
    command = CreateTask("call secret person", due, "rule: x", contact_id=contact, number=number_of(0))
    await create_task(command, site, NOW)
    await happened(site, ended(attempt.id, number_of(0)))
    async with site.work() as work:
        await work.run(update(outbox).values(done_at=NOW, published_at=NOW))
    return contact


async def test_an_export_holds_everything_and_is_noted(site: Database, tmp_path: Any) -> None:
    admin = await _actor(site)
    contact = await _known_person(site, tmp_path)
    found = json.loads(await person_rights.export_person(admin, contact, site, NOW))
    assert {"contacts", "phones", "leads", "attempts", "calls", "recordings", "tasks", "notes"} <= found.keys()
    assert found["contacts"][0]["email"] == "secret@example.org"
    assert found["leads"][0]["fields"] == {"debt": "secret sum"}
    assert "contact.exported" in [row["action"] for row in await rows(site, audit_log)]


async def test_of_an_erased_person_nothing_is_left_and_his_number_is_never_dialed(
    site: Database, tmp_path: Any
) -> None:
    admin = await _actor(site)
    contact = await _known_person(site, tmp_path)
    number = number_of(0)
    before = await _everything(site)
    assert before.lower().count("secret") >= 8
    await person_rights.erase_person(admin, contact, tmp_path, site, NOW)
    after = await _everything(site)
    assert "secret" not in after.lower()
    assert number not in after
    assert not list(tmp_path.glob("*.wav"))
    async with site.reading() as work:
        assert await blocks_of(work, {number, number_of(1)}, {1}) == {(number, 0): Block.SYSTEM}
    (lead,) = await rows(site, campaign_leads)
    assert (lead["state"], lead["close_reason"]) == ("closed", "erased")
    with pytest.raises(NotFound):
        await person_rights.erase_person(admin, contact, tmp_path, site, NOW)


async def test_only_whoever_may_exports_erases_and_merges(site: Database, tmp_path: Any) -> None:
    seller = await _actor(site, Role.SELLER)
    contact = await add_contact(site, "Karim", "+998901200001", owner_id=seller.user_id)
    other = await add_contact(site, "Sevara", owner_id=await add_user(site, "Rustam"))
    for act in (
        person_rights.export_person(seller, contact, site, NOW),
        person_rights.erase_person(seller, contact, tmp_path, site, NOW),
        person_rights.merge(seller, contact, other, site, NOW),
        person_rights.duplicates(seller, site),
    ):
        with pytest.raises(Forbidden):
            await act
