"""What is sent to the switch so that a supervisor hears a call. Pure; see [supervise] in extensions.conf."""

from __future__ import annotations

import re

from crm_core.errors import BadInput
from crm_core.ports import MonitorOrder
from pbx.originate import AmiAction, ring_agent_action

#: How the ids of supervisors' legs begin. Such a leg belongs to nobody's call, and is no agent's leg that waits.
MONITOR_PREFIX = "sup-"
_OWN = re.compile(r"sup-[A-Za-z0-9_.-]{1,60}")
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


def monitor_action(order: MonitorOrder) -> AmiAction:
    """Ring the supervisor's phone; when he answers he hears the call. Raises BadInput."""
    variables = [f"TL_CALL={_checked('call', order.call, _CHANNEL)}"]
    if order.agent_leg is not None:
        variables.append(f"TL_LEG={_checked('agent leg', order.agent_leg, _CHANNEL)}")
    return {
        **ring_agent_action(_checked("channel", order.channel, _OWN), order.phone),
        "Context": "supervise",
        "Exten": order.mode.value,
        "Variable": variables,
    }


def end_with_call_action(order: MonitorOrder) -> AmiAction:
    """Let the end of the person's channel end the supervisor's leg: an agent's parked leg goes on to other calls, and
    whoever whispers there must not hear them. Raises BadInput."""
    return {
        "Action": "Setvar",
        "Channel": _checked("call", order.call, _CHANNEL),
        "Variable": "CHANNEL(hangup_handler_push)",
        "Value": f"supervise,over,1({_checked('channel', order.channel, _OWN)})",
    }


def _checked(where: str, text: str, form: re.Pattern[str]) -> str:
    if form.fullmatch(text) is None:
        raise BadInput(where, f"{text!r} cannot be given to the switch", f"Allowed is {form.pattern}")
    return text
