"""Settings are complete without any variable set, and a wrong one is named with what to write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_core.errors import BadSetting
from crm_core.settings import USUAL_ROLES, settings_from_env


def test_nothing_need_be_set(tmp_path: Path) -> None:
    settings = settings_from_env({"TRUNKLINE_HOME": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/trunkline.db"
    assert settings.redis_url is None
    assert settings.roles == set(USUAL_ROLES)
    assert (settings.log_json, settings.log_numbers) == (False, False)
    assert settings.country is None
    assert settings_from_env({"TRUNKLINE_HOME": str(tmp_path), "TRUNKLINE_COUNTRY": "uz"}).country == "UZ"


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path) -> None:
    env = {"TRUNKLINE_HOME": str(tmp_path), "DATABASE_URL": "", "REDIS_URL": "", "TRUNKLINE_LOG": ""}
    assert settings_from_env(env) == settings_from_env({"TRUNKLINE_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TRUNKLINE_ROLES", "web,cook", "web, pbx, dialer, worker, bot"),
        ("TRUNKLINE_ROLES", ",", "no role"),
        ("AMI_PORT", "0", "1 to 65535"),
        ("AGI_PORT", "65536", "1 to 65535"),
        ("WEB_PORT", "http", "1 to 65535"),
        ("WEB_PORT", "-1", "1 to 65535"),
        ("TRUNKLINE_LOG", "xml", "plain, json"),
        ("TRUNKLINE_COUNTRY", "XX", "such as UZ"),
        ("PHONE_WSS_URL", "https://crm.example.com/phone/ws", "such as wss://"),
        ("PHONE_WSS_URL", "wss://crm.example.com/ws; script-src *", "such as wss://"),
        ("PHONE_ICE_SERVERS", "turn:turn.example.com", "urls"),
        ("PHONE_ICE_SERVERS", '[{"username": "u"}]', "urls"),
        ("PHONE_ICE_SERVERS", '{"urls": "turn:turn.example.com"}', "urls"),
        ("TRUNKLINE_LOG_NUMBERS", "yes", "masked, full"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_write(name: str, value: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says) as caught:
        settings_from_env({name: value})
    assert caught.value.where == name


def test_the_bots_port_follows_the_agi_port_unless_it_is_set() -> None:
    assert settings_from_env({"AGI_PORT": "14000"}).bot_port == 14001
    assert settings_from_env({"AGI_PORT": "14000", "BOT_PORT": "15000"}).bot_port == 15000


def test_secrets_do_not_print(tmp_path: Path) -> None:
    secrets = {
        "AMI_SECRET": "hush-1",
        "BOT_SECRET": "hush-4",
        "DATABASE_URL": "postgresql://u:hush-2@h/d",
        "REDIS_URL": "redis://:hush-3@h/0",
    }
    assert "hush" not in repr(settings_from_env({"TRUNKLINE_HOME": str(tmp_path), **secrets}))


def test_the_secret_of_the_shipped_asterisk_is_found_unless_one_is_set(tmp_path: Path) -> None:
    env = {"TRUNKLINE_HOME": str(tmp_path)}
    assert settings_from_env(env).ami_secret == ""
    (tmp_path / "pbx").mkdir()
    (tmp_path / "pbx" / "secrets.json").write_text(json.dumps({"ami": "made here"}))
    assert settings_from_env(env).ami_secret == "made here"
    assert settings_from_env(env | {"AMI_SECRET": "my own"}).ami_secret == "my own"
    assert settings_from_env(env).bot_secret == ""
    (tmp_path / "pbx" / "secrets.json").write_text(json.dumps({"ami": "made here", "bot": "made too"}))
    assert settings_from_env(env).bot_secret == "made too"
    (tmp_path / "pbx" / "secrets.json").write_text("{")
    with pytest.raises(BadSetting, match=r"secrets\.json"):
        settings_from_env(env)


def test_browsers_on_this_machine_reach_the_shipped_asterisk_and_others_only_as_told(tmp_path: Path) -> None:
    env = {"TRUNKLINE_HOME": str(tmp_path)}
    assert settings_from_env(env).phone_address is None, "no Asterisk of ours"
    (tmp_path / "pbx").mkdir()
    (tmp_path / "pbx" / "secrets.json").write_text("{}")
    assert settings_from_env(env).phone_address == "ws://127.0.0.1:15090/ws"
    assert settings_from_env(env | {"WEB_HOST": "0.0.0.0"}).phone_address is None
    told = {"WEB_HOST": "0.0.0.0", "PHONE_WSS_URL": "wss://crm.example.com/phone/ws"}
    assert settings_from_env(env | told).phone_address == "wss://crm.example.com/phone/ws"
    ice = {"PHONE_ICE_SERVERS": '[{"urls": "turn:t.example.com", "username": "u", "credential": "secret"}]'}
    assert settings_from_env(env | ice).ice_servers[0]["username"] == "u"
    assert "secret" not in repr(settings_from_env(env | ice))
