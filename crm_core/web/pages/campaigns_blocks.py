"""The do-not-call lists: who is never called, and why."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.db.do_not_call import WHOLE_SYSTEM
from crm_core.errors import BadInput
from crm_core.handlers import block_desk, campaign_desk
from crm_core.handlers.do_not_call import Imported
from crm_core.web.api.blocks import take_file
from crm_core.web.api.uploads import uploaded
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.rendering import is_part, render, render_part, toast, words_for

_PAGE = "campaigns/blocks.html"
_SHOWN = 50
_BAD_SHOWN = 50


def add_pages(app: web.Application) -> None:
    app.router.add_get("/campaigns/do-not-call", _page)
    app.router.add_post("/campaigns/do-not-call", _add)
    app.router.add_post("/campaigns/do-not-call/file", _file)
    app.router.add_post("/campaigns/do-not-call/{block_id:[0-9]{1,18}}/remove", _remove)


async def _page(request: web.Request) -> web.Response:
    context = await _context(request)
    if is_part(request):
        return render_part(request, _PAGE, "rows" if "after" in request.query else "list", **context)
    return render(request, _PAGE, **context)


async def _context(request: web.Request, **more: Any) -> dict[str, Any]:
    place, actor, query = request.app[WORKPLACE], actor_in(request), request.query
    begins = query.get("q", "")[:40].replace("\x00", "").replace(" ", "")
    found = await block_desk.list_blocks(
        actor,
        place.database,
        campaign_id=_number(query.get("campaign", "")),
        starts_with=begins,
        after=_number(query.get("after", "")),
        limit=_SHOWN + 1,
    )
    shown = found[:_SHOWN]
    cards = (await campaign_desk.list_campaigns(actor, place.database, place.now(), limit=200)).cards
    return {
        "rows": shown,
        "after": str(shown[-1].id) if len(found) > _SHOWN else "",
        "begins": begins,
        "of": query.get("campaign", ""),
        "campaigns": {card.campaign.id: card.campaign.name for card in cards},
        "value": "",
        "reason": "",
        "error": None,
        "imported": None,
        "bad_shown": _BAD_SHOWN,
        **more,
    }


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


async def _add(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    value, reason = str(form.get("value", ""))[:40], str(form.get("reason", ""))[:200]
    campaign_id = _number(str(form.get("into", ""))) or WHOLE_SYSTEM
    try:
        await block_desk.add_block(actor, value, reason, campaign_id, place.country, place.database, place.now())
    except BadInput as error:
        return render(request, _PAGE, status=422, **await _context(request, value=value, reason=reason, error=error))
    return web.Response(status=303, headers={"Location": "/campaigns/do-not-call"})


async def _file(request: web.Request) -> web.Response:
    """Reason and campaign stand before the file in the form: they are needed to read it."""
    _name, pieces, fields = await uploaded(request)
    reason, campaign = fields.get("file_reason", "")[:200], _number(fields.get("file_into", ""))
    try:
        if not reason.strip():
            what = words_for(request).gettext("Say why these numbers must not be called")
            raise BadInput("reason", what)
        done: Imported = await take_file(request, actor_in(request), pieces, reason, campaign or WHOLE_SYSTEM)
    except BadInput as error:
        return toast(web.Response(status=204), f"{error.what}. {error.do}", kind="bad")
    return render_part(request, _PAGE, "list", **await _context(request, imported=done))


async def _remove(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    block_id = int(request.match_info["block_id"])
    await block_desk.remove_block_of(actor, block_id, place.database, place.now())
    return toast(web.Response(text="", content_type="text/html"), words_for(request).gettext("Taken off the list"))
