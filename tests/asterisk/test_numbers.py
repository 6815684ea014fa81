"""A number of ours that a script answers, on real Asterisks: by day, with word of the call to whoever is to know."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_core.db.tables import conversations, messages
from crm_core.domain.numbers import OwnNumber
from crm_core.handlers.numbers import put_number
from tests.asterisk.asterisk import Pair
from tests.asterisk.scene import LINE, OPEN_ALWAYS, Scene, opened_scene

CALLER = "+998901234567"
TOPIC = """
script: topic
languages: [en]
fields: [company]
who: "This is {company}."
start: topic
nodes:
  topic:
    kind: choice
    prompt: "{company}. An order or a fault?"
    next: bye
    options: {order: {phrases: [an order]}, fault: {phrases: [a fault]}}
  bye: {kind: hang_up, prompt: "Thank you."}
"""


@pytest.fixture
async def scene(pair: Pair, tmp_path: Path, sqlite_url: str) -> AsyncIterator[Scene]:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "topic.yml").write_text(TOPIC)
    async with opened_scene(pair, tmp_path, sqlite_url, TRUNKLINE_ROLES="web,pbx,dialer,worker,bot") as scene:
        yield scene


async def test_a_number_is_answered_by_its_script_in_working_hours_and_somebody_is_told(scene: Scene) -> None:
    await scene.calendar(OPEN_ALWAYS)
    await put_number(OwnNumber(LINE, "topic", None, {"company": "Lola"}, "boss@example.com"), scene.database)
    there = await scene.call_in(CALLER)
    await scene.hears(there)
    await scene.presses(there, "2")
    talked = await scene.row(conversations)
    assert (talked.script, talked.ending, talked.campaign_id) == ("topic", "finished", None)
    call = await scene.ended(CALLER)
    assert (call.direction, call.outcome, call.after_hours, call.line) == ("incoming", "answered", False, LINE)
    mail = await scene.row(messages)
    assert (mail.to, mail.call_id) == ("boss@example.com", call.id)
    for words in (CALLER, LINE, "topic: fault", "Lola. An order or a fault?"):
        assert words in mail.body
