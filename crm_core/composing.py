"""The pages and the API with what they ask of the other parts: their share of the composition."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aiohttp.web import Application

from crm_core.bot_scripts import SiteScripts
from crm_core.handlers.browser_phones import wanted_phones
from crm_core.messaging.webhook_post import allow_private_from_env
from crm_core.rates import RedisRateLimit
from crm_core.streams import redis_client
from crm_core.web.api.mount import BURST, RATE
from crm_core.web.api.serving import LIMIT
from crm_core.web.app import Health, make_app
from crm_core.web.campaign_tools import BOT_SCRIPTS, SCREENING
from crm_core.web.keys import Workplace
from crm_core.web.live.hub import LiveHub
from crm_core.web.live.stream import add_live
from crm_core.web.rehearsal_tools import REHEARSER
from crm_core.web.script_tools import SCRIPT_DESK
from crm_core.web.switch import SWITCH, Switch
from crm_core.web.visitors import VISITORS
from crm_core.web.webhook_tools import ALLOW_PRIVATE
from dialer.rehearsal_process import RehearsalProcess
from dialer.screening import screened
from ivr_bot.script_desk import SiteScriptDesk
from pbx.ami import AmiLink
from pbx.browser_phones import AsteriskBrowserPhones, PhoneKeeper
from pbx.monitoring import AsteriskMonitoring
from pbx.telephony import AsteriskTelephony
from pbx.transfers import AsteriskTransfers

if TYPE_CHECKING:
    from crm_core.bootstrap import Service


def make_web(service: Service, now: Callable[[], datetime]) -> Application:
    """The application, wired; the live push is one more part of the service."""
    settings = service.settings
    app = make_app(_health(service, now), _workplace(service, now))
    hub = LiveHub(service.database, service.stream, now, f"live {settings.node} {os.getpid()}")
    add_live(app, hub)
    service.add("live", hub.run)
    if settings.redis_url is not None:
        count_together(app, settings.redis_url)
    app[VISITORS] = service.visitors
    app[SCREENING] = screened
    app[REHEARSER] = RehearsalProcess()
    app[BOT_SCRIPTS] = SiteScripts(os.environ, settings.home, service.voice)
    app[SCRIPT_DESK] = SiteScriptDesk(os.environ, settings.home)
    app[ALLOW_PRIVATE] = allow_private_from_env(os.environ)
    if service.switch is not None:
        app[SWITCH] = service.switch
    return app


def count_together(app: Application, redis_url: str) -> None:
    """Of several web processes each counts what all are asked."""
    client = redis_client(redis_url)

    async def close(_: Application) -> None:
        await client.aclose()

    app[LIMIT] = RedisRateLimit(client, RATE, BURST, app[LIMIT])
    app.on_cleanup.append(close)


def _workplace(service: Service, now: Callable[[], datetime]) -> Workplace:
    settings = service.settings
    return Workplace(
        database=service.database,
        now=now,
        home=settings.home,
        recordings=settings.recordings,
        country=settings.country,
        https=settings.web_https,
        phone_address=settings.phone_address,
        ice_servers=settings.ice_servers,
    )


def _health(service: Service, now: Callable[[], datetime]) -> Health:
    link, telephony = service.link, service.telephony

    def link_age() -> timedelta | None:
        if link is None or not link.is_up:
            return None
        return now() - (link.last_event_at or now())

    return Health(
        service.database,
        now,
        link_age=link_age if link is not None else None,
        originates=(lambda: dict(telephony.originates)) if telephony is not None else dict,
    )


def switch_by(ami: AmiLink, telephony: AsteriskTelephony) -> Switch:
    """The switch as pages and API ask it."""
    return Switch(telephony, AsteriskMonitoring(ami), AsteriskBrowserPhones(ami), AsteriskTransfers(ami))


def keep_phones(service: Service, ami: AmiLink, now: Callable[[], datetime]) -> None:
    """The open browsers' phones are those of the log-ins, also after the link was down."""
    phones = PhoneKeeper(AsteriskBrowserPhones(ami), lambda: wanted_phones(service.database, now()), lambda: ami.is_up)
    service.add("browser phones", phones.run)
    came_up = ami.on_up

    def came_up_again() -> None:
        came_up()
        phones.wake()

    ami.on_up = came_up_again
