"""All that is known of a person, to be given to him or erased.

Erased for good are names, numbers, words, recordings and fields. What stays are calls without a number, and a keyed
hash of each number, by which it is known that it must never be dialed again (`erased_numbers`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Table, cast, delete, literal, or_, select, update

from crm_core.db.batches import one_of
from crm_core.db.site import put_setting, setting
from crm_core.db.tables import (
    answers,
    attempts,
    calls,
    campaign_leads,
    contacts,
    conversations,
    deals,
    do_not_call,
    erased_numbers,
    labels,
    leads,
    message_opt_outs,
    messages,
    notes,
    notifications,
    outbox,
    phones,
    recordings,
    site_settings,
    tasks,
    turns,
    webhook_deliveries,
)
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.errors import Conflict

#: The name of the setting, and what its row is called among do-not-call entries.
ERASURE_KEY = "erasure_key"


def _rows_of(contact_id: int) -> dict[Table, ColumnElement[bool]]:
    """Which rows are about the person."""
    his_calls = select(calls.c.id).where(calls.c.contact_id == contact_id)
    his_leads = select(leads.c.id).where(leads.c.contact_id == contact_id)
    numbers = select(phones.c.e164).where(phones.c.contact_id == contact_id)
    return {
        contacts: contacts.c.id == contact_id,
        phones: phones.c.contact_id == contact_id,
        leads: leads.c.contact_id == contact_id,
        attempts: attempts.c.lead_id.in_(his_leads),
        calls: calls.c.contact_id == contact_id,
        recordings: recordings.c.call_id.in_(his_calls),
        conversations: or_(conversations.c.contact_id == contact_id, conversations.c.call_id.in_(his_calls)),
        turns: turns.c.call_id.in_(his_calls),
        answers: answers.c.call_id.in_(his_calls),
        labels: labels.c.call_id.in_(his_calls),
        messages: messages.c.contact_id == contact_id,
        tasks: tasks.c.contact_id == contact_id,
        deals: deals.c.contact_id == contact_id,
        notes: notes.c.contact_id == contact_id,
        do_not_call: (do_not_call.c.kind == "number") & do_not_call.c.value.in_(numbers),
    }


#: Of a table only what is about the person leaves in an export: not who among us did what with which machine.
_LEFT_OUT = frozenset({"owner_id", "responsible_id", "agent_id", "token", "leased_until", "version", "path", "sha256"})


async def exported(work: UnitOfWork, contact_id: int) -> dict[str, list[dict[str, Any]]]:
    """Everything, by the names of the tables; what is empty is left out."""
    found = {}
    for table, his in _rows_of(contact_id).items():
        columns = [column for column in table.columns if column.name not in _LEFT_OUT]
        rows = await work.all(select(*columns).where(his))
        if rows:
            found[table.name] = [dict(row._mapping) for row in rows]
    return found


async def erase(work: UnitOfWork, contact_id: int, at: datetime) -> list[str]:
    """Erase the person; returns the paths of his recordings, whose files are to be deleted after the commit.

    Raises Conflict while he is being called.
    """
    his = _rows_of(contact_id)
    open_calls = select(campaign_leads.c.lead_id).where(
        campaign_leads.c.lead_id.in_(select(leads.c.id).where(his[leads])), campaign_leads.c.open_attempt.is_not(None)
    )
    if await work.scalar(open_calls.limit(1)) is not None:
        raise Conflict("he is being called just now: try again after the call")
    numbers = [row.e164 for row in await work.all(select(phones.c.e164).where(his[phones]))]
    paths = [row.path for row in await work.all(select(recordings.c.path).where(his[recordings]))]
    call_ids = select(calls.c.id).where(his[calls])
    await _forget_events(work, numbers, call_ids)
    await remember_numbers(work, numbers, at)
    for table in (turns, answers, labels, notes, do_not_call):
        await work.run(delete(table).where(his[table]))
    blank: dict[Table, Mapping[str, Any]] = {
        recordings: {"deleted_at": at, "deleted_by": "erasure"},
        conversations: {"summary": "", "announcement": None},
        messages: {"to": "", "subject": "", "body": "", "number": None},
        tasks: {"title": "-", "number": None},
        attempts: {"number": ""},
        calls: {"number": None, "note": ""},
        deals: {"title": "-", "fields": {}},
        leads: {"fields": {}},
    }
    if numbers:
        await work.run(delete(message_opt_outs).where(message_opt_outs.c.address.in_(numbers)))
    for table, values in blank.items():
        await work.run(update(table).where(his[table]).values(**values))
    closed = {"state": "closed", "close_reason": "erased", "callback_at": None, "next_attempt_at": None}
    of_his = campaign_leads.c.lead_id.in_(select(leads.c.id).where(his[leads]))
    await work.run(update(campaign_leads).where(of_his).values(**closed))
    await work.run(delete(phones).where(his[phones]))
    nobody: dict[str, Any] = {
        "name": "",
        "email": None,
        "company_id": None,
        "fields": {},
        "language": None,
        "erased_at": at,
    }
    await work.run(update(contacts).where(his[contacts]).values(**nobody, consent="refused", consent_at=at))
    return paths


async def _forget_events(work: UnitOfWork, numbers: Collection[str], call_ids: Select[Any]) -> None:
    """Events that have been worked through and speak of him; and what was sent about him to other systems."""
    ids = [row[0] for row in await work.all(call_ids)]
    payload, body = cast(outbox.c.payload, String), webhook_deliveries.c.body
    for word in (*numbers, *ids):
        await work.run(delete(outbox).where(outbox.c.done_at.is_not(None), payload.contains(word, autoescape=True)))
        await work.run(delete(webhook_deliveries).where(body.contains(word, autoescape=True)))
        await work.run(delete(notifications).where(notifications.c.text.contains(word, autoescape=True)))


# --- numbers never to be dialed again ------------------------------------------------------------------------
async def remember_numbers(work: UnitOfWork, numbers: Collection[str], at: datetime) -> None:
    """Remember numbers by their keyed hashes; the key is made with the first."""
    key = await setting(work, ERASURE_KEY)
    if key is None and numbers:
        key = secrets.token_hex(32)
        await put_setting(work, ERASURE_KEY, key)
    rows = [{"hash": _hash(key, number), "at": at} for number in numbers]
    await work.upsert(erased_numbers, rows, ["hash"], keep=["at"])


def erasure_key_row() -> Select[str, str, int]:
    """The key as a row (kind, value, 0), to be read beside the do-not-call lists in one statement; none: no row."""
    value = cast(site_settings.c.value, String)
    return select(literal(ERASURE_KEY), value, literal(0)).where(site_settings.c.name == ERASURE_KEY)


async def erased_among(work: UnitOfWork, numbers: Collection[str], key: str | None) -> set[str]:
    """Which of the numbers belonged to people who were erased. `key` is the value of `erasure_key_row`."""
    if key is None or not numbers:  # nobody was ever erased
        return set()
    hashes = {_hash(json.loads(key), number): number for number in numbers}
    rows = await work.all(select(erased_numbers.c.hash).where(one_of(erased_numbers.c.hash, list(hashes))))
    return {hashes[row.hash] for row in rows}


def _hash(key: str, number: str) -> str:
    return hmac.new(bytes.fromhex(key), number.encode(), hashlib.sha256).hexdigest()
