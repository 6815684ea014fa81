"""What the pages of settings share: going back after a change, and faults told beside their field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from crm_core.errors import BadInput, Conflict, CrmError
from crm_core.web.pages.rendering import toast, url, words_for

#: Ids in addresses.
ID = "[0-9]{1,18}"


def saved(path: str) -> web.Response:
    """The page again, which says that it is saved."""
    return web.Response(status=303, headers={"Location": url(path, saved=1)})


def standing(request: web.Request, **more: Any) -> dict[str, Any]:
    """What every page of settings says: whether something was saved, and what is wrong with what was written."""
    return {"saved": "saved" in request.query, "error": "", "error_in": ""} | more


def fault(error: BadInput | Conflict) -> dict[str, str]:
    """What is wrong, and in which field."""
    if isinstance(error, BadInput):
        return {"error": f"{error.what}. {error.do}".strip(" ."), "error_in": error.where}
    return {"error": str(error), "error_in": ""}


async def form_of(request: web.Request) -> dict[str, str]:
    """The fields of a form, as far as they are text."""
    return {name: str(value).replace("\x00", "")[:20_000] for name, value in (await request.post()).items()}


async def lists_of(request: web.Request) -> Mapping[str, list[str]]:
    """The same with all values of each name."""
    form = await request.post()
    return {name: [str(value).replace("\x00", "") for value in form.getall(name)] for name in form}


def number_in(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def done(request: web.Request, said: str) -> web.Response:
    """Nothing to show in its place; said in passing."""
    return toast(web.Response(text="", content_type="text/html"), words_for(request).gettext(said))


def refused(error: CrmError) -> web.Response:
    """Said in one line; the page stays as it is."""
    return toast(web.Response(status=204), str(error), kind="bad")
