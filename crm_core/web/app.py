"""The HTTP side of the service: is it alive, is it ready, how is it doing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from aiohttp import web

from crm_core.db import migrate, outbox, views
from crm_core.db.engine import Database
from crm_core.errors import BadSetting, Unavailable
from crm_core.web.api.mount import mount_api
from crm_core.web.api.serving import as_problems
from crm_core.web.doors import closed_shutters, who_comes
from crm_core.web.keys import WORKPLACE, Workplace
from crm_core.web.metrics import Metrics, Reading
from crm_core.web.pages.hall import as_pages, who_looks
from crm_core.web.pages.mount import mount_pages

log = logging.getLogger(__name__)

_ANSWER_WITHIN = 5.0  # seconds; whoever asks gives up soon after
_LONGEST_LAG = timedelta(seconds=30)


def _no_originates() -> Mapping[str, int]:
    return {}


@dataclass(frozen=True, slots=True)
class Health:
    """Where the answers come from. `link_age` (only with the role pbx) says for how long the AMI link has been silent,
    None: it is down. `originates` counts by result what this process has sent."""

    database: Database
    now: Callable[[], datetime]
    link_age: Callable[[], timedelta | None] | None = None
    originates: Callable[[], Mapping[str, int]] = _no_originates


@dataclass(frozen=True, slots=True)
class NotReady:
    """What is not ready, why, and what to do."""

    what: str
    why: str
    do: str


_HEALTH = web.AppKey("health", Health)
_METRICS = web.AppKey("metrics", Metrics)


#: The largest body taken: a list of leads of some hundred thousand rows.
_LARGEST_BODY = 64 * 1024**2


def make_app(health: Health, workplace: Workplace) -> web.Application:
    """The application: health, the API, the pages. It opens nothing and starts nothing."""
    doors = [closed_shutters, as_problems, as_pages, who_comes, who_looks]
    app = web.Application(middlewares=doors, client_max_size=_LARGEST_BODY)
    app[_HEALTH] = health
    app[_METRICS] = Metrics()
    app[WORKPLACE] = workplace
    mount_api(app)
    mount_pages(app)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    return app


async def run_web(app: web.Application, host: str, port: int) -> None:
    """Serve until cancelled; then requests under way have five seconds. Raises BadSetting when the port is taken."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise BadSetting("WEB_PORT", f"cannot listen on {host}:{port}: {error.strerror}") from error
        log.info("web is up", extra={"host": host, "port": port})
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def not_ready(health: Health) -> list[NotReady]:
    """What keeps the service from its work; empty when it is ready."""
    found = []
    try:
        async with asyncio.timeout(_ANSWER_WITHIN):
            found += await _of_database(health)
    except (Unavailable, TimeoutError) as error:
        why = str(error) or f"no answer within {_ANSWER_WITHIN:.0f} s"
        found.append(NotReady("database", why, "Start the database, or correct DATABASE_URL"))
    if health.link_age is not None and health.link_age() is None:
        found.append(
            NotReady(
                "switch", "the AMI link is down", "See `trunkline pbx status`; check AMI_HOST, AMI_PORT, AMI_SECRET"
            )
        )
    return found


async def _of_database(health: Health) -> list[NotReady]:
    if not await migrate.is_current(health.database):
        why = "the tables are not those of this version"
        return [NotReady("database", why, "Run `trunkline db upgrade`")]
    async with health.database.reading() as work:
        lag = await outbox.lag(work, health.now())
    if lag.seconds > _LONGEST_LAG.total_seconds():
        why = f"{lag.unpublished} events wait, the oldest for {lag.seconds:.0f} s"
        return [NotReady("relay", why, "Check that a worker runs, and Redis if REDIS_URL is set")]
    return []


async def _healthz(_request: web.Request) -> web.Response:
    return web.json_response({"alive": True})


async def _readyz(request: web.Request) -> web.Response:
    missing = await not_ready(request.app[_HEALTH])
    body = {"ready": not missing, "not_ready": [asdict(one) for one in missing]}
    return web.json_response(body, status=503 if missing else 200)


async def _metrics(request: web.Request) -> web.Response:
    health = request.app[_HEALTH]
    reading = Reading(
        figures=await _figures(health),
        has_link=health.link_age is not None,
        link_age=health.link_age() if health.link_age is not None else None,
        originates=health.originates(),
    )
    body = request.app[_METRICS].text(reading)
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def _figures(health: Health) -> views.Figures | None:
    """None while the database does not answer: the other metrics are wanted then above all."""
    try:
        async with asyncio.timeout(_ANSWER_WITHIN), health.database.reading() as work:
            return await views.figures(work, health.now())
    except (Unavailable, TimeoutError) as error:
        log.warning("figures cannot be read", extra={"fault": str(error)})
        return None
