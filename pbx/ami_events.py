"""AMI messages become typed events here, at the border. Only what the fold of channels.py needs is parsed.

Times are the switch's own (header Timestamp, manager.conf timestampevents=yes), so that spans between events are
measured on one clock. https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/AMI_Events/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crm_core.errors import CrmError

#: ast_channel_state, include/asterisk/channelstate.h
DOWN, RING, RINGING, UP = 0, 4, 5, 6

Headers = Mapping[str, str]
#: What Asterisk writes where it has no caller id.
_NO_CALLER = ("", "<unknown>")


class MalformedAmiEvent(CrmError):
    """An AMI event lacks a header or holds one that cannot be read."""

    def __init__(self, event: str, headers: Headers) -> None:
        self.event, self.headers = event, dict(headers)
        super().__init__(f"AMI event {event} cannot be read: {dict(headers)}")


@dataclass(frozen=True, slots=True)
class ChannelCreated:
    channel: str
    name: str
    linkedid: str
    state: int
    caller: str | None
    context: str
    exten: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChannelStateChanged:
    channel: str
    state: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ChannelRenamed:
    channel: str
    name: str


@dataclass(frozen=True, slots=True)
class ChannelEnteredBridge:
    channel: str
    bridge: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChannelLeftBridge:
    channel: str
    bridge: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChannelHungUp:
    """`sip_status` is the final SIP status where the network gave one (header TechCause)."""

    channel: str
    cause: int | None
    sip_status: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class OriginateFailed:
    """No call came of an originate. `target` is what was dialed, as PJSIP/…; often a hangup was told before."""

    channel: str
    target: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ContactRemoved:
    """A phone is gone: its registration ran out, was withdrawn, or was replaced by a newer one."""

    phone: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SwitchStopped:
    """Asterisk is shutting down; every channel ends with it."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ChannelListed:
    """A channel alive now, as CoreShowChannels tells; `bridge` None when it is in none."""

    channel: str
    name: str
    linkedid: str
    state: int
    caller: str | None
    context: str
    exten: str
    bridge: str | None
    started_at: datetime


ChannelEvent = (
    ChannelCreated
    | ChannelStateChanged
    | ChannelRenamed
    | ChannelEnteredBridge
    | ChannelLeftBridge
    | ChannelHungUp
    | OriginateFailed
    | ContactRemoved
    | SwitchStopped
)


def parse_event(headers: Headers, received_at: datetime) -> ChannelEvent | None:
    """Return the event in `headers`, None if it is one nobody here needs.

    `received_at` stands in where the switch does not stamp its events. Raises MalformedAmiEvent.
    """
    name = headers.get("Event", "")
    parse = _PARSERS.get(name)
    if parse is None:
        return None
    try:
        stamp = headers.get("Timestamp")
        return parse(headers, received_at if stamp is None else datetime.fromtimestamp(float(stamp), UTC))
    except (KeyError, ValueError, OverflowError) as error:
        raise MalformedAmiEvent(name, headers) from error


def parse_listed(headers: Headers, now: datetime) -> ChannelListed:
    """Return the channel one CoreShowChannel message describes. Raises MalformedAmiEvent."""
    try:
        hours, minutes, seconds = (int(part) for part in headers["Duration"].split(":"))
        return ChannelListed(
            channel=headers["Uniqueid"],
            name=headers["Channel"],
            linkedid=headers["Linkedid"],
            state=int(headers["ChannelState"]),
            caller=_caller(headers),
            context=headers["Context"],
            exten=headers["Exten"],
            bridge=headers.get("BridgeId") or None,  # panoramisk loses a last header that is empty
            started_at=now - timedelta(hours=hours, minutes=minutes, seconds=seconds),
        )
    except (KeyError, ValueError, OverflowError) as error:
        raise MalformedAmiEvent("CoreShowChannel", headers) from error


def _caller(headers: Headers) -> str | None:
    number = headers["CallerIDNum"]
    return None if number in _NO_CALLER else number


def _created(headers: Headers, at: datetime) -> ChannelCreated:
    return ChannelCreated(
        headers["Uniqueid"],
        headers["Channel"],
        headers["Linkedid"],
        int(headers["ChannelState"]),
        _caller(headers),
        headers["Context"],
        headers["Exten"],
        at,
    )


def _state_changed(headers: Headers, at: datetime) -> ChannelStateChanged:
    return ChannelStateChanged(headers["Uniqueid"], int(headers["ChannelState"]), at)


def _renamed(headers: Headers, at: datetime) -> ChannelRenamed:
    return ChannelRenamed(headers["Uniqueid"], headers["Newname"])


def _entered(headers: Headers, at: datetime) -> ChannelEnteredBridge:
    return ChannelEnteredBridge(headers["Uniqueid"], headers["BridgeUniqueid"], at)


def _left(headers: Headers, at: datetime) -> ChannelLeftBridge:
    return ChannelLeftBridge(headers["Uniqueid"], headers["BridgeUniqueid"], at)


def _hung_up(headers: Headers, at: datetime) -> ChannelHungUp:
    cause = headers["Cause"]
    return ChannelHungUp(headers["Uniqueid"], int(cause) if cause else None, headers.get("TechCause") or None, at)


def _originate_response(headers: Headers, at: datetime) -> OriginateFailed | None:
    if headers["Response"] == "Success":
        return None  # Newstate has told it
    return OriginateFailed(headers["Uniqueid"], headers["Channel"], at)


def _contact_status(headers: Headers, at: datetime) -> ContactRemoved | None:
    return ContactRemoved(headers["EndpointName"], at) if headers["ContactStatus"] == "Removed" else None


def _shutdown(headers: Headers, at: datetime) -> SwitchStopped:
    return SwitchStopped(at)


_PARSERS: Mapping[str, Callable[[Headers, datetime], ChannelEvent | None]] = {
    "Newchannel": _created,
    "Newstate": _state_changed,
    "Rename": _renamed,
    "BridgeEnter": _entered,
    "BridgeLeave": _left,
    "Hangup": _hung_up,
    "OriginateResponse": _originate_response,
    "ContactStatus": _contact_status,
    "Shutdown": _shutdown,
}
