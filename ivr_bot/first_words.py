"""What a lead hears first, rendered and checked before his phone rings (docs/adr/0020)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from crm_core.domain.campaigns import Campaign
from crm_core.domain.conversations import Briefing
from crm_core.domain.leads import Lead
from crm_core.errors import BadInput, CrmError, Unavailable
from ivr_bot.dialog.actions import Play
from ivr_bot.dialog.engine import begin
from ivr_bot.dialog.handing_over import NAME
from ivr_bot.dialog.pieces import Audio, Piece, Text
from ivr_bot.dialog.script import Script
from ivr_bot.speech.prompts import AHEAD, Line, Part, Recording
from ivr_bot.speech.saying import can_be_said


class Renderer(Protocol):
    """What renders (speech.prompts.Prompts)."""

    async def audio(self, part: Part, rank: int) -> bytes: ...


class Briefings(Protocol):
    """What the bot would be told of a lead if he were on the line."""

    async def foresee(self, campaign_id: int, lead_id: int) -> Briefing | None:
        """None: the campaign is none of the bot's, or the lead is gone."""


class RenderedFirst:
    """Fits `FirstWords` of crm_core.ports. `script` finds one by its name; raises CrmError."""

    def __init__(
        self,
        renderer: Renderer,
        script: Callable[[str], Script],
        recordings: Path,
        briefings: Briefings,
        now: Callable[[], datetime],
    ) -> None:
        self._renderer, self._script, self._recordings = renderer, script, recordings
        self._briefings, self._now = briefings, now

    async def make_ready(self, campaign: Campaign, lead: Lead) -> None:
        """Render what the lead hears before he is first listened to; at once where it is rendered already.

        Raises BadInput: a part of it has nothing that can be said; Unavailable: something else that a person, or time,
        can mend: the voice, the script, a recording.
        """
        briefing = await self._briefings.foresee(campaign.id, lead.id)
        if briefing is None:
            return
        try:
            pieces = list(first_pieces(self._script(briefing.script), briefing, self._now()))
        except CrmError as error:  # of the script, which was sound when the campaign was started
            raise Unavailable(str(error)) from error
        mute = [piece.text for piece in pieces if isinstance(piece, Text) and not can_be_said(piece.text)]
        if mute:
            raise BadInput(f"lead {lead.id}", f"the script says {mute[0]!r} to him", "Fill in what it names of him")
        for piece in pieces:
            await self._render(piece)

    async def _render(self, piece: Piece) -> None:
        try:
            await self._renderer.audio(self._part(piece), AHEAD)
        except (CrmError, OSError) as error:  # OSError: no room to keep it, for instance
            raise Unavailable(str(error)) from error

    def _part(self, piece: Piece) -> Part:
        if isinstance(piece, Audio):
            return Recording(self._recordings / piece.path)
        return Line(piece.text, piece.language)


def first_pieces(script: Script, briefing: Briefing, now: datetime) -> Iterator[Piece]:
    """What the bot plays as soon as the person has answered, in its order."""
    _, actions = begin(script, fields_of(script, briefing), language_of(script, briefing), local(briefing, now))
    for action in actions:
        if isinstance(action, Play):
            yield from action.pieces


def language_of(script: Script, briefing: Briefing) -> str:
    """The person's, where the script has wordings in it."""
    return briefing.language if briefing.language in script.languages else script.languages[0]


def fields_of(script: Script, briefing: Briefing) -> Mapping[str, str]:
    """What the script may name of him; what nobody knows is empty."""
    return {name: briefing.fields.get(name, "") for name in (*script.fields, NAME)}


def local(briefing: Briefing, now: datetime) -> datetime:
    """The instant by the clock of the person."""
    return now.astimezone(ZoneInfo(briefing.zone or "UTC"))
