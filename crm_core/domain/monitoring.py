"""How a supervisor takes part in a call of somebody else's."""

from __future__ import annotations

from enum import StrEnum


class MonitorMode(StrEnum):
    LISTEN = "listen"  # he hears both, nobody hears him
    WHISPER = "whisper"  # the agent hears him, the person does not
    BARGE = "barge"  # all three hear each other
