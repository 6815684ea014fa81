"""Providers' files and the settings that name them: what is wrong is said with the file and what is expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.messages import MessageChannel
from crm_core.errors import BadInput, BadSetting
from crm_core.messaging.provider import Provider, found_at, request_for
from crm_core.messaging.provider_file import SHIPPED, provider_path, read_provider
from crm_core.messaging.settings import message_settings_from_env
from tests.crm_core.messaging.messages import a_message

GOOD: dict[str, Any] = {"url": "https://sms.example.com/send", "json": {"to": "{to}", "text": "{text}"}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": None}, "the key 'url' is missing"),
        ({"url": "sms.example.com"}, "is no address. Expected: https://"),
        ({"url": ["x"]}, "'url' is no text"),
        ({"urls": "x"}, "the key 'urls' is not known. Expected: url, method, headers"),
        ({"method": "FETCH"}, "method 'FETCH' is not known. Expected: POST, PUT, GET"),
        ({"method": "GET"}, "a GET has no body"),
        ({"form": {"a": "b"}}, "both 'json' and 'form'"),
        ({"json": {"to": "{to}"}}, "nothing says what to send. Expected: {text}"),
        ({"json": {"text": "{text}"}}, "nothing says whom to send it to. Expected: {to} or {digits}"),
        ({"json": {"to": "{to}", "text": "{message}"}}, "json: text: {message} is not known. Expected: {to}"),
        ({"json": {"to": {"to": None}, "text": "{text} {to}"}}, 'json: to: {to} is not quoted. Expected: "{to}"'),
        ({"headers": {"X": "{text}"}}, "headers: X: {text} is not known"),
        ({"json": {"to": "{to}", "text": "{text}", True: "x"}}, "json: the name True is no text"),
        ({"headers": {True: "x"}}, "headers: the name True is no text"),
        ({"headers": ["X"]}, "'headers' holds no names and values"),
        ({"headers": {"X": ["y"]}}, "headers: X: ['y'] is no text"),
        ({"basic": {"user": "x"}}, "'basic' is not complete. Expected: user and password"),
        ({"success": [200, 400]}, "success: [200, 400] is no list of HTTP statuses. Expected: such as [200, 201]"),
        ({"success": 200}, "success: 200 is no list"),
        ({"id": "a b"}, "id: 'a b' is no place in an answer. Expected: names with dots"),
        ({"error": 7}, "error: 7 is no place"),
        ({"repeatable": "yes"}, "repeatable: 'yes' is neither true nor false"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_what_is_expected(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = tmp_path / "ours.yml"
    path.write_text(yaml.safe_dump({k: v for k, v in (GOOD | changes).items() if v is not None}))
    with pytest.raises(BadInput) as caught:
        read_provider(path, {})
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_date_is_no_value_of_json(tmp_path: Path) -> None:
    path = tmp_path / "ours.yml"
    path.write_text('url: https://x.example\njson: {to: "{to}", text: "{text}", day: 2026-01-01}')
    with pytest.raises(BadInput, match=r"json: day: .* is no value of JSON"):
        read_provider(path, {})


@pytest.mark.parametrize(("text", "said"), [("a: [", "is no YAML"), ("just words", "holds no keys"), ("", "no keys")])
def test_a_file_that_is_none_is_said_so(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "ours.yml"
    path.write_text(text)
    with pytest.raises(BadInput, match=said):
        read_provider(path, {})
    with pytest.raises(BadInput, match="cannot be read"):
        read_provider(tmp_path / "other.yml", {})


def test_a_secret_that_is_not_set_is_named_with_the_file_that_needs_it() -> None:
    with pytest.raises(BadSetting, match=r"ESKIZ_TOKEN: is not set.*eskiz\.yml needs it, headers: Authorization"):
        read_provider(SHIPPED / "eskiz.yml", {})


def test_a_provider_does_not_print_its_secrets() -> None:
    env = {"TWILIO_ACCOUNT": "AC-1", "TWILIO_TOKEN": "hush", "TWILIO_FROM": "+1555"}
    provider = read_provider(SHIPPED / "twilio.yml", env)
    assert "AC-1" not in repr(provider)
    assert "Basic" not in repr(provider)
    assert "Basic" not in repr(request_for(provider, a_message()))


def test_a_provider_is_named_or_given_as_a_file(tmp_path: Path) -> None:
    assert provider_path("twilio", "SMS_PROVIDER") == SHIPPED / "twilio.yml"
    assert provider_path("/etc/ours.yml", "SMS_PROVIDER") == Path("/etc/ours.yml")
    with pytest.raises(BadSetting, match=r"SMS_PROVIDER: there is no 'pigeon'.*eskiz, generic, telegram, twilio"):
        provider_path("pigeon", "SMS_PROVIDER")


@given(st.text(), st.text(), st.text(st.characters(codec="utf-8")))
def test_a_text_arrives_unchanged_whatever_it_holds(body: str, subject: str, to: str) -> None:
    given_json = {"a": ["{text}", {"b": "to {to}", "c": 5, "d": None}], "s": "{subject}"}
    provider = Provider("x", "https://x.example/{to}", json=given_json, form={"t": "{text}"}, query={"q": "{text}"})
    request = request_for(provider, a_message(body=body, subject=subject, to=to))
    assert request.json == {"a": [body, {"b": f"to {to}", "c": 5, "d": None}], "s": subject}
    assert request.form == {"t": body}
    assert request.query == {"q": body}
    assert not set(request.url) & set(" ?#&\r\n")


def test_what_stands_at_a_place_is_found_and_nothing_else() -> None:
    answer = {"messages": [{"id": 5}], "ok": True, "no": None}
    assert found_at(answer, "messages.0.id") == "5"
    assert found_at(answer, "ok") == "True"
    for path in ("messages.1.id", "messages.id", "messages", "messages.0", "no", "ok.id", None):
        assert found_at(answer, path) is None
    assert found_at(None, "id") is None


def test_nothing_is_set_up_unless_it_is_named() -> None:
    settings = message_settings_from_env({})
    assert (settings.smtp, dict(settings.providers)) == (None, {})


def test_all_ways_out_are_read_from_the_environment() -> None:
    env = {
        "SMTP_URL": "smtps://info%40lola.example:p%3Ass@mail.lola.example",
        "SMTP_FROM": "Lola <Info@lola.example>",
        "SMS_PROVIDER": "eskiz",
        "TELEGRAM_PROVIDER": str(SHIPPED / "telegram.yml"),
        "ESKIZ_TOKEN": "e",
        "ESKIZ_FROM": "4546",
        "TELEGRAM_TOKEN": "t",
    }
    settings = message_settings_from_env(env)
    assert {channel: provider.name for channel, provider in settings.providers.items()} == {
        MessageChannel.SMS: "eskiz",
        MessageChannel.TELEGRAM: "telegram",
    }
    assert settings.smtp is not None
    smtp = settings.smtp
    assert (smtp.host, smtp.port, smtp.implicit_tls) == ("mail.lola.example", 465, True)
    assert (smtp.user, smtp.password) == ("info@lola.example", "p:ss")
    assert (smtp.from_name, smtp.from_address) == ("Lola", "info@lola.example")
    plain = message_settings_from_env({"SMTP_URL": "smtp://127.0.0.1:2525", "SMTP_FROM": "info@lola.example"}).smtp
    assert plain is not None
    assert (plain.port, plain.user, plain.implicit_tls, plain.from_name) == (2525, None, False, "")


@pytest.mark.parametrize(
    ("env", "variable"),
    [
        ({"SMTP_URL": "mail.lola.example"}, "SMTP_URL"),
        ({"SMTP_URL": "http://mail.lola.example"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://lola@mail.example"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://mail.example:x"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://mail.example/box"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://mail.example"}, "SMTP_FROM"),
        ({"SMTP_URL": "smtp://mail.example", "SMTP_FROM": "Lola"}, "SMTP_FROM"),
        ({"SMS_PROVIDER": "pigeon"}, "SMS_PROVIDER"),
        ({"WHATSAPP_PROVIDER": "whatsapp"}, "WHATSAPP_PHONE_ID"),
    ],
)
def test_a_setting_that_is_wrong_is_named(env: dict[str, str], variable: str) -> None:
    with pytest.raises(BadSetting) as caught:
        message_settings_from_env(env)
    assert caught.value.where == variable


def test_a_wrong_address_of_the_mail_server_does_not_show_its_password() -> None:
    with pytest.raises(BadSetting) as caught:
        message_settings_from_env({"SMTP_URL": "smtp://lola:hush@mail.example:port"})
    assert "hush" not in str(caught.value)
