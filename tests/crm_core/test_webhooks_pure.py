"""What webhooks decide without a network: addresses, names, waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm_core.domain.webhooks import RIGHTS, WAITS, check_url, is_public, kind_of, next_try, signature, told
from crm_core.errors import BadInput
from crm_core.handlers.webhooks import KINDS

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def test_kinds_are_named_after_the_events_and_each_has_its_right() -> None:
    assert kind_of("CallEnded") == "call.ended"
    assert kind_of("AgentStateChanged") == "agent.state_changed"
    assert {"deal.changed", "conversation.ended", "recording.linked"} <= KINDS.keys()
    assert {kind.partition(".")[0] for kind in KINDS} <= RIGHTS.keys()


def test_the_signature_is_that_of_the_published_example() -> None:
    # As in the tests of the libraries at https://github.com/standard-webhooks/standard-webhooks
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "ip",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1"),
    ],
)
def test_addresses_inside(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_outside(ip: str) -> None:
    assert is_public(ip)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.com/", "file:///etc/passwd", "example.com", "http://", "https://user:word@example.com/"),
        *("http://localhost/", "http://a.localhost/", "http://127.0.0.1/", "http://[::1]:80/", "http://10.0.0.1"),
        *("http://example.com:99999/", "http://example.com/a b", "https://example.com/" + "a" * 500, "http://[", ""),
        *("http://printer.local/", "http://169.254.169.254/latest/meta-data", "http://[::ffff:10.0.0.1]/"),
        *("http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.0.0.1./"),
    ],
)
def test_what_is_no_address_to_be_told_something(url: str) -> None:
    with pytest.raises(BadInput):
        check_url(url, allow_private=False)


def test_addresses_that_will_do() -> None:
    assert check_url(" https://crm.example.com:8443/hooks?a=b ", allow_private=False).startswith("https://crm.")
    assert check_url("http://10.0.0.1/hook", allow_private=True) == "http://10.0.0.1/hook"


def test_waits_grow_and_end() -> None:
    waits = [next_try(n, NOW, None) for n in range(1, len(WAITS) + 1)]
    assert [at - NOW for at in waits if at is not None] == list(WAITS)
    assert next_try(len(WAITS) + 1, NOW, None) is None
    assert next_try(1, NOW, timedelta(minutes=5)) == NOW + timedelta(minutes=5)
    assert next_try(1, NOW, timedelta(days=9)) == NOW + timedelta(hours=12)
    assert next_try(4, NOW, timedelta(seconds=1)) == NOW + WAITS[3]


def test_what_was_masked_once_stays_so() -> None:
    data = {"number": "+998901234567", "contact_id": 7, "note": "ring 90 123 45 67", "call_id": "c-1"}
    once = told(data, masked=True, sees_person=False)
    assert once == {"number": "+998 90 ••• •• 67", "contact_id": None, "note": "ring •••••••", "call_id": "c-1"}
    assert told(once, masked=True, sees_person=False) == once
    assert told(data, masked=False, sees_person=True) == data
