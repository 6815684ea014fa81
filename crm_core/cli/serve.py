"""`trunkline serve`: the service, by roles; SIGTERM stops dialing, lets talks go on, and leaves."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from dataclasses import replace

from crm_core.bootstrap import DRAIN, Service, opened_service, parts_of
from crm_core.errors import BadSetting, CrmError
from crm_core.log import set_up_logging
from crm_core.settings import ROLES, Settings

log = logging.getLogger(__name__)


def add_serve_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Mount `serve`."""
    serve = subparsers.add_parser("serve", help="run the service (its usual roles, or some)")
    serve.add_argument("--roles", help=f"comma-separated, of {', '.join(ROLES)} (default: all but bot)")
    serve.set_defaults(run=run)


async def run(args: argparse.Namespace, settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT."""
    if args.roles:
        roles = frozenset(args.roles.split(","))
        if unknown := roles - set(ROLES):
            raise BadSetting("--roles", f"unknown role {', '.join(sorted(unknown))}", f"Choose of {', '.join(ROLES)}")
        settings = replace(settings, roles=roles)
    set_up_logging(json_lines=settings.log_json, show_numbers=settings.log_numbers)
    try:
        await serve(settings)
    except* CrmError as group:
        raise _first(group) from None
    return 0


async def serve(settings: Settings) -> None:
    """Open the service and run it until a signal; then drain."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with opened_service(settings) as service:
        log.info("serving", extra={"roles": ",".join(sorted(settings.roles)), "parts": ", ".join(parts_of(service))})
        running = asyncio.create_task(service.run(), name="service")
        stopping = asyncio.create_task(stop.wait(), name="stop signal")
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await drain(service)
        finally:
            stopping.cancel()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        if not running.cancelled() and (error := running.exception()) is not None:
            raise error


async def drain(service: Service) -> None:
    """Open no more lines and let those that ring end. Talks go on in Asterisk; the next process finds them there."""
    if service.dialer is not None:
        log.info("stopping: no more dialing")
        ended = await service.dialer.drain(DRAIN)
        log.info("drained", extra={"all_ended": ended})


def _first(group: BaseExceptionGroup[CrmError]) -> CrmError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, CrmError)
    return error
