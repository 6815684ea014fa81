"""How a caller knows that the bot speaks, falls silent and answers: by the level of what he hears. Pure."""

from __future__ import annotations

import numpy as np

from crm_core.voice_test.errands import Exchange, Taken
from ivr_bot.media.ports import FRAME_BYTES, FRAME_MS, SILENCE
from ivr_bot.speech.audio import samples_of

#: Louder than this is the bot's voice: prompts are levelled to -23 dBFS, an idle line is digital silence.
SOUND_DBFS = -45.0
#: A shorter gap is one between words.
_GAP = 0.2
_POWERS = np.square(samples_of(bytes(range(256))), dtype=np.float64)
_LEAST_POWER = 10 ** (SOUND_DBFS / 10)
_SILENT = SILENCE * FRAME_BYTES
_FRAME = FRAME_MS / 1000


def is_sound(ulaw: bytes) -> bool:
    """Whether these 20 ms are loud enough to be speech."""
    if ulaw == _SILENT:
        return False
    return bool(_POWERS[np.frombuffer(ulaw, np.uint8)].mean() >= _LEAST_POWER)


class Ears:
    """Notes in `taken` when the bot is heard. Instants are seconds of the caller's clock, at which a frame came."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self.last_sound: float | None = None  # when the latest sound ended
        self._sounds_since = 0.0  # when the stretch of speech that is heard now began

    def hear(self, ulaw: bytes, at: float) -> None:
        """Take the 20 ms that came at `at`."""
        if not is_sound(ulaw):
            return
        began = at - _FRAME
        gap = began - self.last_sound if self.last_sound is not None else _GAP
        if gap >= _GAP:
            self._sounds_since = began
        if self._taken.exchanges:
            _note(self._taken.exchanges[-1], began, at, self._sounds_since)
        else:
            self._taken.greeted = began if self._taken.greeted is None else self._taken.greeted
            self._taken.greeted_until = at
        self.last_sound = at


def _note(exchange: Exchange, began: float, at: float, since: float) -> None:
    """The bot is heard after a deed: it still says what it was saying before, or it answers."""
    if since < exchange.began:
        exchange.silenced = at
        return
    if exchange.answered is None:
        exchange.answered = began
    exchange.finished = at
