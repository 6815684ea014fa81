"""Every AMI action we send is built here, from checked words only. Pure.

An AMI user who may originate could run commands on old versions of Asterisk (CVE-2024-42365), and the dialplan reads
some of these words: so nothing a person wrote goes in, only digits and names of known characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from crm_core.errors import BadInput
from crm_core.ports import OriginateOrder

#: Header → value; a list stands for the same header several times.
AmiAction = Mapping[str, str | list[str]]

#: A channel id of ours must not look like a pattern to AMI's Hangup, which takes `/…/` for one.
_CHANNEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.~-]{0,39}")
_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_DIGEST = re.compile(r"[0-9a-f]{32}")
_PATH = re.compile(r"/[A-Za-z0-9_./~-]+")

#: How the ids of the channels begin that open and close browsers' phones.
BROWSER_PREFIX = "bp-"
#: How long an agent's phone may ring before his leg counts as refused.
AGENT_RING_SECONDS = 30


def originate_action(order: OriginateOrder, record_to: Path | None) -> AmiAction:
    """Place a call; whoever answers runs into the context campaign-answered.

    `record_to`: file to record to from the answer on. Raises BadInput.
    """
    number = _checked("number", order.number, _NUMBER)
    trunk = _checked("trunk", order.trunk_endpoint, _ENDPOINT)
    if not 1 <= order.ring_seconds <= 600:
        raise BadInput("ring_seconds", f"{order.ring_seconds} is no ringing time", "Choose 1 to 600 seconds")
    action: dict[str, str | list[str]] = {
        **_originate(order.channel, f"PJSIP/{number}@{trunk}", order.ring_seconds),
        "Context": "campaign-answered",
        "Exten": "amd" if order.detect_machines else "direct",
        "CallerID": _checked("caller id", order.caller_id, _NUMBER),
        # Ringing tones and announcements before the answer are no answer.
        "EarlyMedia": "false",
    }
    if record_to is not None:
        path = _checked("recording", str(record_to), _PATH)
        action["Variable"] = ["TL_RECORD_AT=answer", f"TL_RECORD={path}"]
    return action


def ring_agent_action(channel: str, phone: str) -> AmiAction:
    """Call an agent's phone; his leg is parked when he answers. Raises BadInput."""
    endpoint = _checked("phone", phone, _ENDPOINT)
    return {
        **_originate(channel, f"PJSIP/{endpoint}", AGENT_RING_SECONDS),
        "Context": "operator-park",
        "Exten": "s",
        "CallerID": "Trunkline",
        # A browser's phone answers this leg by itself. No call from outside can bring such a header.
        "Variable": f"PJSIP_HEADER(add,X-Trunkline)=parked {channel}",
    }


def _originate(channel: str, target: str, ring_seconds: int) -> dict[str, str | list[str]]:
    """What every originate has. The action's id is the channel's, so that the failure of either names the other."""
    checked = _checked("channel", channel, _CHANNEL_ID)
    return {
        "Action": "Originate",
        "ActionID": checked,
        "ChannelId": checked,
        "Channel": target,
        "Priority": "1",
        "Timeout": str(ring_seconds * 1000),
        # Without it the manager connection waits for the answer, and panoramisk breaks (KeyError: 'async').
        "Async": "true",
    }


def hang_up_action(channel: str) -> AmiAction:
    """End a channel by its id, with normal clearing: see causes.outcome_unanswered. Raises BadInput."""
    return {"Action": "Hangup", "Channel": _checked("channel", channel, _CHANNEL_ID), "Cause": "16"}


def open_phone_action(channel: str, phone: str, digest: str) -> AmiAction:
    """Let a browser register as `phone`: see [browser-phone] in extensions.conf. Raises BadInput."""
    return _phone_action(channel, "open", phone, f"TL_DIGEST={_checked('digest', digest, _DIGEST)}")


def close_phone_action(channel: str, phone: str) -> AmiAction:
    """Forget a browser's phone and who has registered as it. Raises BadInput."""
    return _phone_action(channel, "close", phone)


def _phone_action(channel: str, what: str, phone: str, *variables: str) -> AmiAction:
    return {
        **_originate(channel, "Local/edge@browser-phone/n", 5),
        "Context": "browser-phone",
        "Exten": what,
        "Variable": [f"TL_PHONE={_checked('phone', phone, _ENDPOINT)}", *variables],
    }


def open_phones_action(kind: Literal["auth", "endpoint"], phone: str | None) -> AmiAction:
    """Ask for that part of a browser's phone, if it is open; None asks for all. Raises BadInput."""
    key = kind if phone is None else f"{kind}/{_checked('phone', phone, _ENDPOINT)}"
    return {"Action": "DBGetTree", "Family": "trunkline", "Key": key}


def end_legs_action(phone: str) -> AmiAction:
    """End whatever a phone has on the line. Raises BadInput."""
    name = re.escape(_checked("phone", phone, _ENDPOINT)).replace(r"\-", "-")
    return {"Action": "Hangup", "Channel": rf"/^PJSIP\/{name}-[0-9a-f]{{8}}$/", "Cause": "16"}


def list_channels_action() -> AmiAction:
    return {"Action": "CoreShowChannels"}


def core_settings_action() -> AmiAction:
    """Ask what the switch is; its version is in the answer."""
    return {"Action": "CoreSettings"}


def ping_action() -> AmiAction:
    return {"Action": "Ping"}


def _checked(where: str, text: str, form: re.Pattern[str]) -> str:
    if form.fullmatch(text) is None:
        raise BadInput(where, f"{text!r} cannot be given to the switch", f"Allowed is {form.pattern}")
    return text
