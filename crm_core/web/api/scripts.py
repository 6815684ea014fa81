"""The infobot's scripts: their texts, checks, pictures, conversations, and talking to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from crm_core.domain.access import Right
from crm_core.domain.campaigns import CampaignState
from crm_core.domain.scripts import LONGEST_SCRIPT, MOST_MOVES, How, Move, Part, ScriptSource, ScriptText, Told
from crm_core.handlers import script_desk
from crm_core.web.api.routing import Asked, Created, Model, Routes
from crm_core.web.script_tools import desk_of

routes = Routes("scripts")

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Text = Annotated[str, Field(max_length=LONGEST_SCRIPT)]


class FaultOut(Model):
    """What is wrong at a line of the script or of its tests, and what is expected there."""

    part: Part
    line: int
    what: str
    do: str


class CampaignRef(Model):
    id: int
    name: str
    state: CampaignState


class ScriptOut(Model):
    """A script in the list. `is_own`: the site has its own text of it; `fields`: what its leads must have."""

    name: str
    title: str
    languages: list[str]
    fields: list[str]
    is_own: bool
    is_shipped: bool
    conversations: int
    faults: list[FaultOut]
    campaigns: list[CampaignRef]


class SourceOut(Model):
    """A script's text, and the conversations that try it out, as YAML."""

    name: str
    version: int
    is_own: bool
    is_shipped: bool
    script: str
    tests: str


class TextIn(Model):
    """A script and its conversations, as YAML."""

    script: Text
    tests: Text = ""


class NewScriptIn(TextIn):
    name: Name


class CheckedOut(Model):
    """A text's faults; without any in the script its facts and its picture (SVG). `sample`: what its conversations know
    of the lead."""

    faults: list[FaultOut]
    title: str
    languages: list[str]
    fields: list[str]
    picture: str
    sample: dict[str, str]


class RunIn(TextIn):
    """`with_model`: what the rules do not understand is asked of the intent model, as in calls."""

    with_model: bool = False


class DifferenceOut(Model):
    line: int
    what: str
    expected: str
    found: str


class TriedOut(Model):
    """A conversation after it was run: it went as expected if there are no differences."""

    name: str
    line: int
    differences: list[DifferenceOut]
    told: list[str]


class MoveIn(Model):
    """What the person does: says or presses `text`, is silent, hangs up."""

    how: How
    text: Annotated[str, Field(max_length=1000)] = ""


class TalkIn(Model):
    """A talk from its beginning: by which text, with which lead, in which language, and what the person did.

    Each time the whole talk is walked anew, so the text may have changed meanwhile."""

    script: Text
    fields: dict[Annotated[str, Field(max_length=60)], Annotated[str, Field(max_length=500)]] = Field(
        default_factory=dict, max_length=50
    )
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    moves: Annotated[list[MoveIn], Field(max_length=MOST_MOVES)] = Field(default_factory=list)
    began_at: AwareDatetime | None = None


class LineOut(Model):
    told: Told
    text: str


class TalkOut(Model):
    """A talk so far; `node` is the question that is open."""

    began_at: datetime
    lines: list[LineOut]
    node: str
    language: str
    ended: bool


def _source(found: ScriptSource) -> SourceOut:
    return SourceOut(
        name=found.name,
        version=found.version,
        is_own=found.is_own,
        is_shipped=found.is_shipped,
        script=found.text.script,
        tests=found.text.tests,
    )


@routes("GET", "/scripts", right=Right.CHANGE_SCRIPTS)
async def list_scripts(asked: Asked) -> list[ScriptOut]:
    """The site's own scripts and the shipped ones."""
    found = await script_desk.list_scripts(asked.actor, desk_of(asked.request), asked.database)
    names = [name for name in ScriptOut.model_fields if name not in ("faults", "campaigns")]
    return [
        ScriptOut(
            **{name: getattr(line.card, name) for name in names},
            faults=[FaultOut.model_validate(fault) for fault in line.card.faults],
            campaigns=[CampaignRef.model_validate(campaign) for campaign in line.campaigns],
        )
        for line in found
    ]


@routes("POST", "/scripts", right=Right.CHANGE_SCRIPTS, errors=(409,))
async def create_script(asked: Asked, body: NewScriptIn) -> Created[SourceOut]:
    """Keep a new script."""
    text, desk = ScriptText(body.script, body.tests), desk_of(asked.request)
    saved = await script_desk.save(asked.actor, body.name, text, None, desk, asked.database, asked.now)
    return Created(_source(saved), f"/scripts/{saved.name}")


@routes("GET", "/scripts/{name}", right=Right.CHANGE_SCRIPTS)
async def one_script(asked: Asked, name: str) -> SourceOut:
    """One script as text."""
    opened = await script_desk.open_script(asked.actor, name, desk_of(asked.request), asked.database)
    return _source(opened.source)


@routes("PUT", "/scripts/{name}", right=Right.CHANGE_SCRIPTS)
async def change_script(asked: Asked, name: str, seen: int, body: TextIn) -> SourceOut:
    """Give it another text: the site's own, in front of the shipped one if there is one."""
    text, desk = ScriptText(body.script, body.tests), desk_of(asked.request)
    return _source(await script_desk.save(asked.actor, name, text, seen, desk, asked.database, asked.now))


@routes("DELETE", "/scripts/{name}", right=Right.CHANGE_SCRIPTS)
async def discard_script(asked: Asked, name: str, seen: int) -> None:
    """Remove the site's own text; a shipped script of the name comes to the fore again."""
    await script_desk.discard(asked.actor, name, seen, desk_of(asked.request), asked.database, asked.now)


@routes("POST", "/script-checks", right=Right.CHANGE_SCRIPTS)
async def check_script(asked: Asked, body: TextIn) -> CheckedOut:
    """What is wrong with a text, or its picture. Nothing is kept."""
    found = await script_desk.check(asked.actor, ScriptText(body.script, body.tests), desk_of(asked.request))
    return CheckedOut.model_validate(found)


@routes("POST", "/script-runs", right=Right.CHANGE_SCRIPTS)
async def run_script_tests(asked: Asked, body: RunIn) -> list[TriedOut]:
    """Run a text's conversations. Nothing is kept."""
    text = ScriptText(body.script, body.tests)
    tried = await script_desk.try_out(asked.actor, text, desk_of(asked.request), with_model=body.with_model)
    return [TriedOut.model_validate(one) for one in tried]


@routes("POST", "/script-talks", right=Right.CHANGE_SCRIPTS)
async def talk_to_script(asked: Asked, body: TalkIn) -> TalkOut:
    """Talk to a text by text. Nothing is kept."""
    began_at = body.began_at or asked.now
    moves = [Move(move.how, move.text) for move in body.moves]
    said = await script_desk.talk(
        asked.actor, body.script, body.fields, body.language, moves, began_at, desk_of(asked.request)
    )
    return TalkOut(
        began_at=began_at,
        lines=[LineOut.model_validate(line) for line in said.lines],
        node=said.node,
        language=said.language,
        ended=said.ended,
    )
