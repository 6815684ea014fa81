"""Recorded audio as prompts."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from crm_core.errors import BadInput
from ivr_bot.speech.audio import active_dbfs, samples_of
from ivr_bot.speech.ports import LINE_RATE, SPEECH_DBFS
from ivr_bot.speech.recorded import MOST_SECONDS, RecordedSpeaker, line_audio, line_samples


def _tone(rate: int, seconds: float = 1.0, pitch: float = 440) -> NDArray[np.int16]:
    at = np.arange(int(rate * seconds)) / rate
    return (8000 * np.sin(2 * np.pi * pitch * at)).astype(np.int16)


def _wav(file: Path, samples: NDArray[np.int16], rate: int, channels: int = 1) -> Path:
    with wave.open(str(file), "wb") as out:
        out.setparams((channels, 2, rate, 0, "NONE", ""))
        out.writeframes(samples.repeat(channels).tobytes())
    return file


def _mp3(file: Path, samples: NDArray[np.int16], rate: int) -> Path:
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mp3", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16p", layout="mono")
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return file


def _pitch(ulaw: bytes) -> float:
    spectrum = np.abs(np.fft.rfft(samples_of(ulaw)))
    return float(np.argmax(spectrum)) * LINE_RATE / len(ulaw)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_a_wav_of_any_rate_keeps_length_pitch_and_gets_the_level(rate: int, tmp_path: Path) -> None:
    audio = line_audio(_wav(tmp_path / "tone.wav", _tone(rate), rate, channels=2))
    assert len(audio) == pytest.approx(LINE_RATE, abs=40)
    assert _pitch(audio) == pytest.approx(440, abs=3)
    assert active_dbfs(samples_of(audio)) == pytest.approx(SPEECH_DBFS, abs=0.5)


def test_what_a_telephone_cannot_carry_does_not_come_back_as_another_tone(tmp_path: Path) -> None:
    kept = line_samples(_wav(tmp_path / "high.wav", _tone(44100, pitch=7000), 44100))
    assert np.abs(kept[400:-400]).max() < 0.01


def test_an_mp3_is_read(tmp_path: Path) -> None:
    audio = line_audio(_mp3(tmp_path / "tone.mp3", _tone(44100), 44100))
    assert len(audio) == pytest.approx(LINE_RATE, abs=600)  # MP3 pads its ends
    assert _pitch(audio) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("content", [b"", b"no audio at all", b"RIFF\x24\0\0\0WAVEfmt "])
def test_what_is_no_audio_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "prompt.wav"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"prompt\.wav"):
        line_audio(file)


def test_a_file_without_a_sample_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        line_audio(_wav(tmp_path / "empty.wav", _tone(8000, 0), 8000))
    with pytest.raises(BadInput, match="there is no such file"):
        line_audio(tmp_path / "nobody.wav")


def test_a_whole_call_is_no_prompt(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="longer than 5 minutes"):
        line_audio(_wav(tmp_path / "call.wav", _tone(8000, MOST_SECONDS + 2), 8000))


async def test_a_new_recording_of_a_text_is_another_identity(tmp_path: Path) -> None:
    files = {("hello", "en"): _wav(tmp_path / "hello.wav", _tone(8000), 8000)}
    before = RecordedSpeaker(files).identity("en")
    _wav(tmp_path / "hello.wav", _tone(8000, pitch=500), 8000)
    assert RecordedSpeaker(files).identity("en") != before
    with pytest.raises(BadInput, match="there is no recording of 'bye'"):
        await RecordedSpeaker(files).speak("bye", "en")
