"""Renders a script's prompts ahead: when its first call begins, all that does not wait for a lead's own words.

Those are rendered by first_words.py, before the dial, and by own_words.py, in the call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from crm_core.errors import CrmError
from ivr_bot.dialog.checks import FIELD
from ivr_bot.dialog.handing_over import NAME
from ivr_bot.dialog.ladder import said_anywhere
from ivr_bot.dialog.pieces import Audio, Text
from ivr_bot.dialog.script import Ask, End, Prompt, Say, Script, TransferTo
from ivr_bot.speech.prompts import SOME_DAY, Line, Part, Recording, spare_lines
from ivr_bot.speech.saying import can_be_said

log = logging.getLogger(__name__)

#: What depends on the day is not among these.
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)
#: How a prompt names a field of the lead or a slot.
_FIELD = "{"


class Renderer(Protocol):
    """What renders prompts (speech.prompts.Prompts)."""

    async def audio(self, part: Part, rank: int) -> bytes: ...


class Warmer:
    """One per process. A script that has changed is rendered again: what is cached already costs nothing."""

    def __init__(self, renderer: Renderer, recordings: Path) -> None:
        self._renderer, self._recordings = renderer, recordings
        self._known: dict[str, Script] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def warm(self, script: Script) -> Script:
        """Begin to render the prompts of a script not seen before; the script."""
        if self._known.get(script.name) is not script:
            self._known[script.name] = script
            task = asyncio.get_running_loop().create_task(self._render(script), name=f"prompts of {script.name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return script

    async def close(self) -> None:
        """Give up what is not rendered yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _render(self, script: Script) -> None:
        """One after the other, and after whatever a call under way wants."""
        spare = [line for language in script.languages for line in spare_lines(language)]
        for part in (*parts_of(script, self._recordings), *spare):
            try:
                await self._renderer.audio(part, SOME_DAY)
            except CrmError as error:
                facts = {"script": script.name, "part": str(part), "why": str(error)}
                log.error("a prompt cannot be rendered", extra=facts)


def parts_of(script: Script, recordings: Path, known: Mapping[str, str] | None = None) -> list[Part]:
    """Every part of the script's prompts that is the same in every call, each once; and what names the person alone, as
    it is said to those whose name nobody knows: it stands in where his own words are late.

    `known`: fields that hold the same for every lead, as a campaign sets them.
    """
    return list(dict.fromkeys((*_parts(script, recordings, known or {}), *_of_the_ladder(script))))


def _parts(script: Script, recordings: Path, known: Mapping[str, str]) -> Iterator[Part]:
    for prompt in _prompts(script):
        for wordings in prompt.wordings.values():
            for piece in (piece for pieces in wordings for piece in pieces):
                match piece:
                    case Audio(path):
                        yield Recording(recordings / path)
                    case Text(text, language):
                        if (said := _said_to_all(text, known)) is not None:
                            yield Line(said, language)


def _said_to_all(text: str, known: Mapping[str, str]) -> str | None:
    """A text as it is the same in every call, or for all whose name nobody knows; None where there is no such."""
    said = FIELD.sub(lambda found: known.get(found[1], found[0]), text)
    nameless = said.replace(f"{{{NAME}}}", "")
    if _FIELD in nameless or (nameless != said and not can_be_said(nameless)):
        return None
    return nameless


def _of_the_ladder(script: Script) -> Iterator[Part]:
    for language in script.languages:
        for text in said_anywhere(script, language, _ANY_DAY):
            yield Line(text.text, text.language)


def _prompts(script: Script) -> Iterator[Prompt]:
    for node in script.nodes.values():
        match node:
            case Ask(prompt=prompt, again=again):
                yield prompt
                if again is not None:
                    yield again
            case Say(prompt=prompt):
                yield prompt
            case TransferTo(prompt=prompt) | End(prompt=prompt) if prompt is not None:
                yield prompt
