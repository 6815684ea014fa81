"""A link into a recording leads to the words of the answer, on real Asterisks."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crm_core.db.tables import attempts, recordings
from crm_core.domain.campaigns import DialMode, Record
from crm_core.handlers.campaigns import put_trunk
from crm_core.handlers.surveys import talks
from tests.asterisk.asterisk import Pair
from tests.asterisk.scene import TRUNK, Scene, opened_scene
from tests.asterisk.test_bot import SURVEY

#: They press 1, say a digit with a person's voice, then a sentence.
PEOPLE = {Record.BRIDGED: "+998931530001", Record.ANSWERED: "+998931830002"}
FRAME = 400  # samples: 50 ms
#: A player begins half a second before the first word.
BEFORE = 0.5


@pytest.fixture
async def scene(pair: Pair, tmp_path: Path, sqlite_url: str) -> AsyncIterator[Scene]:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "survey.yml").write_text(SURVEY)
    async with opened_scene(pair, tmp_path, sqlite_url, TRUNKLINE_ROLES="web,pbx,dialer,worker,bot") as scene:
        yield scene


async def test_at_the_second_of_an_answer_its_words_begin(scene: Scene, pair: Pair) -> None:
    await put_trunk(scene.database, replace(TRUNK, prefixes=("+99893",)))
    for record, number in PEOPLE.items():
        await scene.campaign(number, name=record.value, mode=DialMode.BOT, script="survey", record=record)
    for record, number in PEOPLE.items():
        attempt = await scene.row(attempts, attempts.c.number == number, fact=lambda row: row.settled_at, wait=60)
        await scene.row(recordings, recordings.c.call_id == attempt.id)
        ((talk,),) = [some async for some in talks(record.value, scene.database)]
        loud = _loud(pair.pbx.recordings / str(talk.recording))
        for question in ("rating", "why"):
            second = talk.answers[question].second
            assert second is not None
            begins = next(place / 20 for place in range(len(loud)) if place / 20 >= second - 0.5 and loud[place])
            assert abs(begins - BEFORE - second) < 0.4, (record, question, second, begins)


def _loud(path: Path) -> list[bool]:
    """Where the person speaks, by frame: he is on the left."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)[:, 0].astype(float)
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    return [bool(level > 200) for level in np.sqrt((frames**2).mean(axis=1))]
