"""On real Asterisks: a lead of the bot is dialed when his own words are rendered, and hears them as soon as he answers.

The voice takes three seconds for whatever names a person. In a call that is too late for any of it: the bot would say
something else after half a second (docs/adr/0020). So what the lead hears first tells when it was made, without a
clock.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from crm_core.bot_scripts import SiteVoice
from crm_core.db.tables import attempts, campaign_leads, contacts
from crm_core.domain.campaigns import DialMode
from crm_core.domain.leads import WhyNot
from crm_core.handlers.campaigns import Order, order_campaign
from crm_core.handlers.conversations import transcript
from ivr_bot.speech.prompts import Line
from tests.asterisk.asterisk import Pair
from tests.asterisk.scene import Scene, now, opened_scene
from tests.ivr_bot.speech.piper_program import piper_program, said

SILENT, ALSO_SILENT = "+998909000001", "+998909000002"
SCRIPT = """
script: visit
languages: [en]
fields: [name]
who: "Lola calls about your visit."
start: hello
nodes:
  hello: {kind: say, prompt: {pieces: ["{name}", "Good day."]}, next: rating}
  rating: {kind: rating, from: 0, to: 9, prompt: "How was your visit?", next: done}
  done: {kind: disposition, code: not_interested, next: bye}
  bye: {kind: hang_up, prompt: "Thank you."}
"""


@pytest.fixture
async def scene(pair: Pair, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    program, voice = tmp_path / "piper", tmp_path / "slow.onnx"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(piper_program(tmp_path))} "$@"\n')
    program.chmod(0o755)
    voice.write_text("slow with Person")
    monkeypatch.setenv("PIPER_PROGRAM", str(program))
    monkeypatch.setenv("PIPER_VOICE_EN", str(voice))
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "visit.yml").write_text(SCRIPT)
    async with opened_scene(pair, tmp_path, sqlite_url, TRUNKLINE_ROLES="web,pbx,dialer,worker,bot") as scene:
        yield scene


async def test_who_answers_hears_his_own_words_at_once(scene: Scene, tmp_path: Path) -> None:
    await scene.campaign(SILENT, mode=DialMode.BOT, script="visit")
    attempt = await scene.row(attempts, wait=30)
    voice = SiteVoice(os.environ, tmp_path)
    for text in ("Person 0", "Good day.", "How was your visit?"):
        assert await voice.prompts().at_hand(Line(text, "en")) is not None, "it was dialed too early"
    there = await scene.network_channel(SILENT)
    await scene.hears(there)
    await scene.presses(there, "8")
    await scene.attempt(SILENT)
    turns, answers = await transcript(attempt.id, scene.database)
    assert (turns[0].party, turns[0].text) == ("bot", "Person 0")
    assert [(answer.question, answer.value) for answer in answers] == [("rating", "8")]
    assert said(tmp_path / "slow.onnx").count("Person 0") == 1
    await voice.close()


async def test_of_whom_nothing_can_be_said_is_not_dialed_and_says_why(scene: Scene) -> None:
    await scene.campaign(SILENT, ALSO_SILENT, mode=DialMode.BOT, script="visit", start=False)
    async with scene.database.work() as work:
        await work.run(update(contacts).where(contacts.c.name == "Person 0").values(name="?"))
    await order_campaign(scene.database, "autumn", Order.START, now())
    there = await scene.network_channel(ALSO_SILENT)
    rests = await scene.row(campaign_leads, campaign_leads.c.close_reason.is_not(None))
    assert (rests.close_reason, rests.state) == (WhyNot.WORDS_UNSAYABLE, "open")
    assert rests.next_attempt_at > now()
    await scene.hears(there)
    await scene.presses(there, "8")
    await scene.attempt(ALSO_SILENT)
    assert [row.number for row in await scene.rows(attempts)] == [ALSO_SILENT]
