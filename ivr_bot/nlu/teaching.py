"""Learning from labels while the service goes on: in a process of its own, and Rasa after it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from crm_core.domain.conversations import Label
from crm_core.domain.scripts import LanguageScore, Lesson
from crm_core.errors import BadInput, CrmError, Unavailable
from ivr_bot.nlu import rasa_site
from ivr_bot.nlu.sentences import all_examples, name_of
from ivr_bot.nlu.settings import NluSettings

log = logging.getLogger(__name__)

#: Longer than any machine that can run the bot takes for it.
_AT_MOST = 600.0  # seconds
Told = Callable[[int, int], None]


async def teach(nlu: NluSettings, scripts: Path, labels: Sequence[Label], told: Told) -> Lesson:
    """Learn from the labels, if the model gets no worse by them; `told` hears how many of how many steps are done.

    Raises BadInput for a sentence that is known with another meaning, Unavailable when the process fails."""
    order = {
        "own": str(nlu.own),
        "kept": str(nlu.kept),
        "scripts": str(scripts),
        "labels": [[label.language, label.intent, label.text] for label in labels],
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr_bot.nlu.teach_main", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_AT_MOST):
            answer = await _heard(child, json.dumps(order).encode(), told)
    except TimeoutError:
        raise Unavailable(f"learning takes longer than {_AT_MOST:g} s") from None
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
    if "fault" in answer:
        raise BadInput(*answer["fault"])
    found = answer["lesson"]
    return Lesson(found["taken"], found["why"], _scores(found["before"]), _scores(found["after"]))


async def _heard(child: asyncio.subprocess.Process, order: bytes, told: Told) -> Mapping[str, Any]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(order)
    child.stdin.write_eof()
    async for line in child.stdout:
        said: dict[str, Any] = json.loads(line)
        if "step" not in said:
            return said
        told(*said["step"])
    raise Unavailable("the process that learns has ended without an answer: what it said is in the service's log")


def _scores(by_language: Mapping[str, Mapping[str, Any]]) -> tuple[LanguageScore, ...]:
    names = ("sentences", "right", "outside", "accepted")
    return tuple(LanguageScore(language, *(one[name] for name in names)) for language, one in by_language.items())


async def teach_rasa(nlu: NluSettings, env: Mapping[str, str], home: Path) -> bool:
    """Give Rasa today's sentences too; False where it does not run or is not installed, or keeps its old model: its
    twin goes on then."""
    site = rasa_site.rasa_site(env, home)
    if nlu.rasa_url is None or not site.is_installed:
        return False
    try:
        examples = await asyncio.to_thread(all_examples, nlu.own)
        await rasa_site.swap(nlu.rasa_url, await rasa_site.train(site, examples, name_of(examples), env))
    except CrmError as error:
        log.warning("Rasa keeps its old model", extra={"error": str(error)})
        return False
    return True
