"""What is sent to the switch so that a person is handed to somebody else. Pure; see [transfer] in extensions.conf."""

from __future__ import annotations

import re

from crm_core.errors import BadInput
from crm_core.ports import Recipient
from pbx.originate import AmiAction, ring_agent_action

#: How the ids of the legs begin that are made for a consultation or a transfer. They are nobody's call of their own.
TRANSFER_PREFIX = "con-"
_OWN = re.compile(r"con-[A-Za-z0-9_.-]{1,60}")
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_NAME = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9_.~@;-]{1,80}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.~-]{0,39}")
_NUMBER = re.compile(r"\+?[0-9]{2,20}")
#: How long the recipient may ring; the person waits a little longer ([transfer], wait).
RING_SECONDS = 30


def dial_string(to: Recipient) -> str:
    """Where a recipient is dialed. Raises BadInput."""
    if to.trunk_endpoint is None:
        return f"PJSIP/{_checked('phone', to.address, _WORD)}"
    return f"PJSIP/{_checked('number', to.address, _NUMBER)}@{_checked('trunk', to.trunk_endpoint, _WORD)}"


def consult_action(channel: str, phone: str, to: Recipient) -> AmiAction:
    """Ring the operator's phone a second time (a browser answers by itself), then the recipient. Raises BadInput."""
    shown = "" if to.caller_id is None else _checked("caller id", to.caller_id, _NUMBER)
    return {
        **ring_agent_action(_checked("channel", channel, _OWN), phone),
        "Context": "transfer",
        "Exten": "ask",
        "Variable": [
            f"PJSIP_HEADER(add,X-Trunkline)=consult {channel}",
            f"TL_DIAL={dial_string(to)}",
            f"TL_RING_SECONDS={RING_SECONDS}",
            f"TL_SHOWN={shown}",
        ],
    }


def arrive_action(channel: str, person: str, to: Recipient) -> AmiAction:
    """Call the recipient, who gets the person on channel `person` when he answers. Raises BadInput."""
    return {
        **ring_agent_action(_checked("channel", channel, _OWN), "recipient"),
        "Channel": dial_string(to),
        "Timeout": str(RING_SECONDS * 1000),
        "Context": "transfer",
        "Exten": "arrive",
        "CallerID": _checked("caller id", to.caller_id, _NUMBER) if to.caller_id is not None else "Trunkline",
        "Variable": f"TL_PERSON={_checked('person', person, _CHANNEL)}",
    }


def wait_action(person: str) -> AmiAction:
    """The person hears music until the recipient takes him; the operator's leg is parked again. Raises BadInput."""
    return _redirect(person, "wait")


def to_given_action(person: str) -> AmiAction:
    """The person waits as a caller does, and the service is asked for whom. Raises BadInput."""
    return _redirect(person, "wait", "hand-off")


def recipient_of_action(channel: str) -> AmiAction:
    """Ask whom the operator's second leg talks to. Raises BadInput."""
    return {"Action": "Getvar", "Channel": _checked("channel", channel, _OWN), "Variable": "DIALEDPEERNAME"}


def give_actions(person: str, recipient_name: str) -> list[AmiAction]:
    """The person talks to that channel from now on. Raises BadInput."""
    name = _checked("recipient", recipient_name, _NAME)
    told = {
        "Action": "Setvar",
        "Channel": _checked("person", person, _CHANNEL),
        "Variable": "TL_RECIPIENT",
        "Value": name,
    }
    return [told, _redirect(person, "take")]


def _redirect(person: str, exten: str, context: str = "transfer") -> AmiAction:
    return {
        "Action": "Redirect",
        "Channel": _checked("person", person, _CHANNEL),
        "Context": context,
        "Exten": exten,
        "Priority": "1",
    }


def _checked(where: str, text: str, form: re.Pattern[str]) -> str:
    if form.fullmatch(text) is None:
        raise BadInput(where, f"{text!r} cannot be given to the switch", f"Allowed is {form.pattern}")
    return text
