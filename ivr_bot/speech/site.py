"""The recognisers and voices of a site, put together from its settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from ivr_bot.speech.models import find_vosk_model, find_whisper_model, places
from ivr_bot.speech.piper_tts import PiperSpeaker
from ivr_bot.speech.ports import Speaker, Transcriber
from ivr_bot.speech.pyttsx3_tts import VOICES, Pyttsx3Speaker
from ivr_bot.speech.settings import SpeechSettings
from ivr_bot.speech.vosk_stt import VoskSpec
from ivr_bot.speech.vosk_transcriber import VoskTranscriber
from ivr_bot.speech.whisper_stt import WhisperSpec, WhisperTranscriber
from ivr_bot.speech.workers import PoolLimits, opened_pool


@asynccontextmanager
async def opened_transcribers(
    settings: SpeechSettings, env: Mapping[str, str]
) -> AsyncIterator[dict[str, Transcriber]]:
    """A recogniser per language: vosk where a model is set, Whisper for English where none is.

    On leaving, all their processes are gone. Raises BadInput: a model is not there; Unavailable: it cannot be loaded.
    """
    limits = PoolLimits(workers=settings.workers)
    where = places(settings.models_folder, env)
    found: dict[str, Transcriber] = {}
    async with AsyncExitStack() as stack:
        for language, name in settings.vosk_models.items():
            spec = VoskSpec(find_vosk_model(name, where), ready=limits.streams)
            pool = await stack.enter_async_context(opened_pool(spec, limits))
            # A grammar alone would take foreign words for answers, so here vosk hears freely.
            found[language] = VoskTranscriber(pool, language, grammars=False)
        if "en" not in found:
            pool = await stack.enter_async_context(opened_pool(WhisperSpec(find_whisper_model()), limits))
            found["en"] = WhisperTranscriber(pool)
        yield found


def speakers_of(settings: SpeechSettings) -> dict[str, Speaker]:
    """A voice per language: piper's where one is set, espeak-ng's otherwise. Raises BadInput: no such voice file."""
    espeak = Pyttsx3Speaker(dbfs=settings.prompt_dbfs)
    found: dict[str, Speaker] = dict.fromkeys(VOICES, espeak)
    if settings.piper_program and settings.piper_voices:
        piper = PiperSpeaker(settings.piper_program, settings.piper_voices, dbfs=settings.prompt_dbfs)
        found |= dict.fromkeys(settings.piper_voices, piper)
    return found
