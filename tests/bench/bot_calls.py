"""The infobot at the trade's headline figure: 200 calls a minute, three of ten answered by people who speak.

Everything is on this machine: the service with its recogniser, two Asterisks, the people and the database. Response
times are read from the stereo recordings: from the last sound of the person to the first sound of the bot.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import psutil

from crm_core.domain.conversations import Party
from crm_core.errors import NotFound
from crm_core.handlers.conversations import transcript
from ivr_bot.speech.models import find_whisper_model
from ivr_bot.speech.whisper_stt import WhisperSpec, WhisperTranscriber
from ivr_bot.speech.workers import PoolLimits, opened_pool
from tests.bench.bot_people import SCRIPT, Answers, clips_in, number, people, rendered, silent_number
from tests.bench.bot_recordings import heard_and_said, response_seconds
from tests.bench.bot_site import BotSite, Campaign, held, running_bot
from tests.bench.rows import Row, at_least, at_most, figure, percentile
from tests.bench.site import Say

_HEADLINE, _MINUTES, _ANSWERED = 200, 5, 0.3
#: All answered, so many conversations a minute begun, for a minute each.
_STEPS = (60, 120, 200)
_FEW = 10
_QUESTIONS = ("may_ask", "rating", "part")


@dataclass(frozen=True, slots=True)
class Wave:
    """One campaign and what came of it.

    `right`, `other` (another value than was said) and `asked` count answers, `unlogged` turns of people that are not in
    the transcript. `cores` are processor seconds a second: of the service with its recognisers, and of the machine.
    """

    people: int
    talked: int
    finished: int
    right: int
    other: int
    asked: int
    unlogged: int
    response: list[float]
    rate: float  # dials a minute
    service_cores: float
    machine_cores: float

    @property
    def holds(self) -> bool:
        return self.talked == self.people and percentile(self.response, 0.95) <= 1.5


async def measure(folder: Path, say: Say) -> list[Row]:
    """With ten calls, at the headline figure, then up until something gives."""
    script = folder / "bench.yml"
    script.write_text(SCRIPT)
    answered = int(_HEADLINE * _MINUTES * _ANSWERED)
    most = _FEW + answered + sum(_STEPS)
    numbers = iter([number(n) for n in range(most)])
    clips = clips_in(folder)
    say("bot calls: rendering what people say")
    async with opened_pool(WhisperSpec(find_whisper_model()), PoolLimits(workers=1)) as pool:
        who = await people(most, clips, WhisperTranscriber(pool))
    expected = {number(n): one for n, one in enumerate(who)}
    async with running_bot(folder, await rendered(clips, who)) as site:
        say(f"bot calls: {_FEW} calls")
        few = await _wave(site, "few", script, list(islice(numbers, _FEW)), 120, expected)
        say(f"bot calls: {_HEADLINE} a minute for {_MINUTES} minutes")
        mixed = _mixed(list(islice(numbers, answered)))
        headline = await _wave(site, "headline", script, mixed, _HEADLINE, expected)
        rows = [*_few_rows(few), *_headline_rows(headline)]
        carried = 0
        for step in _STEPS:
            say(f"bot calls: {step} conversations a minute")
            wave = await _wave(site, f"step {step}", script, list(islice(numbers, step)), step, expected)
            rows += _step_rows(step, wave)
            carried = step if wave.holds else carried
            if not wave.holds:
                break
        rows.append(figure("bot calls: conversations a minute carried, p95 at most 1.5 s", carried, "/min"))
    return rows


def _mixed(answered: Sequence[str]) -> list[str]:
    """Of every ten numbers three are answered."""
    total = round(len(answered) / _ANSWERED)
    left, nobody = iter(answered), iter(range(total))
    return [next(left) if n % 10 in (1, 4, 7) else silent_number(next(nobody)) for n in range(total)]


async def _wave(
    site: BotSite, name: str, script: Path, numbers: Sequence[str], per_minute: float, expected: dict[str, Answers]
) -> Wave:
    began, before = time.monotonic(), _cpu(site)
    campaign = await held(site, name, script, numbers, per_minute)
    seconds, after = time.monotonic() - began, _cpu(site)
    cores = [(b - a) / seconds for a, b in zip(before, after, strict=True)]
    talked = finished = right = other = unlogged = 0
    response: list[float] = []
    persons = [one for one in numbers if one in expected]
    for one in persons:
        try:
            turns, answers = await transcript(campaign.dialed[one].attempt_id, site.database)
        except NotFound:
            continue
        talked += 1
        given, meant = {a.question: a.value for a in answers}, dict(zip(_QUESTIONS, expected[one].meant, strict=True))
        finished += len(given) == len(meant)
        right += sum(given.get(question) == value for question, value in meant.items())
        other += sum(given.get(question, value) != value for question, value in meant.items())
        taken = site.callers.taken.get(one.removeprefix("+"))
        logged = sum(turn.party is Party.PERSON for turn in turns)
        unlogged += max(0, (len(taken.exchanges) if taken is not None else 0) - logged)
        response += _responses(site, campaign, one)
    rate = (len(numbers) - 1) / campaign.dialing_minutes
    counts = (len(persons), talked, finished, right, other, len(_QUESTIONS) * talked, unlogged)
    return Wave(*counts, response, rate, *cores)


def _responses(site: BotSite, campaign: Campaign, number_: str) -> list[float]:
    file = campaign.recording(site, number_)
    return [] if file is None else response_seconds(*heard_and_said(file))


def _cpu(site: BotSite) -> tuple[float, float]:
    """Processor seconds so far: of the service with its recognisers, and of the whole machine."""
    service = psutil.Process(site.service.pid)
    times = [one.cpu_times() for one in (service, *service.children(recursive=True))]
    machine = psutil.cpu_times()
    return sum(one.user + one.system for one in times), machine.user + machine.system + machine.nice


def _few_rows(wave: Wave) -> list[Row]:
    return [
        at_most(f"bot, {_FEW} calls: response p50", percentile(wave.response, 0.5), "s", 0.7),
        figure(f"bot, {_FEW} calls: response p95", percentile(wave.response, 0.95), "s"),
    ]


def _headline_rows(wave: Wave) -> list[Row]:
    what = f"bot, {_HEADLINE} calls a minute:"
    return [
        at_least(f"{what} dialed a minute", wave.rate, "/min", 0.97 * _HEADLINE),
        at_least(f"{what} talked with, of {wave.people} who answered", wave.talked, "", wave.people),
        figure(f"{what} talked to the last question", wave.finished, ""),
        figure(f"{what} answers right, of {wave.asked}", wave.right, ""),
        at_most(f"{what} answers another value than said", 100 * wave.other / max(1, wave.asked), "%", 1),
        at_most(f"{what} turns not logged", wave.unlogged, "", 0),
        at_most(f"{what} response p50, of {len(wave.response)}", percentile(wave.response, 0.5), "s", 0.8),
        at_most(f"{what} response p95", percentile(wave.response, 0.95), "s", 1.5),
        figure(f"{what} cores, service and recogniser", wave.service_cores, ""),
        figure(f"{what} cores, whole machine", wave.machine_cores, ""),
    ]


def _step_rows(step: int, wave: Wave) -> list[Row]:
    what = f"bot, {step} conversations a minute:"
    return [
        figure(f"{what} talked with, of {wave.people}", wave.talked, ""),
        figure(f"{what} response p50", percentile(wave.response, 0.5), "s"),
        figure(f"{what} response p95", percentile(wave.response, 0.95), "s"),
        figure(f"{what} cores, service and recogniser", wave.service_cores, ""),
        figure(f"{what} cores, whole machine", wave.machine_cores, ""),
    ]
