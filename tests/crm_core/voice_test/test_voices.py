"""Voices of callers: real programs, other than the bot's; what they say has no silence around it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crm_core.errors import Unavailable
from crm_core.voice_test.ears import is_sound
from crm_core.voice_test.voices import Clips, Voice, mumble, trimmed, voices_for
from ivr_bot.media.ports import FRAME_BYTES
from ivr_bot.speech.audio import active_dbfs, samples_of
from ivr_bot.speech.ports import LINE_RATE
from ivr_bot.speech.pyttsx3_tts import VOICES as OF_THE_BOT


def test_english_callers_have_several_voices_and_none_is_the_bots() -> None:
    voices = voices_for("en", frozenset({"cmu_us_slt_arctic_hts"}))
    assert len(voices) >= 3
    assert "espeak-ng" not in {voice.program for voice in voices}


@pytest.mark.parametrize("language", ["ru", "uz"])
def test_other_languages_are_spoken_by_variants_of_the_synthesiser(language: str) -> None:
    voices = voices_for(language)
    assert len({voice.name for voice in voices}) == 3
    assert OF_THE_BOT[language] not in {voice.command[-1] for voice in voices}


def test_a_language_that_nobody_speaks_is_refused() -> None:
    with pytest.raises(Unavailable, match="no program speaks 'xx' here"):
        voices_for("xx")


def test_a_line_is_rendered_once_and_kept(tmp_path: Path) -> None:
    voice = voices_for("en")[0]
    sound = Clips(tmp_path).line(voice, "yes please")
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(sound[:FRAME_BYTES])
    assert Clips(tmp_path).line(voice, "yes please") == sound[:FRAME_BYTES]
    assert len(Clips(tmp_path).line(voice, "no thanks")) > FRAME_BYTES


@pytest.mark.parametrize(("language", "text"), [("en", "tomorrow at five"), ("ru", "завтра в пять"), ("uz", "ertaga")])
def test_speech_fills_its_clip_at_a_callers_level(tmp_path: Path, language: str, text: str) -> None:
    sound = Clips(tmp_path).line(voices_for(language)[0], text)
    assert 0.3 < len(sound) / LINE_RATE < 4
    assert len(sound) % FRAME_BYTES == 0
    assert -28 < active_dbfs(samples_of(sound)) < -22


def test_voices_differ(tmp_path: Path) -> None:
    clips = Clips(tmp_path)
    assert len({clips.line(voice, "yes") for voice in voices_for("en")}) == len(voices_for("en"))


def test_a_program_that_fails_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="flite nobody does not say 'yes'"):
        Clips(tmp_path).line(Voice("flite nobody", ("flite-that-is-not-there",)), "yes")


def test_silence_is_cut_at_both_ends_and_not_in_between() -> None:
    loud, quiet = np.full(400, 0.1, np.float32), np.zeros(1600, np.float32)
    left = trimmed(np.concatenate([quiet, loud, quiet, loud, quiet]))
    assert 2400 <= len(left) <= 2400 + 2 * FRAME_BYTES
    assert not np.any(trimmed(quiet))


def test_coughs_are_loud_short_and_each_another() -> None:
    coughs = [mumble(seed) for seed in range(20)]
    assert len(set(coughs)) == 20
    for cough in coughs:
        assert 0.2 < len(cough) / LINE_RATE < 0.6
        assert any(is_sound(cough[at : at + FRAME_BYTES]) for at in range(0, len(cough), FRAME_BYTES))
