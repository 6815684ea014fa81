"""A person's own words by the real voice: rendered while the words before them are played."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ivr_bot.dialog.actions import Actions, Play
from ivr_bot.dialog.engine import begin, step
from ivr_bot.dialog.heard import Said
from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.shipped import found_script
from ivr_bot.dialog.state import Dialog
from ivr_bot.media.ports import Played
from ivr_bot.player import Player
from ivr_bot.speech.prompts import NOW, Line, Part, Prompts
from ivr_bot.speech.pyttsx3_tts import VOICES, Pyttsx3Speaker
from ivr_bot.warming import parts_of
from tests.fakes.call_media import FakeCallMedia

AT = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
OFFER = {"company": "Lola", "offer": "a blue bicycle", "price": "ninety dollars", "currency": "USD", "name": "Ali"}
#: The line passes frames faster than life by this: harder for the voice than any call.
FASTER = 2


@dataclass
class Watched:
    """Prompts as they are, and which of them a silent line had to wait for."""

    prompts: Prompts
    is_silent: Callable[[], bool] = lambda: True
    waited: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def audio(self, part: Part, rank: int = NOW) -> bytes:
        if rank == NOW and isinstance(part, Line):
            self.asked.append(part.text)
            if await self.prompts.at_hand(part) is None and self.is_silent():
                self.waited.append(part.text)
        return await self.prompts.audio(part, rank)

    async def at_hand(self, part: Part) -> bytes | None:
        return await self.prompts.at_hand(part)

    async def for_call(self, part: Part, language: str) -> tuple[bytes, str | None]:
        return await self.prompts.for_call(part, language)


async def _play(player: Player, call: FakeCallMedia, dialog: Dialog, actions: Actions) -> None:
    """Play what is to be said, to its end."""
    for action in actions:
        if isinstance(action, Play):
            await player.play(action, dialog.language, dialog.node)
    while not player.is_silent:
        await asyncio.sleep(0.02 / FASTER)
        call.pass_frame()
        for event in await call.events():
            if isinstance(event, Played):
                player.played(event.mark)


async def test_only_the_very_first_words_of_a_call_are_waited_for(tmp_path: Path) -> None:
    script = load_script(found_script("customer_offer"))
    watched = Watched(Prompts(tmp_path, dict.fromkeys(VOICES, Pyttsx3Speaker())))
    assert await watched.prompts.render_all(parts_of(script, tmp_path)) == []
    call = FakeCallMedia()
    player = Player(call, watched, tmp_path)
    watched.is_silent = lambda: player.is_silent
    dialog, actions = begin(script, {name: OFFER[name] for name in (*script.fields, "name")}, "en", AT)
    player.foresee(dialog)
    await _play(player, call, dialog, actions)
    for said in (Said("hm", 1.0, AT), Said("what does it cost", 1.0, AT, "price", 0.9)):
        dialog, actions = step(dialog, said)
        await _play(player, call, dialog, actions)
    player.close()
    assert watched.waited == ["Hello Ali, this is the automatic assistant of Lola."]
    assert [text for text in watched.asked if any(OFFER[name] in text for name in ("offer", "price"))] == [
        "For our customers we have a blue bicycle. Would you like to hear more?",
        "Does a blue bicycle interest you?",
        "The price is ninety dollars.",
    ]
    await watched.prompts.close()
