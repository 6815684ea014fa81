"""The do-not-call lists: entries of people's hand and of files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.db.do_not_call import Blocked, BlockKind, blocks_for
from crm_core.db.engine import Database
from crm_core.db.tables import do_not_call
from crm_core.errors import BadInput
from crm_core.handlers import do_not_call as handlers
from tests.crm_core.crm import NOW, STRANGER, rows


def test_a_number_or_a_prefix_is_what_people_write() -> None:
    assert handlers.parse_block("90 111 22 33", "asked", default_country="UZ") == Blocked(
        BlockKind.NUMBER, STRANGER, 0, "asked"
    )
    assert handlers.parse_block("+998 (90)*", "law", 4) == Blocked(BlockKind.PREFIX, "+99890", 4, "law")


@pytest.mark.parametrize("text", ["", "*", "+*", "998*", "+99a*", "+1234567890123456*", "12", "+٩٩٨*"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        handlers.parse_block(text, "asked")


@given(st.text(max_size=20))
def test_any_text_is_an_entry_or_bad_input(text: str) -> None:
    try:
        block = handlers.parse_block(text, "asked")
    except BadInput:
        return
    assert block.value.startswith("+")
    assert block.value[1:].isdecimal()


async def test_entries_are_added_once_listed_and_removed(database: Database) -> None:
    number = handlers.parse_block(STRANGER, "asked")
    assert await handlers.add_block(number, database, NOW)
    assert not await handlers.add_block(handlers.parse_block(STRANGER, "again"), database, NOW)
    assert await handlers.add_block(handlers.parse_block(STRANGER, "asked", 3), database, NOW)
    assert [(b.campaign_id, b.reason) for b in await handlers.blocks(database)] == [(0, "asked"), (3, "asked")]
    assert [b.campaign_id for b in await handlers.blocks(database, 3)] == [3]
    assert await handlers.blocks(database, starts_with="+7") == []
    assert await handlers.drop_block(number, database)
    assert not await handlers.drop_block(number, database)
    assert len(await rows(database, do_not_call)) == 1


async def test_a_number_is_blocked_by_itself_its_prefix_and_its_campaign(database: Database) -> None:
    for text, campaign in (("+99890*", 0), (STRANGER, 3), ("+99891*", 0), ("+998907654321", 0), ("+9*", 4)):
        await handlers.add_block(handlers.parse_block(text, "r", campaign), database, NOW)
    async with database.reading() as work:
        assert [b.value for b in await blocks_for(work, STRANGER)] == ["+99890"]
        assert sorted(b.value for b in await blocks_for(work, STRANGER, 3)) == ["+99890", STRANGER]
        assert await blocks_for(work, "+78121234567") == []


async def test_a_file_is_taken_whole_and_bad_lines_are_said(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    lines = ["phone;reason", "", f"{STRANGER};court", '"+99891*",law', "# note", "12345", STRANGER, "+998907654321\tx"]
    path.write_text("\r\n".join(lines), "utf-16")
    outcome = await handlers.import_blocks(path, "list of May", database, NOW)
    assert (outcome.added, outcome.standing) == (3, 1)
    assert [(bad.line, bad.text) for bad in outcome.bad] == [(6, "12345")]
    assert sorted((row["kind"], row["value"], row["reason"]) for row in await rows(database, do_not_call)) == [
        ("number", STRANGER, "court"),
        ("number", "+998907654321", "x"),
        ("prefix", "+99891", "law"),
    ]
    again = await handlers.import_blocks(path, "list of May", database, NOW)
    assert (again.added, again.standing, len(again.bad)) == (0, 4, 1)


async def test_a_file_that_is_no_text_or_not_there_is_refused(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"PK\x03\x04\xff\xfe\xfa")
    with pytest.raises(BadInput, match="is no text file"):
        await handlers.import_blocks(path, "x", database, NOW)
    with pytest.raises(BadInput, match="cannot be read"):
        await handlers.import_blocks(tmp_path / "gone.csv", "x", database, NOW)
