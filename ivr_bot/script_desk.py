"""The desk at which scripts are written: checked, drawn, tried out, talked to and kept; and the model is taught."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crm_core.domain.conversations import Label
from crm_core.domain.scripts import (
    CheckedScript,
    Lesson,
    Mismatch,
    Move,
    Part,
    ScriptCard,
    ScriptFault,
    ScriptSource,
    ScriptTalk,
    ScriptText,
    TriedConversation,
)
from crm_core.errors import BadInput
from ivr_bot.dialog.conversations import Conversation, IntentOf, Tried, read_conversations, try_out
from ivr_bot.dialog.marks import BadScript
from ivr_bot.dialog.reading import read_script
from ivr_bot.dialog.script import Script
from ivr_bot.dialog.svg import svg
from ivr_bot.nlu.sentences import all_examples, stamps
from ivr_bot.nlu.settings import nlu_settings_from_env
from ivr_bot.nlu.teaching import teach, teach_rasa
from ivr_bot.script_folder import ScriptFolder, check_name
from ivr_bot.script_talk import talk
from ivr_bot.settings import own_folders

if TYPE_CHECKING:  # scikit-learn takes a second to load: only where a model is asked
    from ivr_bot.nlu.training import SiteModel

_FILE: Mapping[Part, str] = {Part.SCRIPT: "script.yml", Part.TESTS: "script.test.yml"}


class SiteScriptDesk:
    """`ScriptDesk` over a site's own folder and what is shipped. Reading and walking go on in threads."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self._env, self._home = env, home
        self._scripts = own_folders(env, home)[0]
        self._folder = ScriptFolder(self._scripts)
        self._nlu = nlu_settings_from_env(env, home)
        self._writing = asyncio.Lock()
        self._model: tuple[tuple[float, ...], SiteModel] | None = None  # with what it was trained on

    async def scripts(self) -> list[ScriptCard]:
        return await asyncio.to_thread(self._cards)

    async def read(self, name: str) -> ScriptSource:
        return await asyncio.to_thread(self._folder.read, name)

    async def check(self, text: ScriptText) -> CheckedScript:
        return await asyncio.to_thread(checked, text)

    async def try_out(self, text: ScriptText, *, with_model: bool) -> tuple[TriedConversation, ...]:
        return await asyncio.to_thread(self._try_out, text, with_model)

    async def talk(
        self, script: str, fields: Mapping[str, str], language: str, moves: Sequence[Move], began_at: datetime
    ) -> ScriptTalk:
        return await asyncio.to_thread(self._talk, script, fields, language, moves, began_at)

    async def save(self, name: str, text: ScriptText, seen: int | None) -> ScriptSource:
        async with self._writing:  # between looking at the version and writing nobody else writes
            return await asyncio.to_thread(self._save, name, text, seen)

    async def discard(self, name: str, seen: int) -> None:
        async with self._writing:
            await asyncio.to_thread(self._folder.remove, name, seen)

    async def intents(self) -> tuple[str, ...]:
        examples = await asyncio.to_thread(all_examples, self._nlu.own)
        return tuple(sorted({example.intent for example in examples}))

    async def learn(self, labels: Sequence[Label], told: Callable[[int, int], None]) -> Lesson:
        lesson = await teach(self._nlu, self._scripts, labels, told)
        if lesson.taken:
            await teach_rasa(self._nlu, self._env, self._home)
        return lesson

    def _cards(self) -> list[ScriptCard]:
        return [self._card(name) for name in self._folder.names()]

    def _card(self, name: str) -> ScriptCard:
        try:
            source = self._folder.read(name)
        except BadInput as error:
            return ScriptCard(name, "", (), (), True, False, 0, (ScriptFault(1, error.what, error.do),))
        script, tests, faults = _read(source.text)
        counted = () if tests is None else tests
        facts = ("", (), ()) if script is None else (script.title, script.languages, script.fields)
        return ScriptCard(name, *facts, source.is_own, source.is_shipped, len(counted), faults)

    def _try_out(self, text: ScriptText, with_model: bool) -> tuple[TriedConversation, ...]:
        script, conversations = sound(text)
        intents = self._intents() if with_model else None
        tried = (try_out(script, one, None if intents is None else intents(one.language)) for one in conversations)
        return tuple(_tried(one) for one in tried)

    def _talk(
        self, script: str, fields: Mapping[str, str], language: str, moves: Sequence[Move], began_at: datetime
    ) -> ScriptTalk:
        found, _ = sound(ScriptText(script))
        return talk(found, fields, language, moves, began_at, self._intents())

    def _save(self, name: str, text: ScriptText, seen: int | None) -> ScriptSource:
        check_name(name)
        script, _ = sound(text)
        if script.name != name:
            raise BadInput("script", f"the text calls itself {script.name!r}", f"Write `script: {name}` in its head")
        return self._folder.write(name, text, seen)

    def _intents(self) -> Callable[[str], IntentOf]:
        """Of today's model, trained first where there is none."""
        from ivr_bot.nlu.script_tests import intent_of
        from ivr_bot.nlu.training import site_model

        now = stamps(self._nlu.own)
        kept = self._model
        if kept is None or kept[0] != now:
            kept = self._model = (now, site_model(self._nlu.own, self._nlu.kept))
        model = kept[1]
        return lambda language: intent_of(model, language)


def checked(text: ScriptText) -> CheckedScript:
    """Its faults, or its facts and its picture. Pure."""
    script, tests, faults = _read(text)
    if script is None:
        return CheckedScript(faults)
    lead = tests[0].lead if tests else {}
    sample = {name: lead[name] for name in script.fields if name in lead}
    return CheckedScript(faults, script.title, script.languages, script.fields, svg(script), sample)


def sound(text: ScriptText) -> tuple[Script, tuple[Conversation, ...]]:
    """Raises BadInput that tells every fault."""
    script, conversations, faults = _read(text)
    if script is None or conversations is None:
        lines = [f"{_FILE[one.part]}:{one.line}: {one.what}. {one.do}" for one in faults]
        raise BadInput(
            _FILE[faults[0].part], f"{len(faults)} faults" if len(faults) > 1 else "a fault", "\n".join(lines)
        )
    return script, conversations


def _read(text: ScriptText) -> tuple[Script | None, tuple[Conversation, ...] | None, tuple[ScriptFault, ...]]:
    script, tests, faults = None, None, []
    try:
        script = read_script(text.script, _FILE[Part.SCRIPT])
    except BadScript as error:
        faults += _faults(error, Part.SCRIPT)
    try:
        tests = read_conversations(text.tests, _FILE[Part.TESTS]) if text.tests.strip() else ()
    except BadScript as error:
        faults += _faults(error, Part.TESTS)
    return script, tests, tuple(faults)


def _faults(error: BadScript, part: Part) -> list[ScriptFault]:
    return [ScriptFault(one.line, one.what, one.do, part) for one in sorted(error.faults, key=lambda one: one.line)]


def _tried(tried: Tried) -> TriedConversation:
    differences = tuple(Mismatch(one.line, one.what, one.expected, one.found) for one in tried.differences)
    return TriedConversation(tried.conversation.name, tried.conversation.line, differences, tried.told)
