"""The infobot's scripts as campaigns ask for them: by name and by no path."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from crm_core.bot_scripts import SiteFirstWords, SiteScripts, SiteVoice
from crm_core.db.engine import Database
from crm_core.domain.campaigns import Campaign, CampaignPolicy, DialMode
from crm_core.domain.leads import Lead
from crm_core.errors import BadInput, NotFound, Unavailable
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.handlers.hopper import DatabaseHopper
from ivr_bot.speech.prompts import Line
from tests.crm_core.dialing import NOW, add_campaign

VISIT = """
script: visit
languages: [en]
fields: [name]
who: "Lola calls."
start: hello
nodes:
  hello: {kind: yes_no, prompt: "Hello {name}.", if_yes: bye, if_no: bye}
  bye: {kind: hang_up, prompt: "Goodbye."}
"""


def test_shipped_scripts_are_known_by_name(tmp_path: Path) -> None:
    scripts = SiteScripts({}, tmp_path)
    assert "satisfaction_survey" in scripts.names()
    assert not any("test" in name for name in scripts.names())
    scripts.check("satisfaction_survey")


def test_a_sites_own_script_is_known_and_checked(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/ours.yml").write_text("greet: [\n")
    scripts = SiteScripts({}, tmp_path)
    assert "ours" in scripts.names()
    with pytest.raises(BadInput):
        scripts.check("ours")


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret", "ivr_bot/flows/satisfaction_survey.yml", ""])
def test_a_path_is_no_script(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.yml").write_text("password: 1\n")
    with pytest.raises(NotFound):
        SiteScripts({}, tmp_path / "home").check(name)


async def test_a_campaign_without_a_script_has_nothing_to_make_ready(tmp_path: Path) -> None:
    assert await SiteScripts({}, tmp_path).render(CampaignPolicy("carrier"), lambda done, whole: None) == 0


# --- what leads hear first -----------------------------------------------------------------------------------
async def bot_campaign(database: Database) -> tuple[Campaign, Lead]:
    campaign = await add_campaign(database, mode=DialMode.BOT, script="visit")
    (lead,) = await DatabaseHopper(database, lambda: NOW).due(campaign, NOW, 5)
    return campaign, lead


def first_words(database: Database, voice: SiteVoice, home: Path, env: dict[str, str] | None = None) -> SiteFirstWords:
    (home / "scripts").mkdir(exist_ok=True)
    (home / "scripts" / "visit.yml").write_text(VISIT)
    return SiteFirstWords(env or {}, home, voice, DatabaseConversationBook(database), lambda: NOW)


async def test_a_lead_of_the_database_is_made_ready_by_the_voice_that_calls_use(
    database: Database, tmp_path: Path
) -> None:
    campaign, lead = await bot_campaign(database)
    voice = SiteVoice({}, tmp_path)
    words = first_words(database, voice, tmp_path)
    await asyncio.gather(*(words.make_ready(campaign, lead) for _ in range(3)))
    assert await voice.prompts().at_hand(Line("Hello person 0.", "en")) is not None
    assert voice.prompts() is voice.prompts()
    await voice.close()


async def test_a_voice_that_is_set_and_not_there_is_told_and_later_tried_again(
    database: Database, tmp_path: Path
) -> None:
    campaign, lead = await bot_campaign(database)
    env = {"PIPER_VOICE_EN": str(tmp_path / "gone.onnx"), "PIPER_PROGRAM": "/bin/true"}
    voice = SiteVoice(env, tmp_path)
    words = first_words(database, voice, tmp_path, env)
    with pytest.raises(Unavailable, match=r"gone\.onnx"):
        await words.make_ready(campaign, lead)
    env["PIPER_VOICE_EN"] = "none"
    await words.make_ready(campaign, lead)
    await voice.close()


async def test_without_the_bots_packages_a_lead_is_ready_at_once_and_the_log_says_so_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    campaign, lead = await bot_campaign(database)
    words = first_words(database, SiteVoice({}, tmp_path), tmp_path)
    monkeypatch.setitem(sys.modules, "ivr_bot.speech.prompts", None)
    for _ in range(2):
        await words.make_ready(campaign, lead)
    assert [record.message for record in caplog.records] == ["words of leads are rendered in their calls"]
    assert not (tmp_path / "rendered").exists()
