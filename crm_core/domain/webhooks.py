"""Webhooks: what is told to the address of another system, how it is signed, when it is tried again. Pure.

Signed as Standard Webhooks has it (https://www.standardwebhooks.com): HMAC-SHA-256 over id, time stamp and body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from crm_core.domain.access import Right, masked_number, masked_text
from crm_core.errors import BadInput

SECRET_PREFIX = "whsec_"
LONGEST_URL = 500  # characters, as in the table
#: Sent when somebody wants to see whether his address answers.
PING = "ping"


class DeliveryState(StrEnum):
    QUEUED = "queued"  # waits for its time
    SENDING = "sending"  # a worker has it, for as long as its lease runs
    SENT = "sent"  # answered with a status from 200 to 299
    FAILED = "failed"  # given up; it can be sent again by hand


#: By the first word of a kind of event: the right without which nobody is told of it.
RIGHTS: Mapping[str, Right] = {
    "call": Right.SEE_CALLS,
    "conversation": Right.SEE_CALLS,
    "recording": Right.LISTEN,
    "lead": Right.SEE_CALLS,
    "attempt": Right.SEE_CAMPAIGNS,
    "campaign": Right.SEE_CAMPAIGNS,
    "agent": Right.SEE_FLOOR,
    "task": Right.SEE_TASKS,
    "deal": Right.SEE_DEALS,
}


def kind_of(event_class: str) -> str:
    """The name by which others know an event: CallEnded is call.ended, AgentStateChanged agent.state_changed."""
    first, *rest = re.findall(r"[A-Z][a-z0-9]*", event_class)
    return f"{first.lower()}.{'_'.join(word.lower() for word in rest)}"


# --- signing ------------------------------------------------------------------------------------------------
def signature(secret: str, delivery_id: str, timestamp: int, body: str) -> str:
    """What stands in `webhook-signature`: v1 and the base64 of the MAC."""
    mac = hmac.new(_key(secret), f"{delivery_id}.{timestamp}.{body}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def headers_of(secret: str, delivery_id: str, timestamp: int, body: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Trunkline",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, delivery_id, timestamp, body),
    }


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise BadInput("secret", "it is no base64 behind whsec_") from error


# --- trying again -------------------------------------------------------------------------------------------
#: Between one try and the next; after the last the delivery has failed. A day and a third in all.
WAITS = tuple(timedelta(seconds=s) for s in (10, 60, 300, 1800, 7200, 21600, 43200, 43200))
_LONGEST_ASKED = timedelta(hours=12)
#: A webhook that has taken nothing for so long is switched off.
GIVE_UP_AFTER = timedelta(days=3)


def next_try(attempts: int, failed_at: datetime, asked: timedelta | None) -> datetime | None:
    """When to send again after `attempts` (from 1) have failed; None: never. `asked`: the receiver's Retry-After."""
    if attempts > len(WAITS):
        return None
    wait = WAITS[attempts - 1]
    return failed_at + max(wait, min(asked or wait, _LONGEST_ASKED))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means. `gone`: the receiver wants no more, ever (410)."""

    is_taken: bool
    words: str
    gone: bool = False


def verdict(status: int, words: str) -> Verdict:
    """A redirection is no success: the body would go where nobody has agreed to."""
    return Verdict(200 <= status < 300, f"{status} {words}".strip()[:300], gone=status == 410)


# --- where to -----------------------------------------------------------------------------------------------
def check_url(url: str, *, allow_private: bool) -> str:
    """The address, if it is one that may be told something; raises BadInput. What a name stands for is looked at when
    it is sent: it may change any time."""
    text = url.strip()
    do = "Write an address such as https://crm.example.com/hooks/trunkline"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadInput("url", "it is no address", do) from error
    if len(text) > LONGEST_URL or parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadInput("url", "it is no http or https address", do)
    if re.search(r"[\s\x00-\x20\x7f\\]", text):
        raise BadInput("url", "there are blanks or control characters in it", do)
    if parts.username or parts.password:
        raise BadInput("url", "user and password do not belong into it", "The signature shows who sends")
    check_host(parts.hostname, allow_private=allow_private)
    return text


def check_host(host: str, *, allow_private: bool) -> None:
    """Raise BadInput for an address inside; a name passes, unless it is known to be this machine's."""
    name = host.rstrip(".").lower()
    if re.fullmatch(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)", name) and not re.fullmatch(r"([0-9]{1,3}\.){3}[0-9]{1,3}", name):
        raise BadInput("url", f"{host[:80]} is no usual way to write an address", "Write four numbers, or a name")
    if allow_private:
        return
    try:
        inside = not is_public(name.partition("%")[0])
    except ValueError:
        inside = name == "localhost" or name.endswith((".localhost", ".local", ".internal"))
    if inside:
        raise BadInput("url", f"{host} lies inside this network", "Give a public address, or set WEBHOOK_ALLOW_PRIVATE")


def is_public(ip: str) -> bool:
    """Whether an IP address lies outside: not loopback, private, link-local, reserved or multicast, and none that only
    wraps such an IPv4 address. Raises ValueError for what is no IP address."""
    found = ipaddress.ip_address(ip)
    if isinstance(found, ipaddress.IPv6Address):
        wrapped = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if wrapped is None and found in _NAT64:
            wrapped = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(str(wrapped))
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


# --- what is told -------------------------------------------------------------------------------------------
#: Texts of people and machines in which a number may stand.
_TEXTS = ("note", "reason", "stage")


def told(data: Mapping[str, Any], *, masked: bool, sees_person: bool, sees_number: bool = True) -> dict[str, Any]:
    """The event as somebody may be told of it: without the person, or number, if he does not see it, without digits if
    he is masked. What was made so once stays so."""
    found = dict(data)
    if not sees_number:
        found |= {name: None for name in ("number", "note") if name in found}
    if not sees_person:
        found |= {name: None for name in ("contact_id", "lead_id") if name in found}
    if masked:
        number = found.get("number")
        if isinstance(number, str) and number.startswith("+") and number[1:].isdecimal():
            found["number"] = masked_number(number)
        found |= {name: masked_text(found[name]) for name in _TEXTS if isinstance(found.get(name), str)}
    return found
