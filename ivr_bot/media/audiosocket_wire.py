"""AudioSocket's frames: one byte type, two bytes length, payload (Asterisk: res_audiosocket.c, "AudioSocket")."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from ivr_bot.media import ulaw as g711
from ivr_bot.media.errors import MalformedMedia

_HEADER_BYTES = 3
HANG_UP, ID, KEY, AUDIO, FAULT = 0x00, 0x01, 0x03, 0x10, 0xFF
#: Signed linear, little endian, 8 kHz, mono.
_SLIN = np.dtype("<i2")
_KEYS = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, its payload not looked into."""

    kind: int
    payload: bytes

    def as_id(self) -> UUID:
        """The call's id. Raises MalformedMedia if it is something else."""
        if self.kind != ID or len(self.payload) != 16:
            raise MalformedMedia(f"an id of 16 bytes was to come, not type {self.kind} of {len(self.payload)} bytes")
        return UUID(bytes=self.payload)

    def as_ulaw(self) -> bytes:
        """The audio in our format."""
        if self.kind != AUDIO or len(self.payload) % 2:
            raise MalformedMedia(f"audio was to come, not type {self.kind} of {len(self.payload)} bytes")
        return g711.encode(np.frombuffer(self.payload, _SLIN).astype(np.int16))

    def as_key(self) -> str:
        """The key that was pressed."""
        key = self.payload.decode("latin-1")
        if self.kind != KEY or key not in _KEYS:
            raise MalformedMedia(f"a key was to come, not type {self.kind} with {key[:20]!r}")
        return key


def frame(kind: int, payload: bytes = b"") -> bytes:
    """The bytes of one frame; 65,535 bytes of payload at most."""
    return bytes((kind,)) + len(payload).to_bytes(2, "big") + payload


def audio_frame(ulaw: bytes) -> bytes:
    """Audio in our format, as AudioSocket wants it."""
    return frame(AUDIO, g711.decode(ulaw).astype(_SLIN).tobytes())


def call_id(secret: str, channel: str) -> UUID:
    """What the dialplan (hand-off, bot) makes of secret and channel: who does not know the one cannot guess the other.

    MD5 because func_md5 is in every Asterisk; 128 bits are what a UUID holds.
    """
    return UUID(bytes=hashlib.md5(f"{secret}{channel}".encode()).digest())


class FrameReader:
    """Cuts a stream into frames, however the pieces come."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Add what came; the frames it completes, in order."""
        self._buffer += data
        while len(self._buffer) >= _HEADER_BYTES:
            end = _HEADER_BYTES + int.from_bytes(self._buffer[1:_HEADER_BYTES], "big")
            if len(self._buffer) < end:
                return
            kind, payload = self._buffer[0], bytes(self._buffer[_HEADER_BYTES:end])
            del self._buffer[:end]
            yield Frame(kind, payload)
