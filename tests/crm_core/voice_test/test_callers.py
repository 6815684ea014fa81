"""A caller waits, speaks, interrupts, presses, stays silent and leaves: on a clock that goes as fast as it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from crm_core.errors import Unavailable
from crm_core.voice_test.callers import PAUSE, Caller, Callers
from crm_core.voice_test.ears import is_sound
from crm_core.voice_test.errands import Deed, Errand, Taken
from ivr_bot.media.ports import FRAME_BYTES, SILENCE
from ivr_bot.speech.audio import ulaw_of
from pbx.site import NETWORK_PORTS, network_site
from tests.dialer import clock
from tests.fakes.call_media import FakeCallMedia

FRAME = 0.02
QUIET = SILENCE * FRAME_BYTES
LOUD = ulaw_of(np.full(FRAME_BYTES, 0.1, np.float32))
YES = LOUD * 20  # 0.4 s


@dataclass
class Scene:
    """One call: `bot` says at each instant whether it speaks, given when the caller was last heard (None: never)."""

    bot: Callable[[float, float | None], bool]
    ends_at: float = 60.0
    call: FakeCallMedia = field(default_factory=FakeCallMedia)
    pressed: list[str] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)

    def hold(self, *deeds: Deed, stays: bool = False) -> Taken:
        return clock.run(self._hold(Errand(deeds, stays)))

    async def _hold(self, errand: Errand) -> Taken:
        taken = Taken("998940000001", datetime(2031, 3, 4, tzinfo=UTC), asyncio.get_running_loop().time())
        line = asyncio.create_task(self._line())

        async def press(_channel: str, key: str) -> None:
            self.pressed.append(key)

        await Caller(self.call, "c", errand, taken, press).run()
        line.cancel()
        await asyncio.gather(line, return_exceptions=True)
        return taken

    async def _line(self) -> None:
        now = asyncio.get_running_loop().time
        while now() < self.ends_at:
            await asyncio.sleep(FRAME)
            is_loud = self.bot(now(), self.heard_at[-1] if self.heard_at else None)
            if is_sound(self.call.pass_frame(LOUD if is_loud else QUIET)):
                self.heard_at.append(now())
        self.call.leave()


def _answers_each(at: float, heard: float | None) -> bool:
    """Greets for 2 s, and answers for 1 s, half a second after it was last spoken to."""
    return at < 2 or (heard is not None and heard + 0.5 < at < heard + 1.5)


def test_he_speaks_when_the_bot_has_finished_and_times_are_right() -> None:
    taken = Scene(_answers_each).hold(Deed(YES), Deed(YES))
    first, second = taken.exchanges
    assert first.began == pytest.approx(2 + PAUSE, abs=2 * FRAME)
    assert first.ended - first.began == pytest.approx(0.4, abs=2 * FRAME)
    assert first.response_seconds == pytest.approx(0.5, abs=3 * FRAME)
    assert second.began == pytest.approx(first.ended + 1.5 + PAUSE, abs=3 * FRAME)
    assert (taken.dropped, taken.unanswered) == (False, False)


def test_who_interrupts_waits_until_the_bot_is_well_into_its_words() -> None:
    """It greets for 9 s, and falls silent 0.2 s after it is spoken to."""
    scene = Scene(lambda at, heard: at < min(9, scene.heard_at[0] + 0.2 if scene.heard_at else 9))
    taken = scene.hold(Deed(YES, interrupts=True))
    (exchange,) = taken.exchanges
    assert 1.0 <= exchange.began <= 2.5
    assert exchange.stop_seconds == pytest.approx(0.2, abs=3 * FRAME)


def test_a_short_prompt_cannot_be_interrupted_and_is_answered() -> None:
    taken = Scene(lambda at, heard: at < 0.5 or _answers_each(at + 2, heard and heard + 2)).hold(
        Deed(YES, interrupts=True)
    )
    assert taken.exchanges[0].began == pytest.approx(0.5 + PAUSE, abs=2 * FRAME)


def test_keys_are_pressed_one_by_one() -> None:
    scene = Scene(lambda at, heard: at < 1 or (bool(scene.pressed) and at < 6))
    taken = scene.hold(Deed(keys="12#"))
    assert scene.pressed == ["1", "2", "#"]
    assert taken.exchanges[0].ended - taken.exchanges[0].began >= 0.6


def test_who_says_nothing_waits_until_the_bot_asks_again() -> None:
    taken = Scene(lambda at, heard: at < 1 or 6 < at < 7 or _answers_each(at + 2, heard)).hold(Deed(), Deed(YES))
    silent, spoken = taken.exchanges
    assert silent.answered == pytest.approx(6, abs=3 * FRAME)
    assert spoken.began == pytest.approx(7 + PAUSE, abs=3 * FRAME)


def test_who_is_to_leave_leaves_and_nothing_is_done_after_it() -> None:
    scene = Scene(lambda at, heard: at < 1)
    taken = scene.hold(Deed(hangs_up=True), Deed(YES))
    assert taken.exchanges == []
    assert not taken.dropped
    assert taken.ended == pytest.approx(1 + PAUSE, abs=2 * FRAME)


def test_a_bot_that_hangs_up_is_told_from_one_that_falls_silent() -> None:
    gone = Scene(lambda at, heard: at < 1, ends_at=1.2).hold(Deed(YES))
    assert gone.dropped
    assert gone.exchanges == []
    silent = Scene(lambda at, heard: False, ends_at=300).hold(Deed(YES))
    assert silent.unanswered
    assert not silent.dropped


def test_who_stays_waits_for_the_bot_to_hang_up() -> None:
    taken = Scene(_answers_each, ends_at=12).hold(Deed(YES), stays=True)
    assert taken.dropped
    assert taken.ended == pytest.approx(12, abs=2 * FRAME)


def test_his_line_is_never_without_sound_of_its_own() -> None:
    """The bot counts frames to know that somebody has finished: noise fills the line before and after speech."""
    scene = Scene(_answers_each)
    scene.hold(Deed(YES))
    assert scene.call.prompts[:2] == ["bed", "bed"]
    assert scene.call.prompts[2:5] == ["said", "bed", "bed"]


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    callers = Callers(network_site(tmp_path, ports=replace(NETWORK_PORTS, ami=port - 1)), lambda: datetime.now(UTC))
    async with server, asyncio.timeout(5):
        with pytest.raises(Unavailable, match="cannot listen on"):
            await callers.run()
