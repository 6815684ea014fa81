"""`trunkline voices`: who speaks which language, and how to get a better voice."""

from __future__ import annotations

import argparse
import os
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.errors import CrmError
from crm_core.settings import Settings
from ivr_bot.settings import speech_of_bot
from ivr_bot.speech import piper_site
from ivr_bot.speech.piper_tts import PiperSpeaker
from ivr_bot.speech.ports import LINE_RATE
from ivr_bot.speech.settings import SpeechSettings
from ivr_bot.speech.site import speakers_of

#: What a voice is tried with.
SENTENCES = {
    "en": "Good morning. Your appointment is tomorrow at nine.",
    "ru": "Доброе утро. Мы ждём вас завтра в девять часов.",
    "uz": "Xayrli tong. Sizni ertaga soat to'qqizda kutamiz.",
}


def add_voice_commands(subparsers: Any) -> None:
    """`voices list | install | remove`."""
    parser = subparsers.add_parser("voices", help="who speaks the bot's prompts: list, get a better voice")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="who speaks which language, tried with a sentence").set_defaults(run=_list)
    installing = commands.add_parser("install", help="install piper with its English voice (290 MB)")
    installing.add_argument("engine", choices=["piper"])
    installing.add_argument("--python", metavar="FILE", help="an interpreter (3.11 to 3.14) other than this one's")
    installing.set_defaults(run=_install)
    removing = commands.add_parser("remove", help="remove piper and its voice: espeak-ng speaks again")
    removing.add_argument("engine", choices=["piper"])
    removing.set_defaults(run=_remove)


async def _list(_args: argparse.Namespace, settings: Settings) -> int:
    speakers = speakers_of(_speech(settings))
    table = Table("Language", "Voice", "State")
    faults = 0
    try:
        for language, speaker in sorted(speakers.items()):
            try:
                identity = speaker.identity(language)
                said = await speaker.speak(SENTENCES.get(language, SENTENCES["en"]), language)
                state = f"ready: a sentence of {len(said) / LINE_RATE:.1f} s"
            except CrmError as error:
                identity, state = "", str(error)
                faults += 1
            table.add_row(language, escape(identity), escape(state))
    finally:
        for speaker in dict.fromkeys(speakers.values()):
            await speaker.close()
    Console().print(table)
    return 1 if faults else 0


async def _install(args: argparse.Namespace, settings: Settings) -> int:
    console = Console(soft_wrap=True)
    speech = _speech(settings)
    site = piper_site.piper_site(os.environ, speech.models_folder)

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    with console.status("installing piper, some seconds ..."):
        voice = await piper_site.install(site, os.environ, args.python, say)
        speaker = PiperSpeaker(site.program, {"en": voice}, dbfs=speech.prompt_dbfs)
        try:
            said = await speaker.speak(SENTENCES["en"], "en")
        finally:
            await speaker.close()
    say(
        f"Its voice {voice} says a sentence of {len(said) / LINE_RATE:.1f} s. It speaks English from the next start on."
    )
    if (other := _speech(settings).piper_voices.get("en")) != voice:
        say(f"PIPER_VOICE_EN names another voice, though: {other or 'none'}")
    return 0


async def _remove(_args: argparse.Namespace, settings: Settings) -> int:
    piper_site.remove(piper_site.piper_site(os.environ, _speech(settings).models_folder))
    Console().print("piper and its voice are gone; espeak-ng speaks from the next start on.", highlight=False)
    return 0


def _speech(settings: Settings) -> SpeechSettings:
    """As the bot has it."""
    return speech_of_bot(os.environ, settings.home)
