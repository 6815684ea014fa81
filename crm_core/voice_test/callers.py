"""Plays callers on the simulated network: takes its calls over websockets, listens, speaks, presses, hangs up.

One process plays hundreds: sounds are rendered before, and nothing is recognised here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cache

import numpy as np

from crm_core.errors import NotFound
from crm_core.voice_test.ears import Ears
from crm_core.voice_test.errands import Deed, Errand, Exchange, Taken
from ivr_bot.media.ports import BYTES_PER_MS, CallMedia, Heard, HungUp, MediaEvent, Played
from ivr_bot.media.settings import MediaSettings
from ivr_bot.media.websocket import WebsocketMedia
from ivr_bot.speech.audio import Samples, ulaw_of
from pbx.control_ami import AMI_USERNAME, ami_exchange
from pbx.errors import AmiRefused
from pbx.site import PbxSite

log = logging.getLogger(__name__)

#: Silence of the bot for so long, in seconds, is the end of what it says ...
PAUSE = 0.7
#: ... and after an interruption, when it may only have stopped for a moment.
_PAUSE_INTERRUPTED = 2.5
#: Who interrupts lets the bot speak for so long first, and the bot takes nothing said earlier in a call for more than
#: a hello (ivr_bot.session).
_INTO_PROMPT, _HELLO = 1.0, 2.0
#: Longer than any question's patience: a bot that says nothing for so long has failed.
_LONGEST_WAIT = 40.0
#: For the bot to hang up after its last word.
_FAREWELL = 15.0
_KEY_SECONDS = 0.3
_BED_SECONDS, _BED_DBFS = 5, -65.0
_BED, _SAID = "bed", "said"

#: Presses one key on a channel of the network. Raises AmiRefused.
Press = Callable[[str, str], Awaitable[None]]


class Callers:
    """Every caller of one network. `errands` by number without plus sign; `taken` fills as calls come.

    `now` is the service's clock, so that what callers did can be laid beside what was written down.
    """

    def __init__(self, network: PbxSite, now: Callable[[], datetime]) -> None:
        settings = MediaSettings("127.0.0.1", network.callers_port, network.callers_port + 1, network.bot_secret)
        self._media = WebsocketMedia(settings, self._serve)
        self._now = now
        self._press = _presser(network)
        self.errands: dict[str, Errand] = {}
        self.taken: dict[str, Taken] = {}

    async def run(self) -> None:
        """Take calls until cancelled. Raises Unavailable where another program has the port."""
        await self._media.run()

    async def _serve(self, call: CallMedia) -> None:
        number, _, channel = call.channel.partition("_")
        errand = self.errands.get(number)
        if errand is None:
            raise NotFound("caller", number, "Nobody has said what he is to do")
        taken = self.taken[number] = Taken(number, self._now(), asyncio.get_running_loop().time())
        await Caller(call, channel, errand, taken, self._press).run()


class Caller:
    """One call."""

    def __init__(self, call: CallMedia, channel: str, errand: Errand, taken: Taken, press: Press) -> None:
        self._call, self._channel, self._errand = call, channel, errand
        self._taken, self._press = taken, press
        self._ears = Ears(taken)
        self._clock = asyncio.get_running_loop().time
        self._gone = False
        self._said = False

    async def run(self) -> None:
        """Do the errand; whoever hangs up first."""
        self._fill_line()
        try:
            for deed in self._errand.deeds:
                await self._await_turn(deed)
                if self._gone or self._taken.unanswered or deed.hangs_up:
                    return
                await self._do(deed)
            await self._until_finished()
            if self._errand.stays:
                await self._until(lambda: None, self._clock() + _FAREWELL)
        finally:
            self._taken.dropped, self._taken.ended = self._gone, self._clock()

    # --- what he does ------------------------------------------------------------------------------------------
    async def _do(self, deed: Deed) -> None:
        if deed.sound:
            await self._say(deed.sound)
            return
        began = self._clock()
        exchange = Exchange(began, began)
        self._taken.exchanges.append(exchange)
        for place, key in enumerate(deed.keys):
            if place:
                await self._until(lambda: None, self._clock() + _KEY_SECONDS)
            exchange.ended = self._clock()
            await self._press_key(key)

    async def _say(self, sound: bytes) -> None:
        await self._call.stop_playing()
        self._said = False
        began = self._clock()
        self._call.play(sound, _SAID)
        self._fill_line()
        exchange = Exchange(began, began + len(sound) / BYTES_PER_MS / 1000)
        self._taken.exchanges.append(exchange)
        # His speech is over when the switch says so; it owns the clock of the line.
        await self._until(lambda: self._clock() if self._said else None, began + _LONGEST_WAIT)
        exchange.ended = self._clock()

    async def _press_key(self, key: str) -> None:
        try:
            await self._press(self._channel, key)
        except AmiRefused as error:
            log.error("a caller's key was not pressed", extra={"channel": self._channel, "why": str(error)})

    def _fill_line(self) -> None:
        """A telephone line is never quite still, and the bot counts its frames: noise until he speaks."""
        for _ in range(2):
            self._call.play(_noise_bed(), _BED)

    # --- what he waits for -------------------------------------------------------------------------------------
    async def _await_turn(self, deed: Deed) -> None:
        if not deed.interrupts:
            await self._until_finished()
            return
        await self._until(self._interruption_due, self._clock() + _LONGEST_WAIT)

    def _interruption_due(self) -> float | None:
        """When the bot has said enough to be interrupted, or has finished before that."""
        exchanges = self._taken.exchanges
        spoke_from = exchanges[-1].answered if exchanges else self._taken.greeted
        finished = self._finish_due()
        if spoke_from is None or finished is None:
            return finished
        return min(finished, max(spoke_from + _INTO_PROMPT, self._taken.clock_at + _HELLO))

    async def _until_finished(self) -> None:
        """Until the bot has said something since the last deed, and been silent for as long as ends a prompt."""
        give_up = self._clock() + _LONGEST_WAIT
        await self._until(self._finish_due, give_up)
        self._taken.unanswered = not self._gone and self._clock() >= give_up

    def _finish_due(self) -> float | None:
        """When the bot will have finished if it says no more; None: it has not begun."""
        last = self._ears.last_sound
        if not self._taken.exchanges:
            return last + PAUSE if last is not None else None
        exchange = self._taken.exchanges[-1]
        if exchange.finished is not None:
            return exchange.finished + PAUSE
        return exchange.silenced + _PAUSE_INTERRUPTED if exchange.silenced is not None else None

    async def _until(self, due: Callable[[], float | None], give_up: float) -> None:
        """Listen until the instant that `due` names has come, until `give_up`, or until the call is over."""
        while not self._gone:
            at = due()
            wake = give_up if at is None else min(at, give_up)
            if self._clock() >= wake:
                return
            try:
                async with asyncio.timeout_at(wake):
                    events = await self._call.events()
            except TimeoutError:
                continue
            for event in events:
                self._take(event)

    def _take(self, event: MediaEvent) -> None:
        match event:
            case Heard(ulaw):
                self._ears.hear(ulaw, self._clock())
            case Played(mark) if mark == _SAID:
                self._said = True
            case Played():
                self._call.play(_noise_bed(), _BED)
            case HungUp():
                self._gone = True
            case _:
                pass


def _presser(network: PbxSite) -> Press:
    def press(channel: str, key: str) -> None:
        with ami_exchange("127.0.0.1", network.ports.ami, AMI_USERNAME, network.ami_secret) as ami:
            answer = ami.ask("PlayDTMF", Channel=channel, Digit=key)
            if answer.get("Response") != "Success":
                raise AmiRefused(f"key {key} on {channel}: {answer.get('Message', 'no reason given')}")

    return lambda channel, key: asyncio.to_thread(press, channel, key)


@cache
def _noise_bed() -> bytes:
    length = _BED_SECONDS * 1000 * BYTES_PER_MS
    noise: Samples = np.random.default_rng(1).normal(0, 10 ** (_BED_DBFS / 20), length).astype(np.float32)
    return ulaw_of(noise)
