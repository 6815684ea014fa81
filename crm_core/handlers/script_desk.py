"""Scripts as somebody writes them in the browser or over the API: listed, checked, tried out, talked to, kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crm_core.db import audit
from crm_core.db.engine import Database
from crm_core.db.survey_desk import is_script_used, users_of_scripts
from crm_core.domain.access import Actor, Right
from crm_core.domain.campaigns import Campaign
from crm_core.domain.scripts import (
    LONGEST_SCRIPT,
    MOST_MOVES,
    CheckedScript,
    Move,
    ScriptCard,
    ScriptSource,
    ScriptTalk,
    ScriptText,
    TriedConversation,
    renamed,
)
from crm_core.errors import BadInput, Conflict
from crm_core.ports import ScriptDesk


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A script, and the campaigns he sees that talk by it."""

    card: ScriptCard
    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True, slots=True)
class OpenedScript:
    source: ScriptSource
    checked: CheckedScript
    campaigns: tuple[Campaign, ...]


async def list_scripts(actor: Actor, desk: ScriptDesk, database: Database) -> list[ScriptLine]:
    """Raises Forbidden."""
    actor.require(Right.CHANGE_SCRIPTS)
    cards = await desk.scripts()
    async with database.reading() as work:
        users = await users_of_scripts(work, actor)
    return [ScriptLine(card, tuple(users.get(card.name, ()))) for card in cards]


async def open_script(actor: Actor, name: str, desk: ScriptDesk, database: Database) -> OpenedScript:
    """Raises Forbidden, NotFound."""
    actor.require(Right.CHANGE_SCRIPTS)
    source = await desk.read(name)
    async with database.reading() as work:
        users = await users_of_scripts(work, actor)
    return OpenedScript(source, await desk.check(source.text), tuple(users.get(name, ())))


async def check(actor: Actor, text: ScriptText, desk: ScriptDesk) -> CheckedScript:
    """Raises Forbidden, and BadInput for a text that is too long."""
    _allowed(actor, text)
    return await desk.check(text)


async def try_out(
    actor: Actor, text: ScriptText, desk: ScriptDesk, *, with_model: bool
) -> tuple[TriedConversation, ...]:
    """Raises Forbidden, and BadInput for a text with faults or without conversations."""
    _allowed(actor, text)
    tried = await desk.try_out(text, with_model=with_model)
    if not tried:
        raise BadInput("tests", "there are no conversations", "Write some under Tests: a shipped script shows how")
    return tried


async def talk(
    actor: Actor,
    script: str,
    fields: Mapping[str, str],
    language: str,
    moves: Sequence[Move],
    began_at: datetime,
    desk: ScriptDesk,
) -> ScriptTalk:
    """Talk by the text from the beginning on. Raises Forbidden, and BadInput for a text with faults, a language it has
    not, a field that is missing, too many moves."""
    _allowed(actor, ScriptText(script))
    if len(moves) > MOST_MOVES:
        raise BadInput("moves", f"more than {MOST_MOVES} moves lead nowhere", "Begin anew")
    return await desk.talk(script, fields, language, moves, began_at)


async def save(
    actor: Actor, name: str, text: ScriptText, seen: int | None, desk: ScriptDesk, database: Database, now: datetime
) -> ScriptSource:
    """Keep the text as the site's own; `seen`: the version he changed, None: a new script. It is noted.

    Raises Forbidden, BadInput for a text with faults, Stale, Conflict for a name that is taken."""
    _allowed(actor, text)
    async with database.work() as work:
        saved = await desk.save(name, text, seen)
        details = {"new": seen is None, "version": saved.version}
        await audit.record(work, actor, "script.saved", "script", name, now, details=details)
    return saved


async def copy_script(
    actor: Actor, source: str, name: str, desk: ScriptDesk, database: Database, now: datetime
) -> ScriptSource:
    """A new script with the text of another. Raises Forbidden, NotFound, BadInput, Conflict for a taken name."""
    actor.require(Right.CHANGE_SCRIPTS)
    text = (await desk.read(source)).text
    return await save(actor, name, replace(text, script=renamed(text.script, name)), None, desk, database, now)


async def discard(actor: Actor, name: str, seen: int, desk: ScriptDesk, database: Database, now: datetime) -> None:
    """Remove the site's own text. It is noted.

    Raises Forbidden, NotFound, Stale, and Conflict for a shipped script or one that a campaign would be left without.
    """
    actor.require(Right.CHANGE_SCRIPTS)
    source = await desk.read(name)
    async with database.work() as work:
        if not source.is_shipped and await is_script_used(work, name):
            raise Conflict(f"a campaign or a number talks by {name!r}: give them another script first")
        await desk.discard(name, seen)
        await audit.record(work, actor, "script.discarded", "script", name, now)


def _allowed(actor: Actor, text: ScriptText) -> None:
    actor.require(Right.CHANGE_SCRIPTS)
    for where, one in (("script", text.script), ("tests", text.tests)):
        if len(one) > LONGEST_SCRIPT:
            raise BadInput(where, f"{len(one)} letters are too many for a script", f"At most {LONGEST_SCRIPT}")
