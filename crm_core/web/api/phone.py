"""The phone in the browser: what it registers with."""

from __future__ import annotations

from crm_core.domain.access import Right
from crm_core.errors import Unavailable
from crm_core.handlers import browser_phones
from crm_core.web.api.routing import Asked, Model, Routes
from crm_core.web.keys import SESSION, WORKPLACE
from crm_core.web.switch import switch_of

routes = Routes("phone")


class IceServerOut(Model):
    """A STUN or TURN server."""

    urls: str
    username: str | None = None
    credential: str | None = None


class PhoneOut(Model):
    """What the browser registers with: at the websocket `url`, as `phone`, by `secret`, which is shown this once."""

    url: str
    phone: str
    secret: str
    ice_servers: list[IceServerOut]


@routes("POST", "/phone", right=Right.TAKE_CALLS, errors=(404, 409, 503))
async def open_my_phone(asked: Asked) -> PhoneOut:
    """Make this browser my phone, until I log out; an older secret counts no more. For log-ins, not for tokens."""
    place, session = asked.request.app[WORKPLACE], asked.request[SESSION]
    session_id = session.id if session is not None else None
    if place.phone_address is None:
        raise Unavailable("this site has no phones in browsers: whoever runs it sets PHONE_WSS_URL (docs/phone.md)")
    phones = switch_of(asked.request).phones
    made = await browser_phones.open_phone(asked.actor, session_id, asked.database, phones, asked.now)
    servers = [IceServerOut.model_validate(one) for one in place.ice_servers]
    return PhoneOut(url=place.phone_address, phone=made.phone, secret=made.secret, ice_servers=servers)
