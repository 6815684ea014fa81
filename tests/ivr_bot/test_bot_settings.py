"""Settings of the bot, read from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.errors import BadSetting
from ivr_bot.settings import BotSettings, bot_settings_from_env

HOME = Path("/home/bot")


def read(**env: str) -> BotSettings:
    return bot_settings_from_env(env, HOME, HOME / "recordings", "127.0.0.1", 14574, "secret")


def test_nothing_set_is_the_websocket_and_folders_at_home() -> None:
    settings = read()
    assert not settings.audiosocket
    assert (settings.media.websocket_port, settings.media.audiosocket_port) == (14574, 14575)
    assert (settings.scripts, settings.prompts) == (HOME / "scripts", HOME / "prompts")
    assert settings.operators_language is None
    assert settings.nlu.rasa_url is None


def test_an_older_asterisk_is_reached_by_audiosocket() -> None:
    assert read(BOT_MEDIA="audiosocket").audiosocket
    assert not read(BOT_MEDIA="websocket").audiosocket


@pytest.mark.parametrize(
    ("name", "value"), [("BOT_MEDIA", "carrier-pigeon"), ("BOT_OPERATORS_LANGUAGE", "tlh"), ("RASA_URL", "localhost")]
)
def test_what_is_not_known_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        read(**{name: value})


def test_rasa_is_found_at_its_address() -> None:
    assert read(RASA_URL="http://127.0.0.1:5005/").nlu.rasa_url == "http://127.0.0.1:5005"
