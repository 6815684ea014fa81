"""The agent's page: who is on the line, what to say, what came of it. The phone itself is in a window of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from crm_core.domain.agents import PAUSE_REASONS, AgentState
from crm_core.domain.callback_time import local_to_utc
from crm_core.domain.desk import AgentDesk
from crm_core.domain.dispositions import LeadEffect
from crm_core.domain.recipients import Choice
from crm_core.errors import BadInput, NotFound
from crm_core.handlers import agent_desk, recipients, transfers
from crm_core.handlers.browser_phones import has_browser_phone
from crm_core.handlers.result_codes import every_result
from crm_core.web.doors import actor_in
from crm_core.web.keys import VIEWER, WORKPLACE
from crm_core.web.pages.phone_words import phone_words
from crm_core.web.pages.rendering import render, render_part, toast, words_for
from crm_core.web.switch import switch_of

_PAGE = "operator/operator.html"


def add_pages(app: web.Application) -> None:
    app.router.add_get("/operator", _page)
    app.router.add_get("/operator/desk", _desk)
    app.router.add_post("/operator/shift", _start)
    app.router.add_post("/operator/shift/end", _end)
    app.router.add_post("/operator/pause", _pause)
    app.router.add_post("/operator/resume", _resume)
    app.router.add_post("/operator/hang-up", _hang_up)
    app.router.add_get("/operator/transfer", _recipients)
    app.router.add_post("/operator/transfer", _transfer)
    app.router.add_post("/operator/transfer/ask", _ask)
    app.router.add_post("/operator/transfer/give", _give)
    app.router.add_post("/operator/result", _result)
    app.router.add_post("/operator/card", _card)
    app.router.add_post("/operator/card/dial", _dial)
    app.router.add_post("/operator/card/skip", _skip)


async def _page(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    try:
        desk = await agent_desk.desk(actor, place.database, place.now())
    except NotFound as error:
        return render(request, "operator/no_phone.html", status=200, why=str(error))
    is_browser = await has_browser_phone(actor, place.database)
    words = phone_words(words_for(request))
    context = await _context(request, desk)
    return render(request, _PAGE, **context, is_browser=is_browser, phone_words=words)


async def _desk(request: web.Request) -> web.Response:
    return await _part(request)


async def _part(request: web.Request, status: int = 200, **said: Any) -> web.Response:
    """The desk anew, as a part of the page."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    desk = await agent_desk.desk(actor, place.database, place.now())
    return render_part(request, _PAGE, "desk", status, **await _context(request, desk) | said)


async def _context(request: web.Request, desk: AgentDesk) -> dict[str, Any]:
    place = request.app[WORKPLACE]
    now, viewer = place.now(), request[VIEWER]
    pop = desk.pop
    there = ZoneInfo(pop.zone) if pop is not None and pop.zone else None
    callbacks = [result.code for result in desk.results if result.effect is LeadEffect.CALLBACK]
    return {
        "desk": desk,
        "state": desk.agent.state,
        "S": AgentState,
        "labels": await every_result(place.database) if pop is not None else {},
        "pop": pop,
        "local": now.astimezone(there) if there is not None else None,
        "local_zone": pop.zone if pop is not None else None,
        "reasons": PAUSE_REASONS,
        "callbacks": callbacks,
        "script_parts": script_parts(desk.script),
        "times": callback_times(now, viewer.zone),
        "is_writing": pop is not None and pop.call_id is not None and desk.agent.state in _WRITES,
        "error": "",
        "error_in": "",
        "kept": {},
    }


_WRITES = (AgentState.ON_CALL, AgentState.WRAP_UP)


def script_parts(script: str) -> list[tuple[str, list[str]]]:
    """The script by its headings ("# Objections"): (heading, paragraphs); what stands before the first has none."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for block in script.replace("\r", "").split("\n\n"):
        lines = block.strip().split("\n")
        if lines[0].startswith("#"):
            parts.append((lines[0].lstrip("# "), []))
            lines = lines[1:]
        if text := "\n".join(lines).strip():
            parts[-1][1].append(text)
    return [part for part in parts if part[0] or part[1]]


def callback_times(now: datetime, zone: str) -> list[tuple[str, datetime]]:
    """The usual times to call back, by name: in one hour, in three, tomorrow morning and afternoon, in a week."""
    local = now.astimezone(ZoneInfo(zone))
    morning = (local + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
    return [
        ("hour", _rounded(local + timedelta(hours=1))),
        ("hours", _rounded(local + timedelta(hours=3))),
        ("morning", morning),
        ("afternoon", morning.replace(hour=15)),
        ("week", morning + timedelta(days=6)),
    ]


def _rounded(at: datetime) -> datetime:
    """To the next five minutes."""
    return (at + timedelta(minutes=-at.minute % 5)).replace(second=0, microsecond=0)


async def _start(request: web.Request) -> web.Response:
    place, form = request.app[WORKPLACE], await request.post()
    chosen = str(form.get("campaign", ""))
    campaign_id = int(chosen) if chosen.isascii() and chosen.isdecimal() else None
    await agent_desk.start_shift(actor_in(request), campaign_id, place.database, place.now())
    return await _part(request)


async def _end(request: web.Request) -> web.Response:
    place = request.app[WORKPLACE]
    await agent_desk.end_shift(actor_in(request), place.database, place.now())
    return await _part(request)


async def _pause(request: web.Request) -> web.Response:
    place, form = request.app[WORKPLACE], await request.post()
    await agent_desk.pause(actor_in(request), str(form.get("reason", "")), place.database, place.now())
    return await _part(request)


async def _resume(request: web.Request) -> web.Response:
    place = request.app[WORKPLACE]
    await agent_desk.resume(actor_in(request), place.database, place.now())
    return await _part(request)


async def _hang_up(request: web.Request) -> web.Response:
    """The person is let go; the push tells when his line has ended."""
    place = request.app[WORKPLACE]
    await transfers.let_go(actor_in(request), place.database, switch_of(request).calls)
    return await _part(request)


async def _recipients(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found = await recipients.recipients(actor, place.database)
    is_browser = await has_browser_phone(actor, place.database)
    return render_part(request, "operator/transfer.html", recipients=found, is_browser=is_browser)


async def _transfer(request: web.Request) -> web.Response:
    place, to = request.app[WORKPLACE], await _choice(request)
    try:
        await recipients.hand_on(actor_in(request), to, place.database, switch_of(request).transfers, place.now())
    except BadInput as error:
        return toast(await _part(request), f"{error.what}. {error.do}", kind="bad")
    return await _part(request)


async def _ask(request: web.Request) -> web.Response:
    place, to = request.app[WORKPLACE], await _choice(request)
    try:
        await recipients.ask(actor_in(request), to, place.database, switch_of(request).transfers)
    except BadInput as error:
        return toast(await _part(request), f"{error.what}. {error.do}", kind="bad")
    return await _part(request)


async def _give(request: web.Request) -> web.Response:
    place, form = request.app[WORKPLACE], await request.post()
    switch, channel = switch_of(request).transfers, str(form.get("channel", ""))
    await transfers.give(actor_in(request), channel, place.database, switch, place.now())
    return await _part(request)


async def _choice(request: web.Request) -> Choice:
    form = await request.post()
    colleague = str(form.get("colleague", ""))
    is_id = colleague.isascii() and colleague.isdecimal() and len(colleague) < 18
    return Choice(int(colleague), None) if is_id else Choice(None, str(form.get("number", "")))


async def _result(request: web.Request) -> web.Response:
    """Save what came of the call; in a preview campaign the next card follows by itself."""
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    given = {name: str(form.get(name, "")) for name in ("call_id", "disposition", "note", "callback", "for_anyone")}
    try:
        if not given["disposition"]:
            raise BadInput("disposition", "no result is chosen", "Press one of the keys 1 to 9")
        callback = local_to_utc(given["callback"], request[VIEWER].zone) if given["callback"] else None
        result = agent_desk.Result(
            given["call_id"], given["disposition"], given["note"], callback, bool(given["for_anyone"])
        )
        await agent_desk.give_result(actor, result, place.database, place.now())
    except BadInput as error:
        return await _part(request, 422, error=f"{error.what}. {error.do}".strip(), error_in=error.where, kept=given)
    desk = await agent_desk.desk(actor, place.database, place.now())
    if desk.is_preview and desk.agent.state is AgentState.AVAILABLE:
        await agent_desk.next_card(actor, place.database, place.now())
    return await _part(request)


async def _card(request: web.Request) -> web.Response:
    place = request.app[WORKPLACE]
    found = await agent_desk.next_card(actor_in(request), place.database, place.now())
    return await _part(request, nothing_due=not found)


async def _dial(request: web.Request) -> web.Response:
    place = request.app[WORKPLACE]
    await agent_desk.dial_card(actor_in(request), place.database, place.now())
    return await _part(request, is_dialing=True)


async def _skip(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    await agent_desk.skip_card(actor, place.database, place.now())
    await agent_desk.next_card(actor, place.database, place.now())
    return await _part(request)
