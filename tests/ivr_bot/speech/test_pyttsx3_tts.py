"""pyttsx3 over espeak-ng, for real."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from crm_core.errors import BadInput, Unavailable
from ivr_bot.speech.ports import LINE_RATE
from ivr_bot.speech.pyttsx3_tts import VOICES, Pyttsx3Speaker

_TEXTS = {"en": "Good morning, how are you?", "ru": "Добрый день, как дела?", "uz": "Salom, qandaysiz?"}


@pytest.mark.parametrize("language", sorted(VOICES))
async def test_each_language_has_a_voice(language: str) -> None:
    audio = await Pyttsx3Speaker().speak(_TEXTS[language], language)
    assert 0.8 < len(audio) / LINE_RATE < 5


async def test_all_of_a_long_text_is_said() -> None:
    one = await Pyttsx3Speaker().speak("Please hold the line.", "en")
    ten = await Pyttsx3Speaker().speak("Please hold the line. " * 10, "en")
    assert 8 < len(ten) / len(one) < 14


async def test_many_at_once_do_not_disturb_one_another() -> None:
    texts = [f"This is prompt number {n}." for n in range(6)]
    audio = await asyncio.gather(*(Pyttsx3Speaker().speak(text, "en") for text in texts))
    assert len(set(audio)) == len(texts)


async def test_markup_and_what_looks_like_an_option_are_only_text() -> None:
    assert await Pyttsx3Speaker().speak("--help <break time='9s'/> & more", "en")


def test_the_identity_changes_with_voice_rate_and_level() -> None:
    speakers = (
        Pyttsx3Speaker(),
        Pyttsx3Speaker({"en": "gmw/en"}),
        Pyttsx3Speaker(words_per_minute=120),
        Pyttsx3Speaker(dbfs=-20),
    )
    assert len({speaker.identity("en") for speaker in speakers}) == 4
    assert "espeak-ng 1." in speakers[0].identity("en")


async def test_a_voice_that_espeak_does_not_have_is_told() -> None:
    with pytest.raises(Unavailable, match="espeak-ng has no voice 'no/such'"):
        await Pyttsx3Speaker({"en": "no/such"}).speak("Hello", "en")


async def test_one_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(Unavailable, match="took longer"):
        await Pyttsx3Speaker(within=timedelta(milliseconds=1)).speak("Hello", "en")


async def test_signs_alone_are_nothing_to_say() -> None:
    with pytest.raises(BadInput, match="nothing that can be said"):
        await Pyttsx3Speaker().speak("?!", "en")
