"""Calls and their recordings."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, Field

from crm_core.db.call_desk import Before, CallSeen, CallsWanted
from crm_core.domain.access import Actor, Right
from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import Direction
from crm_core.handlers import call_desk
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.api.routing import Asked, Model, Page, Routes
from crm_core.web.api.shown import number_for, text_for
from crm_core.web.doors import door_of
from crm_core.web.keys import WORKPLACE

routes = Routes("calls")

Id = Annotated[int, Field(ge=1, lt=2**62)]


class CallOut(Model):
    """A call. `answered_by` is the agent's name; null where nobody, or the infobot, took it."""

    id: str
    direction: str
    started_at: datetime | None
    answered_at: datetime | None
    bridged_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    disposition: str | None
    note: str
    number: str | None
    contact_id: int | None
    contact: str | None
    agent_id: int | None
    answered_by: str | None
    campaign_id: int | None
    campaign: str | None


class RecordingOut(Model):
    id: int
    seconds: float
    channels: int
    bytes: int
    at: datetime
    deleted_at: datetime | None


class TurnOut(Model):
    """What one party said; `second` of the recording."""

    party: str
    text: str
    second: float
    intent: str | None
    confidence: float | None
    unclear: bool


class AnswerOut(Model):
    question: str
    value: str
    raw: str
    second: float


class PacingOut(Model):
    """What the pacing saw and decided in one pass. Agents by state, lines that rang, people over the abandon window;
    `why`: what bounded the decision; `risk` of one more line, and the `price` it might have (0…1); `answering` people
    expected on lines that rang, `coming` agents expected to be free until then, `answer_chance` of a new line."""

    at: datetime
    law: str
    available: int
    ringing_agents: int
    on_call: int
    wrapping_up: int
    paused: int
    ringing: int
    waiting: int
    people: int
    abandoned: int
    to_open: int
    to_give_up: int
    why: str
    risk: float
    price: float
    answering: float
    coming: float
    answer_chance: float


class AbandonOut(Model):
    """Of an abandoned call: the pass that dialed it, and the last one before the person was lost; null: not known."""

    lost_at: datetime
    dialed: PacingOut | None
    last: PacingOut | None


class WholeCallOut(Model):
    """A call with its recordings and what was said. `pacing`: of abandoned ones, for those who see the campaign."""

    call: CallOut
    recordings: list[RecordingOut]
    turns: list[TurnOut]
    answers: list[AnswerOut]
    pacing: AbandonOut | None = None


class Waveform(Model):
    """For each side of the recording (the person first) peaks from 0 to 1, evenly over its length."""

    peaks: list[list[float]]


class CallsQuery(Model):
    """Which calls."""

    agent: Id | None = None
    campaign: Id | None = None
    contact: Id | None = None
    direction: Direction | None = None
    outcome: Outcome | None = None
    disposition: Annotated[str, Field(max_length=40)] | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def wanted(self) -> CallsWanted:
        names = ("agent", "campaign", "contact", "direction", "outcome", "disposition", "since", "until")
        return CallsWanted(*(getattr(self, name) for name in names))


class CallQuery(CallsQuery):
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


def call_out(actor: Actor, call: CallSeen) -> CallOut:
    values = {name: getattr(call, name) for name in CallOut.model_fields}
    values["number"] = number_for(actor, call.number) if call.number else None
    values["note"] = text_for(actor, call.note)
    values["contact"] = text_for(actor, call.contact) if call.contact else None
    return CallOut.model_validate(values)


@routes("GET", "/calls", right=Right.SEE_CALLS)
async def list_calls(asked: Asked, query: CallQuery) -> Page[CallOut]:
    """Calls, latest first."""
    before = None
    if query.cursor is not None:
        at, call_id = unpacked("calls", query.cursor, (datetime, str))
        assert isinstance(at, datetime)
        assert isinstance(call_id, str)
        before = Before(at, call_id)
    found = await call_desk.list_calls(asked.actor, query.wanted(), before, query.limit, asked.database)
    following = packed("calls", found.next.started_at, found.next.id) if found.next else None
    return Page(items=[call_out(asked.actor, call) for call in found.calls], next=following)


@routes("GET", "/calls/{call_id}", right=Right.SEE_CALLS)
async def one_call(asked: Asked, call_id: str) -> WholeCallOut:
    """One call with what was said in it."""
    whole = await call_desk.whole_call(asked.actor, call_id, asked.database)
    turns = [
        TurnOut(
            party=turn.party.value,
            text=text_for(asked.actor, turn.text),
            second=whole.offset(turn.began_at),
            intent=turn.intent,
            confidence=turn.confidence,
            unclear=turn.unclear,
        )
        for turn in whole.turns
    ]
    answers = [
        AnswerOut(
            question=answer.question,
            value=text_for(asked.actor, answer.value),
            raw=text_for(asked.actor, answer.raw),
            second=whole.offset(answer.at),
        )
        for answer in whole.answers
    ]
    recordings = [RecordingOut.model_validate(recording) for recording in whole.recordings]
    return WholeCallOut(
        call=call_out(asked.actor, whole.call),
        recordings=recordings,
        turns=turns,
        answers=answers,
        pacing=None if whole.pacing is None else AbandonOut.model_validate(whole.pacing),
    )


@routes("GET", "/recordings/{recording_id}/waveform", right=Right.LISTEN)
async def recording_waveform(asked: Asked, recording_id: int) -> Waveform:
    """The picture of a recording."""
    folder = asked.request.app[WORKPLACE].recordings
    return Waveform(peaks=await call_desk.waveform(asked.actor, recording_id, folder, asked.database))


@routes("GET", "/recordings/{recording_id}/audio", right=Right.LISTEN, streams=("audio/wav",), errors=(206, 416))
async def listen_to_recording(asked: Asked, recording_id: int) -> web.StreamResponse:
    """Listen to a recording. Takes Range; each listening is noted."""
    return await _audio(asked, recording_id, download=False)


@routes("GET", "/recordings/{recording_id}/file", right=Right.DOWNLOAD, streams=("audio/wav",), errors=(206, 416))
async def download_recording(asked: Asked, recording_id: int) -> web.StreamResponse:
    """Download a recording. It is noted."""
    return await _audio(asked, recording_id, download=True)


async def _audio(asked: Asked, recording_id: int, *, download: bool) -> web.StreamResponse:
    folder = asked.request.app[WORKPLACE].recordings
    address = door_of(asked.request).address
    wanted = asked.request.headers.get("Range", "bytes=0-").strip()
    file = await call_desk.listen(
        asked.actor,
        recording_id,
        folder,
        asked.database,
        asked.now,
        download=download,
        address=address,
        goes_on=not wanted.startswith("bytes=0-"),
    )
    kind = "attachment" if download else "inline"
    headers = {"Content-Type": "audio/wav", "Content-Disposition": f'{kind}; filename="recording-{recording_id}.wav"'}
    return web.FileResponse(file, headers=headers)


@routes("DELETE", "/recordings/{recording_id}", right=Right.DELETE_RECORDINGS)
async def delete_recording(asked: Asked, recording_id: int) -> None:
    """Delete a recording for good."""
    folder = asked.request.app[WORKPLACE].recordings
    await call_desk.delete_recording(asked.actor, recording_id, folder, asked.database, asked.now)
