"""What pages and API of webhooks know of this process."""

from __future__ import annotations

from aiohttp import web

#: Whether addresses inside the network are allowed (WEBHOOK_ALLOW_PRIVATE); not set: they are not.
ALLOW_PRIVATE = web.AppKey("webhook_allow_private", bool)


def allows_private(request: web.Request) -> bool:
    return bool(request.app.get(ALLOW_PRIVATE, False))
