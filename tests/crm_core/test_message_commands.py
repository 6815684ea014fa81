"""The command line of messages: texts, what has become of them, another try, and who wants none."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.messages import NewMessage, queue
from crm_core.db.tables import messages
from crm_core.domain.messages import MessageChannel, Rendered
from crm_core.errors import BadInput, Conflict, NotFound
from tests.crm_core.dialing import NOW, after, rows_of
from tests.crm_core.shell import Shell

NUMBER = "+998901234567"


async def add_message(database: Database, state: str, key: str = "t-1 sms offer", to: str = NUMBER) -> int:
    """A message that has come to this state."""
    words = Rendered("", "tea, 9 000")
    async with database.work() as work:
        await queue(work, NewMessage(key, MessageChannel.SMS, to, "offer", words, NOW, number=NUMBER, call_id="t-1"))
        values = {"state": state, "attempts": 3, "last_error": "400 no such [number]"}
        if state == "sent":
            values |= {"sent_at": after(60), "provider_id": "p-9", "last_error": None}
        await work.run(update(messages).where(messages.c.key == key).values(values))
        found = await work.scalar(messages.select().where(messages.c.key == key))
    return int(found)


async def test_empty_lists_say_what_to_do(shell: Shell) -> None:
    assert "No messages yet" in await shell("message", "list")
    assert "No such messages" in await shell("message", "list", "--state", "failed")
    assert "trunkline message template install" in await shell("message", "template", "list")
    assert "Nobody has opted out" in await shell("message", "opt-outs")


async def test_texts_are_put_listed_and_shown(shell: Shell, tmp_path: Path) -> None:
    put = ("message", "template", "put", "offer", "--channel")
    said = await shell(*put, "sms", "--language", "en", "--text", "Tea: {offer}, {price} [new]")
    assert "offer by sms in en is kept; it needs offer, price." in said
    path = tmp_path / "mail.txt"
    path.write_text("Aziz mijoz,\n\n{offer}", encoding="utf-8")
    said = await shell(*put, "email", "--language", "uz", "--subject", "Taklif", "--file", str(path))
    assert "it needs offer." in said
    listed = await shell("message", "template", "list")
    assert "Tea: {offer}, {price} [new]" in listed
    assert "Taklif Aziz mijoz, {offer}" in listed
    shown = await shell("message", "template", "show", "offer")
    assert "offer by email in uz: Taklif Aziz mijoz, {offer}" in shown
    assert "offer by sms in en Tea" in shown
    await shell(*put, "sms", "--language", "en", "--text", "No more tea")
    shown = await shell("message", "template", "show", "offer")
    assert "No more tea" in shown
    assert "Tea:" not in shown


async def test_a_text_that_is_wrong_is_refused(shell: Shell, tmp_path: Path) -> None:
    put = ("message", "template", "put", "offer", "--language", "en", "--channel")
    with pytest.raises(BadInput, match="brace stands alone"):
        await shell(*put, "sms", "--text", "Tea {offer")
    with pytest.raises(BadInput, match="needs a subject"):
        await shell(*put, "email", "--text", "Tea")
    with pytest.raises(BadInput, match="cannot be read"):
        await shell(*put, "sms", "--file", str(tmp_path / "none.txt"))
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="no text in UTF-8"):
        await shell(*put, "sms", "--file", str(tmp_path / "odd.txt"))
    with pytest.raises(BadInput, match="no language"):
        await shell("message", "template", "put", "x", "--channel", "sms", "--language", "x" * 9, "--text", "Tea")
    with pytest.raises(BadInput, match="longer than 80"):
        await shell("message", "template", "put", "x" * 81, "--channel", "sms", "--language", "en", "--text", "Tea")
    with pytest.raises(NotFound, match="template"):
        await shell("message", "template", "show", "offer")


async def test_the_shipped_texts_are_installed_once_and_ours_are_kept(shell: Shell) -> None:
    await shell("message", "template", "put", "offer", "--channel", "sms", "--language", "en", "--text", "Ours")
    said = await shell("message", "template", "install")
    added = int(said.split()[0])
    assert added >= 5
    assert said == f"{added} added, 1 stood there already."
    assert await shell("message", "template", "install") == f"0 added, {added + 1} stood there already."
    shown = await shell("message", "template", "show", "offer")
    assert "Ours" in shown
    assert "va'da" in shown
    assert "Seats kept" in await shell("message", "template", "show", "invitation")


async def test_what_has_become_of_messages_is_listed(shell: Shell, database: Database) -> None:
    await add_message(database, "sent")
    await add_message(database, "failed", "t-1 sms map")
    everything = await shell("message", "list")
    assert "2026-11-18 07:01 p-9" in everything
    assert "400 no such [number]" in everything
    failed = await shell("message", "list", "--state", "failed")
    assert "p-9" not in failed
    assert NUMBER in failed
    assert "No such messages" in await shell("message", "list", "--call", "t-2")
    assert "p-9" in await shell("message", "list", "--call", "t-1")


async def test_a_message_that_waits_for_another_try_says_when(shell: Shell, database: Database) -> None:
    await add_message(database, "queued")
    async with database.work() as work:
        await work.run(update(messages).values(due_at=NOW + timedelta(minutes=9)))
    assert "again 07:09: 400 no such" in await shell("message", "list")


async def test_failed_messages_are_sent_once_more(shell: Shell, database: Database) -> None:
    first = await add_message(database, "failed")
    second = await add_message(database, "refused", "t-1 sms map")
    said = await shell("message", "retry", str(first), str(second))
    assert said == f"Message {first} is queued again. Message {second} is queued again."
    for row in await rows_of(database, messages):
        assert (row.state, row.attempts, row.last_error) == ("queued", 0, None)
        assert row.due_at > NOW
    with pytest.raises(Conflict, match="queued"):
        await shell("message", "retry", str(first))
    with pytest.raises(NotFound, match="message list"):
        await shell("message", "retry", "999")


async def test_what_must_not_be_sent_is_not_sent_once_more(shell: Shell, database: Database) -> None:
    sent = await add_message(database, "sent", "a")
    nowhere = await add_message(database, "refused", "b", to="")
    blocked = await add_message(database, "failed", "c")
    with pytest.raises(Conflict, match="is sent"):
        await shell("message", "retry", str(sent))
    with pytest.raises(BadInput, match="by hand"):
        await shell("message", "retry", str(nowhere))
    await shell("message", "opt-out", NUMBER, "--reason", "wrote stop")
    with pytest.raises(BadInput, match=r"opted out: wrote stop.*opt-in"):
        await shell("message", "retry", str(blocked))
    await shell("message", "opt-in", NUMBER)
    async with database.work() as work:
        await add_blocks(work, [Blocked(BlockKind.NUMBER, NUMBER, reason="asked")], NOW)
    with pytest.raises(BadInput, match=r"is on the do-not-call list: asked.*dnc remove"):
        await shell("message", "retry", str(blocked))


async def test_addresses_opt_out_and_in_again(shell: Shell) -> None:
    out = ("message", "opt-out")
    assert await shell(*out, "90 123-45-67", "--country", "UZ") == f"{NUMBER} gets no messages any more."
    assert await shell(*out, NUMBER) == f"{NUMBER} had opted out already."
    assert "ann@example.com gets no messages any more" in await shell(*out, "Ann@Example.com", "--reason", "wrote")
    listed = await shell("message", "opt-outs")
    assert NUMBER in listed
    assert "asked for it" in listed
    assert "wrote" in listed
    assert "gets messages again" in await shell("message", "opt-in", "ann@example.com")
    assert "had not opted out" in await shell("message", "opt-in", "ann@example.com", code=1)
    with pytest.raises(BadInput):
        await shell(*out, "nobody at all")
