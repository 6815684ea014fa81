"""Holds the conversations: callers briefed, the bot told to call them, what was written down compared."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from crm_core.db.call_outcomes import call_outcome, settled_numbers
from crm_core.errors import BadInput
from crm_core.voice_test.callers import Callers
from crm_core.voice_test.compare import Held, compared
from crm_core.voice_test.errands import Deed, Errand, Taken
from crm_core.voice_test.plans import Foreseen, Plan, number_of
from crm_core.voice_test.stage import Stage, start_campaign
from crm_core.voice_test.voices import Clips, Voice, mumble, voices_for
from ivr_bot.dialog.heard import HungUp, Noise, Pressed, Said
from ivr_bot.speech.models import find_vosk_model, find_whisper_model, places
from ivr_bot.speech.settings import SpeechSettings

#: No conversation lasts longer than this, on a busy machine and with every silence waited for.
_LONGEST_TALK = 150.0
#: A conversation is written down when the bot has hung up, which may be a moment after the call is settled.
_WRITTEN_WITHIN = 10.0
_LOOK_EVERY = 0.25

#: Told how many of the round's conversations are over, and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Round:
    """One call to each of some conversations, by number. `again` counts rounds; each has other voices."""

    callers: Mapping[str, Plan]
    voices: Mapping[str, Mapping[str, Voice]]  # per number and language
    again: int


@asynccontextmanager
async def playing(callers: Callers) -> AsyncIterator[asyncio.Task[None]]:
    """Callers take calls for as long as this is open. The task that does it ends only by a fault (Callers.run)."""
    task = asyncio.create_task(callers.run(), name="callers")
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Order:
    """How conversations are held: `at_once` at a time, `tries` calls at most for one in which a line was misheard."""

    script: Path
    clips: Clips
    at_once: int
    tries: int


async def hold(
    stage: Stage, callers: Callers, plans: Sequence[Plan], order: Order, progress: Progress = lambda done, of: None
) -> list[Held]:
    """Each conversation as it came out; one that differs where a line was misheard is held again, with other voices.

    In the order of `plans`. Raises BadInput or Unavailable when callers cannot be given voices.
    """
    held: dict[int, Held] = {}
    left = list(range(len(plans)))
    for again in range(order.tries):
        round_ = _round({place: plans[place] for place in left}, again)
        held |= dict(zip(left, await _hold_round(stage, callers, round_, order, progress), strict=True))
        left = [place for place in left if held[place].differences and held[place].misheard]
        if not left:
            break
    return [held[place] for place in range(len(plans))]


def heard_languages(speech: SpeechSettings, env: Mapping[str, str]) -> frozenset[str]:
    """Languages with a recogniser on this machine. Raises BadInput when a model that is set is not there."""
    for name in speech.vosk_models.values():
        find_vosk_model(name, places(speech.models_folder, env))
    found = set(speech.vosk_models)
    try:
        find_whisper_model()
    except BadInput:
        return frozenset(found)
    return frozenset({*found, "en"})


def _round(plans: Mapping[int, Plan], again: int) -> Round:
    callers = {number_of(place, again): plan for place, plan in plans.items()}
    voices = {number_of(place, again): _voices(plan, place + again) for place, plan in plans.items()}
    return Round(callers, voices, again)


def _voices(plan: Plan, turn: int) -> Mapping[str, Voice]:
    spoken = {foreseen.language for foreseen in plan.moves if isinstance(foreseen.move.heard, Said)}
    known = {language: voices_for(language) for language in spoken}
    return {language: voices[turn % len(voices)] for language, voices in known.items()}


async def _hold_round(stage: Stage, callers: Callers, round_: Round, order: Order, progress: Progress) -> list[Held]:
    for place, (number, plan) in enumerate(round_.callers.items()):
        errand = await asyncio.to_thread(_errand, plan, round_.voices[number], order.clips, place)
        callers.errands[number.removeprefix("+")] = errand
    name = f"voices {round_.again + 1}"
    campaign_id = await start_campaign(stage, name, order.script, round_.callers, order.at_once)
    await _until_over(stage, campaign_id, round_.callers, order.at_once, progress)
    return [await _compared(stage, number, plan, round_, callers.taken) for number, plan in round_.callers.items()]


def _errand(plan: Plan, voices: Mapping[str, Voice], clips: Clips, seed: int) -> Errand:
    deeds = [_deed(foreseen, voices, clips, seed) for foreseen in plan.moves if foreseen.deed]
    return Errand(tuple(deeds), stays=plan.ends)


def _deed(foreseen: Foreseen, voices: Mapping[str, Voice], clips: Clips, seed: int) -> Deed:
    match foreseen.move.heard:
        case Said(text=text):
            sound = clips.line(voices[foreseen.language], text)
            return Deed(sound, interrupts=foreseen.move.interrupts)
        case Pressed(digits=digits):
            return Deed(keys=digits, interrupts=foreseen.move.interrupts)
        case Noise():  # as text, too, a cough is one that stops the prompt
            return Deed(mumble(seed), interrupts=True)
        case HungUp():
            return Deed(hangs_up=True, interrupts=foreseen.move.interrupts)
        case _:
            return Deed()


async def _until_over(
    stage: Stage, campaign_id: int, expected: Mapping[str, Plan], at_once: int, progress: Progress
) -> None:
    """Until every call is settled and written down, or it has taken too long; what is missing then is a difference."""
    limit = _LONGEST_TALK * math.ceil(len(expected) / at_once)
    loop = asyncio.get_running_loop()
    began, settled_at = loop.time(), math.inf
    while (at := loop.time()) < min(began + limit, settled_at + _WRITTEN_WITHIN):
        for task in stage.running:
            if task.done():
                task.result()
        async with stage.database.reading() as work:
            settled = await settled_numbers(work, campaign_id)
            written = [await call_outcome(work, number) is not None for number in settled & set(expected)]
        progress(len(settled), len(expected))
        if len(settled) == len(expected):
            settled_at = min(settled_at, at)
            if all(written):
                return
        await asyncio.sleep(_LOOK_EVERY)


async def _compared(stage: Stage, number: str, plan: Plan, round_: Round, calls: Mapping[str, Taken]) -> Held:
    async with stage.database.reading() as work:
        outcome = await call_outcome(work, number)
    voices = ", ".join(voice.name for voice in round_.voices[number].values()) or "keys"
    return compared(plan, voices, calls.get(number.removeprefix("+")), outcome)
