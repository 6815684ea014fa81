"""AMI text recorded from Asterisk 22.10.1 (recorded_ami.txt), and channel events to build calls from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pbx.ami_events import (
    RING,
    RINGING,
    UP,
    ChannelCreated,
    ChannelEnteredBridge,
    ChannelEvent,
    ChannelHungUp,
    ChannelLeftBridge,
    ChannelStateChanged,
    OriginateFailed,
)

RECORDED = (Path(__file__).parent / "recorded_ami.txt").read_bytes()
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def recorded_messages() -> list[dict[str, str]]:
    """All messages of the recording, parsed in the plainest way there is."""
    blocks = RECORDED.decode().split("\r\n\r\n")
    messages = [dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line) for block in blocks]
    return [message for message in messages if message]


def second(n: float) -> datetime:
    return NOON + timedelta(seconds=n)


def outgoing(call: str, *, answered: bool = True) -> list[ChannelEvent]:
    """A call of ours up to the answer."""
    events: list[ChannelEvent] = [
        ChannelCreated(call, "PJSIP/carrier-00000001", call, 0, None, "incoming", "s", second(0)),
        ChannelStateChanged(call, RINGING, second(1)),
    ]
    return [*events, ChannelStateChanged(call, UP, second(2))] if answered else events


def incoming(call: str) -> list[ChannelEvent]:
    return [
        ChannelCreated(
            call, "PJSIP/carrier-00000002", call, RING, "+998901234567", "incoming", "998712000000", second(0)
        )
    ]


def parked(leg: str, phone: str = "op1") -> list[ChannelEvent]:
    return [
        ChannelCreated(leg, f"PJSIP/{phone}-0000000a", leg, 0, None, "operator-phone", "s", second(-20)),
        ChannelStateChanged(leg, UP, second(-19)),
    ]


def talk(call: str, leg: str, bridge: str) -> list[ChannelEvent]:
    """The two are bridged and part again."""
    return [
        ChannelEnteredBridge(leg, bridge, second(3)),
        ChannelEnteredBridge(call, bridge, second(3.002)),
        ChannelLeftBridge(call, bridge, second(60)),
        ChannelLeftBridge(leg, bridge, second(60.001)),
    ]


def rung(call: str, leg: str, bridge: str) -> list[ChannelEvent]:
    """An agent's phone is rung for the call, answers, and hangs up first."""
    return [
        ChannelCreated(leg, "PJSIP/op2-0000000b", call, 0, None, "operator-phone", "s", second(3)),
        ChannelStateChanged(leg, RINGING, second(3.1)),
        ChannelStateChanged(leg, UP, second(4)),
        ChannelEnteredBridge(leg, bridge, second(4.1)),
        ChannelEnteredBridge(call, bridge, second(4.2)),
        ChannelLeftBridge(leg, bridge, second(50)),
        ChannelHungUp(leg, 16, None, second(50)),
        ChannelLeftBridge(call, bridge, second(50.1)),
    ]


def hung_up(channel: str, cause: int | None = 16, sip_status: str | None = None, at: float = 61) -> list[ChannelEvent]:
    return [ChannelHungUp(channel, cause, sip_status, second(at))]


def busy(call: str) -> list[ChannelEvent]:
    """As Asterisk tells it: hangup and failed originate, the one here before the other there."""
    failed = OriginateFailed(call, "PJSIP/+998902000001@carrier", second(2))
    return [*outgoing(call, answered=False), *hung_up(call, 17, "486", 2), failed]
