"""Settings of the bot: where Asterisk finds it, where scripts and their recordings lie, how it hears and speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crm_core.errors import BadSetting
from ivr_bot.dialog.script import LANGUAGES
from ivr_bot.media.settings import MediaSettings
from ivr_bot.nlu.settings import NluSettings, nlu_settings_from_env
from ivr_bot.speech.settings import SpeechSettings, speech_settings_from_env


@dataclass(frozen=True, slots=True)
class BotSettings:
    """`scripts` holds a site's own scripts (`<name>.yml`), `prompts` the recordings that scripts name."""

    media: MediaSettings
    speech: SpeechSettings
    nlu: NluSettings
    scripts: Path
    prompts: Path
    recordings: Path
    audiosocket: bool = False  # for an Asterisk without chan_websocket; else the websocket
    operators_language: str | None = None  # in which operators are told of a person; None: each script's first


def bot_settings_from_env(
    env: Mapping[str, str], home: Path, recordings: Path, host: str, port: int, secret: str
) -> BotSettings:
    """Read BOT_SCRIPTS and BOT_PROMPTS (folders; else in `home`), BOT_MEDIA (websocket, or audiosocket for an Asterisk
    before 22.10), BOT_OPERATORS_LANGUAGE (such as ru) and the settings of speech; raises BadSetting.

    The AudioSocket's port is the one after the websocket's."""
    language = env.get("BOT_OPERATORS_LANGUAGE") or None
    if language is not None and language not in LANGUAGES:
        expected = f"Write one of {', '.join(LANGUAGES)}"
        raise BadSetting("BOT_OPERATORS_LANGUAGE", f"{language!r} is not known here", expected)
    media = env.get("BOT_MEDIA") or "websocket"
    if media not in ("websocket", "audiosocket"):
        raise BadSetting("BOT_MEDIA", f"{media!r} is not known", "Write websocket or audiosocket")
    scripts, prompts = own_folders(env, home)
    return BotSettings(
        media=MediaSettings(host, port, port + 1, secret),
        speech=speech_of_bot(env, home),
        nlu=nlu_settings_from_env(env, home),
        scripts=scripts,
        prompts=prompts,
        recordings=recordings,
        audiosocket=media == "audiosocket",
        operators_language=language,
    )


def own_folders(env: Mapping[str, str], home: Path) -> tuple[Path, Path]:
    """Where a site's own scripts lie, and the recordings that scripts name."""
    return Path(env.get("BOT_SCRIPTS") or home / "scripts"), Path(env.get("BOT_PROMPTS") or home / "prompts")


def speech_of_bot(env: Mapping[str, str], home: Path) -> SpeechSettings:
    """How the bot hears and speaks; its models and prompts stand in `home` where nothing else is set."""
    folders = {"SPEECH_MODELS": str(home / "models"), "SPEECH_PROMPTS": str(home / "rendered")}
    return speech_settings_from_env(folders | {name: value for name, value in env.items() if value})
