"""The text side of Asterisk's media websocket: its events parsed, our commands written (chan_websocket, plain text).

The names are those of channels/chan_websocket.c of Asterisk 22.10 and of its documentation page "WebSocket Channel".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivr_bot.media.errors import MalformedMedia
from ivr_bot.media.ports import FRAME_BYTES

FLUSH = "FLUSH_MEDIA"
ASK_STATUS = "GET_STATUS"
HANG_UP = "HANGUP"
#: Asterisk refuses binary messages above 65,500 bytes by hanging up.
LONGEST_MESSAGE = 65_500
_KEYS = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True)
class MediaStarted:
    """The first event: ids and names of Asterisk's media channel (not the person's) and its audio format."""

    connection: str
    channel_name: str
    channel: str
    format: str
    frame_bytes: int


@dataclass(frozen=True, slots=True)
class MarkReached:
    """Everything sent before the mark has been played. `generation` counts stops, `position` frames since the last."""

    generation: int
    position: int


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many frames Asterisk holds and has not played."""

    frames: int


@dataclass(frozen=True, slots=True)
class KeyPressed:
    digit: str


@dataclass(frozen=True, slots=True)
class QueueFull:
    """MEDIA_XOFF: send no more audio until QueueFree."""


@dataclass(frozen=True, slots=True)
class QueueFree:
    """MEDIA_XON."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Asterisk did not understand or may not do what we asked."""

    text: str


@dataclass(frozen=True, slots=True)
class Other:
    """An event of a later Asterisk, or one that we do not ask for."""

    name: str


WireEvent = MediaStarted | MarkReached | QueueState | KeyPressed | QueueFull | QueueFree | Refused | Other


def mark(generation: int, position: int) -> str:
    """Have Asterisk say when it has played everything before this. Ids are ours: 128 bytes is a command's limit."""
    return f"MARK_MEDIA {generation}-{position}"


def parse(text: str) -> WireEvent:
    """One event. Raises MalformedMedia if a known event lacks what belongs to it."""
    name, _, rest = text.strip().partition(" ")
    try:
        return _parsed(name, rest)
    except (KeyError, ValueError) as error:
        raise MalformedMedia(f"the switch sent {text[:200]!r}, which is no {name} event") from error


def _parsed(name: str, rest: str) -> WireEvent:
    match name:
        case "MEDIA_START":
            return _started(_fields(rest))
        case "MEDIA_MARK_PROCESSED":
            generation, position = rest.split("-")
            return MarkReached(_count(generation), _count(position))
        case "STATUS":
            return QueueState(_count(_fields(rest)["queue_length"]))
        case "DTMF_END":
            return KeyPressed(_key(_fields(rest)["digit"]))
        case "MEDIA_XOFF":
            return QueueFull()
        case "MEDIA_XON":
            return QueueFree()
        case "ERROR":
            return Refused(rest)
        case _:
            return Other(name)


def _started(fields: Mapping[str, str]) -> MediaStarted:
    started = MediaStarted(
        connection=fields["connection_id"],
        channel_name=fields["channel"],
        channel=fields["channel_id"],
        format=fields["format"],
        frame_bytes=_count(fields["optimal_frame_size"]),
    )
    if (started.format, started.frame_bytes) != ("ulaw", FRAME_BYTES):
        raise ValueError("µ-law in frames of 20 ms is what the dialplan asks for")
    return started


def _fields(rest: str) -> Mapping[str, str]:
    """`name:value` separated by blanks; values may hold colons, not blanks."""
    return dict((name, value) for name, colon, value in (word.partition(":") for word in rest.split()) if colon)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is no count")
    return int(text)


def _key(text: str) -> str:
    if text not in _KEYS:
        raise ValueError(f"{text!r} is no key")
    return text
