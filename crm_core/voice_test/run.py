"""`trunkline bot test FLOW --voice`: two Asterisks and a service for as long as it takes, and what came of it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crm_core.errors import BadInput
from crm_core.settings import Settings
from crm_core.voice_test.callers import Callers
from crm_core.voice_test.compare import Held
from crm_core.voice_test.errands import Taken
from crm_core.voice_test.holding import Order, heard_languages, hold, playing
from crm_core.voice_test.plans import Plan, Unspoken, plans_of
from crm_core.voice_test.show import print_report
from crm_core.voice_test.stage import Switches, opened_stage, opened_switches
from crm_core.voice_test.voices import Clips
from ivr_bot.dialog.conversations import Conversation
from ivr_bot.dialog.script import Script
from ivr_bot.speech.settings import speech_settings_from_env


@dataclass(frozen=True, slots=True)
class VoiceTest:
    """What is to be tried: `file` is the script's, `tests` the conversations'; `times` where measurements go."""

    script: Script
    file: Path
    tests: Path
    conversations: Sequence[Conversation]
    at_once: int
    tries: int
    verbose: bool = False
    times: Path | None = None


@dataclass(slots=True)
class Report:
    """What came of it. `calls` are all calls that were taken, by number."""

    held: Sequence[Held] = ()
    unspoken: Sequence[Unspoken] = ()
    calls: dict[str, Taken] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Everything was held and is as expected; what is for text only does not count."""
        return not any(one.differences for one in self.held) and not any(one.fault for one in self.unspoken)


#: Gives a running pair of switches, whose files may lie in the folder.
OpenSwitches = Callable[[Path, Callable[[str], None]], AbstractAsyncContextManager[Switches]]


async def run_by_voice(
    test: VoiceTest, settings: Settings, console: Console, open_switches: OpenSwitches = opened_switches
) -> Report:
    """Hold the conversations and print what came of it. Raises CrmError."""
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    speech = speech_settings_from_env(os.environ, settings.home)
    plans, unspoken = plans_of(test.script, test.conversations, heard_languages(speech, os.environ))
    report = Report(unspoken=unspoken)
    began = time.monotonic()
    if plans:
        await _held(test, plans, settings, open_switches(folder, console.print), console, report)
    report.seconds = time.monotonic() - began
    if test.times is not None:
        _write_times(test.times, report)
    print_report(console, test.script.name, test.tests, report.held, report.unspoken, report.seconds, test.verbose)
    if plans and not report.good and (log := log_file(settings)).is_file():
        console.print(f"What the service logged: {log}", markup=False, highlight=False, soft_wrap=True)
    return report


def log_file(settings: Settings) -> Path:
    """Where whoever runs it sends the log of the service."""
    return _folder(settings) / "service.log"


def _folder(settings: Settings) -> Path:
    return settings.home / "voice-test"


async def _held(
    test: VoiceTest,
    plans: Sequence[Plan],
    settings: Settings,
    opening: AbstractAsyncContextManager[Switches],
    console: Console,
    report: Report,
) -> None:
    folder = _folder(settings)
    console.print("Starting two Asterisks: one is the PBX, one plays the telephone network ...")
    order = Order(test.file, Clips(folder / "clips"), test.at_once, test.tries)
    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with (
        opening as switches,
        opened_stage(settings, switches, folder, plans[0].conversation.now) as stage,
        playing(callers := Callers(switches.network, stage.now)) as taking,
    ):
        watched = replace(stage, running=(*stage.running, taking))
        with Progress(*columns, console=console, transient=True) as progress:
            bar = progress.add_task("conversations held", total=len(plans))

            def show(done: int, of: int) -> None:
                progress.update(bar, completed=done, total=of)

            report.held = await hold(watched, callers, plans, order, show)
        report.calls = callers.taken


def _write_times(file: Path, report: Report) -> None:
    calls = [
        {"conversation": held.plan.conversation.name, "voice": held.voice, **report.calls[held.number].as_data()}
        for held in report.held
        if held.number in report.calls
    ]
    try:
        file.write_text(json.dumps(calls, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(str(file), f"it cannot be written: {error}") from error
