"""Agent states: one table of all legal moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crm_core.errors import IllegalTransition


class AgentState(StrEnum):
    LOGGED_OUT = "logged_out"
    CONNECTING = "connecting"  # logged in, the leg to his phone is being placed
    AVAILABLE = "available"
    RINGING = "ringing"  # given a person, not yet bridged
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class Trigger(StrEnum):
    LOG_IN = "log_in"
    LEG_UP = "leg_up"  # his phone answered and the leg is parked (in ring mode: log-in alone)
    LEG_DOWN = "leg_down"  # the parked leg dropped
    ASSIGNED = "assigned"  # a person who answered is given to him
    BRIDGED = "bridged"
    CALL_ENDED = "call_ended"
    DISPOSED = "disposed"
    WRAP_UP_OVER = "wrap_up_over"
    PAUSE = "pause"
    RESUME = "resume"
    LOG_OUT = "log_out"


_S, _T = AgentState, Trigger
_NEXT: Mapping[tuple[AgentState, Trigger], AgentState] = {
    (_S.LOGGED_OUT, _T.LOG_IN): _S.CONNECTING,
    (_S.CONNECTING, _T.LEG_UP): _S.AVAILABLE,
    (_S.CONNECTING, _T.LEG_DOWN): _S.LOGGED_OUT,
    (_S.AVAILABLE, _T.ASSIGNED): _S.RINGING,
    (_S.AVAILABLE, _T.LEG_DOWN): _S.LOGGED_OUT,
    (_S.RINGING, _T.BRIDGED): _S.ON_CALL,
    (_S.RINGING, _T.CALL_ENDED): _S.AVAILABLE,  # the person hung up before the bridge: nothing to wrap up
    (_S.RINGING, _T.LEG_DOWN): _S.LOGGED_OUT,
    (_S.ON_CALL, _T.CALL_ENDED): _S.WRAP_UP,
    (_S.ON_CALL, _T.DISPOSED): _S.ON_CALL,  # the result may be written while still talking
    (_S.ON_CALL, _T.LEG_DOWN): _S.LOGGED_OUT,
    (_S.WRAP_UP, _T.DISPOSED): _S.AVAILABLE,
    (_S.WRAP_UP, _T.WRAP_UP_OVER): _S.AVAILABLE,
    (_S.WRAP_UP, _T.LEG_DOWN): _S.LOGGED_OUT,
    (_S.PAUSED, _T.RESUME): _S.AVAILABLE,
    (_S.PAUSED, _T.DISPOSED): _S.PAUSED,
    (_S.PAUSED, _T.LEG_DOWN): _S.LOGGED_OUT,
    (_S.LOGGED_OUT, _T.DISPOSED): _S.LOGGED_OUT,  # his leg dropped; the result still counts
    (_S.AVAILABLE, _T.DISPOSED): _S.AVAILABLE,  # a late result after the limit still counts
    (_S.RINGING, _T.DISPOSED): _S.RINGING,
    **{(s, _T.PAUSE): _S.PAUSED for s in (_S.AVAILABLE, _S.WRAP_UP)},
    **{(s, _T.LOG_OUT): _S.LOGGED_OUT for s in (_S.CONNECTING, _S.AVAILABLE, _S.WRAP_UP, _S.PAUSED)},
}


def next_state(state: AgentState, trigger: Trigger) -> AgentState:
    """Return the state after `trigger`; raises IllegalTransition where the table has no such move."""
    try:
        return _NEXT[state, trigger]
    except KeyError:
        raise IllegalTransition(state, trigger) from None


#: Why an agent may ask for no calls; a site may add its own.
PAUSE_REASONS = ("lunch", "rest", "training", "technical", "other")


class HandOffMode(StrEnum):
    """How a person reaches the agent."""

    PARKED = "parked"  # the agent holds an open leg
    RING = "ring"  # his phone rings per call


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as the roster knows him. `phone` is the PJSIP endpoint's name, `leg` the parked channel's id."""

    id: int
    name: str
    phone: str
    hand_off: HandOffMode
    state: AgentState
    since: datetime
    campaign_id: int | None = None
    leg: str | None = None
    leg_name: str | None = None  # Asterisk's channel name, as Bridge() wants it
    call_id: str | None = None
    wrap_up_until: datetime | None = None
    pause_reason: str | None = None
    node: str | None = None
