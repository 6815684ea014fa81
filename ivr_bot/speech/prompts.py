"""Prompts ready to play: each rendered once, kept by what decides its sound, never missing in a call."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crm_core.errors import BadInput, CrmError
from ivr_bot.speech.audio import ulaw_of
from ivr_bot.speech.ports import LINE_RATE, SPEECH_DBFS, Speaker
from ivr_bot.speech.precedence import Precedence
from ivr_bot.speech.recorded import content_hash, line_audio
from ivr_bot.speech.tidying import delete_unused

_FORMAT = "1"  # change it when the same key would come to sound otherwise
_IN_MEMORY = 500  # prompts, about 20 kB each
_AT_ONCE = 2  # renderings
#: Ranks of what is rendered: somebody waits for it; somebody is to be dialed; no call is known to want it. After `NOW`,
#: turns of a call until then.
NOW, AHEAD, SOME_DAY = 0, 500, 1000

#: Played where a prompt is missing.
DEFAULT_TEXTS: Mapping[str, str] = {
    "en": "I am sorry, something went wrong. We will call you back.",
    "ru": "Извините, произошла ошибка. Мы вам перезвоним.",
    "uz": "Kechirasiz, xatolik yuz berdi. Sizga qayta qo'ng'iroq qilamiz.",
}

#: Played where words of the lead's own are not rendered yet and the line is silent.
WAIT_TEXTS: Mapping[str, str] = {
    "en": "One moment, please.",
    "ru": "Одну минуту, пожалуйста.",
    "uz": "Bir daqiqa, iltimos.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Words to be said."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A file to be played."""

    file: Path


Part = Line | Recording


@dataclass(frozen=True, slots=True)
class Failure:
    """A part that could not be rendered, and why."""

    part: Part
    why: str


#: Parts done and parts in all.
Progress = Callable[[int, int], None]


class Prompts:
    """The prompts of a site. `speakers`: one per language."""

    def __init__(self, folder: Path, speakers: Mapping[str, Speaker], dbfs: float = SPEECH_DBFS) -> None:
        self._folder = folder
        self._speakers = dict(speakers)
        self._dbfs = dbfs
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._making: dict[str, asyncio.Task[bytes]] = {}
        self._room = Precedence(_AT_ONCE)

    async def audio(self, part: Part, rank: int = NOW) -> bytes:
        """µ-law of a part, rendered if it never was: of several, those of the lowest rank first.

        Raises BadInput, Unavailable.
        """
        key = await asyncio.to_thread(self._key, part)
        kept = self._kept.get(key) or await asyncio.to_thread(self._read, key)
        if kept is not None:
            self._keep(key, kept)
            return kept
        if key in self._making:
            self._room.hurry(key, rank)
        else:
            self._making[key] = task = asyncio.create_task(self._make(key, part, rank), name="render a prompt")
            task.add_done_callback(lambda done: self._made(key, done))
        # Another caller may wait for the same: one who gives up must not take it from the rest.
        return await asyncio.shield(self._making[key])

    async def render_all(self, parts: Iterable[Part], progress: Progress | None = None) -> list[Failure]:
        """Render what a campaign needs before it starts, and its languages' spare words. What failed, in order.

        What nobody has played for a month goes: mostly words of leads' own."""
        await asyncio.to_thread(delete_unused, self._folder)
        wanted = list(dict.fromkeys(parts))
        languages = {part.language for part in wanted if isinstance(part, Line)}
        spare = [line for language in sorted(languages) for line in spare_lines(language)]
        wanted += [line for line in spare if line not in wanted]
        done = 0

        async def one(part: Part) -> Failure | None:
            nonlocal done
            try:
                await self.audio(part, SOME_DAY)
                return None
            except CrmError as fault:
                return Failure(part, str(fault))
            finally:
                done += 1
                if progress is not None:
                    progress(done, len(wanted))

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(part)) for part in wanted]
        return [failure for task in tasks if (failure := task.result()) is not None]

    async def at_hand(self, part: Part) -> bytes | None:
        """µ-law of a part that is rendered already, or None."""
        try:
            return await asyncio.to_thread(self._ready, part)
        except CrmError:
            return None

    async def for_call(self, part: Part, language: str) -> tuple[bytes, str | None]:
        """What to play now, and what was wrong if it is not what was wanted: a call never waits for a rendering.

        What is missing is replaced by the default text, and that by two tones.
        """
        why = "it was not rendered before the call"
        for wanted in (part, _default_line(language)):
            if wanted is None:
                continue
            try:
                ready = await asyncio.to_thread(self._ready, wanted)
            except CrmError as fault:
                why, ready = str(fault), None
            if ready is not None:
                return ready, None if wanted is part else why
        return two_tones(), why

    async def close(self) -> None:
        """Give up renderings under way, and end what speaks."""
        for task in list(self._making.values()):
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)
        await asyncio.gather(*(speaker.close() for speaker in dict.fromkeys(self._speakers.values())))

    def _key(self, part: Part) -> str:
        match part:
            case Recording(file):
                said = ("recording", content_hash(file), f"{self._dbfs:g}")
            case Line(text, language):
                said = ("text", self._speaker(language).identity(language), unicodedata.normalize("NFC", text))
        return hashlib.sha256("\0".join((_FORMAT, *said)).encode()).hexdigest()

    def _speaker(self, language: str) -> Speaker:
        if language not in self._speakers:
            raise BadInput("language", f"nobody speaks {language!r} here")
        return self._speakers[language]

    def _ready(self, part: Part) -> bytes | None:
        key = self._key(part)
        return self._kept.get(key) or self._read(key)

    async def _make(self, key: str, part: Part, rank: int) -> bytes:
        async with self._room.place(key, rank):
            match part:
                case Recording(file):
                    audio = await asyncio.to_thread(line_audio, file, self._dbfs)
                case Line(text, language):
                    audio = await self._speaker(language).speak(text, language)
            await asyncio.to_thread(self._write, key, audio)
        self._keep(key, audio)
        return audio

    def _made(self, key: str, done: asyncio.Task[bytes]) -> None:
        del self._making[key]
        if not done.cancelled():
            done.exception()  # told to those who wait; all of them may have given up

    def _keep(self, key: str, audio: bytes) -> None:
        self._kept[key] = audio
        self._kept.move_to_end(key)
        while len(self._kept) > _IN_MEMORY:
            self._kept.popitem(last=False)

    def _read(self, key: str) -> bytes | None:
        file = self._folder / f"{key}.ulaw"
        try:
            ulaw = file.read_bytes() or None
            with suppress(PermissionError):  # another account's
                os.utime(file)  # it is in use
        except FileNotFoundError:
            return None
        return ulaw

    def _write(self, key: str, audio: bytes) -> None:
        """At one stroke: a reader finds a whole prompt or none."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as out:
            out.write(audio)
        os.replace(out.name, self._folder / f"{key}.ulaw")


def two_tones() -> bytes:
    """Half a second of two tones, for when there are no words at all."""
    at = np.arange(LINE_RATE // 4) / LINE_RATE
    tones = [np.sin(2 * np.pi * pitch * at).astype(np.float32) * np.float32(0.1) for pitch in (600, 450)]
    return ulaw_of(np.concatenate(tones))


def wait_line(language: str) -> Line:
    """Asks for a moment; in English where nobody has said how."""
    known = language if language in WAIT_TEXTS else "en"
    return Line(WAIT_TEXTS[known], known)


def spare_lines(language: str) -> tuple[Line, ...]:
    """What is played where something else is missing: to be rendered before any call."""
    default = _default_line(language)
    return () if default is None else (default, wait_line(language))


def _default_line(language: str) -> Line | None:
    text = DEFAULT_TEXTS.get(language)
    return None if text is None else Line(text, language)
