"""The one composition root: which part is made of which, by role."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from crm_core.bot_scripts import SiteFirstWords, SiteVoice
from crm_core.composing import keep_phones, make_web, switch_by
from crm_core.db.engine import Database, opened_database
from crm_core.errors import BadSetting, Conflict, Unavailable
from crm_core.events import AgentStateChanged, AttemptEnded, CallEnded, CampaignStateChanged
from crm_core.handlers import notices, webhook_telling
from crm_core.handlers.attempt_book import DatabaseAttemptBook
from crm_core.handlers.automation import RuleRunner
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.handlers.following import EventFollower
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.handlers.import_writing import finish_imports
from crm_core.handlers.messaging import MessageSender
from crm_core.handlers.notices import NoticeTeller
from crm_core.handlers.readiness import require_current
from crm_core.handlers.reception import DatabaseReception
from crm_core.handlers.relay import OutboxRelay
from crm_core.handlers.report_rollup import DayRoller
from crm_core.handlers.roster import DatabaseRoster
from crm_core.handlers.webhook_sending import WebhookSender
from crm_core.handlers.webhook_telling import WebhookFeeder
from crm_core.log import log_context
from crm_core.messaging.gateways import opened_gateways
from crm_core.messaging.settings import message_settings_from_env
from crm_core.messaging.webhook_post import allow_private_from_env, opened_webhook_post
from crm_core.ports import EventStream, Hopper, Roster
from crm_core.settings import Settings
from crm_core.streams import opened_stream
from crm_core.web.app import run_web
from crm_core.web.switch import Switch
from crm_core.web.visitors import Visitor
from dialer.desk import Desk
from dialer.engine import Dialer
from dialer.outcomes import Settler
from dialer.settings import DialerSettings, desk_settings_from_env, dialer_settings_from_env
from pbx.agi_routes import AgiRoutes
from pbx.agi_server import AgiServer
from pbx.agi_wire import AgiAnswer, AgiRequest
from pbx.ami import AmiLink
from pbx.link import SwitchLink
from pbx.recordings import RecordingKeeper
from pbx.settings import AgiSettings, AmiSettings, LinkSettings, RecordingSettings
from pbx.telephony import AsteriskTelephony

log = logging.getLogger(__name__)

#: After SIGTERM calls that ring may end by themselves for so long; talks go on in Asterisk without us.
DRAIN = timedelta(seconds=20)
#: Recordings are measured in a thread; the loop, with a person on the line, waits for the interpreter lock no longer.
_SWITCH_INTERVAL = 0.0005  # seconds; Python's own is ten times as much
_LISTEN_AGAIN = 1.0  # seconds, while Redis is away


def utc_now() -> datetime:
    """The clock of the service; everything else is given the time."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Service:
    """All parts of one process, wired but not yet running. Parts of roles it does not have are None."""

    settings: Settings
    database: Database
    stream: EventStream
    roster: Roster
    hopper: Hopper
    telephony: AsteriskTelephony | None = None
    switch: Switch | None = None  # as pages and API ask it
    link: SwitchLink | None = None
    desk: Desk | None = None
    dialer: Dialer | None = None
    voice: SiteVoice | None = None
    settler: Settler | None = None
    relay: OutboxRelay | None = None
    #: Told of every channel that the dialplan asks about: one of them may come to the bot.
    expect: Callable[[str], None] | None = None
    #: Who may log in by one click: filled by a demo alone.
    visitors: list[Visitor] = field(default_factory=list)
    parts: list[tuple[str, Callable[[], Awaitable[None]]]] = field(default_factory=list)

    def add(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Let `run` be one of the tasks of this process."""
        self.parts.append((name, run))

    async def run(self) -> None:
        """Run until one part fails or we are cancelled; then stop the rest."""
        async with asyncio.TaskGroup() as group:
            for name, run in self.parts:
                group.create_task(_as_coroutine(run), name=name)


async def _as_coroutine(run: Callable[[], Awaitable[None]]) -> None:
    await run()


@asynccontextmanager
async def opened_service(
    settings: Settings, now: Callable[[], datetime] = utc_now, dialing: DialerSettings | None = None
) -> AsyncIterator[Service]:
    """Open what `settings.roles` needs. Raises Unavailable when the database does not answer or is not migrated."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened_database(settings.database_url))
        await require_current(database)
        stream = await stack.enter_async_context(opened_stream(settings.redis_url))
        service = Service(settings, database, stream, DatabaseRoster(database), DatabaseHopper(database, now))
        if {"pbx", "dialer"} & settings.roles:
            _add_switch(service, now)
        elif "web" in settings.roles and settings.ami_secret:
            _lend_switch(service, _ami(settings, now), now)
        service.voice = voice = SiteVoice(os.environ, settings.home)
        stack.push_async_callback(voice.close)
        if "dialer" in settings.roles:
            _add_dialer(service, dialing or dialer_settings_from_env(os.environ), voice, now)
        service.relay = OutboxRelay(database, stream, now)
        service.add("outbox relay", service.relay.run)
        if "worker" in settings.roles:
            service.add("rules", RuleRunner(database, stream, now).run)
            service.add("days added up", DayRoller(database, now).run)
            service.add("interrupted imports", lambda: _finish_imports(database, now))
            await _add_tellers(service, stack, now)
            ways_out = await stack.enter_async_context(opened_gateways(message_settings_from_env(os.environ), now))
            service.add("messages", MessageSender(database, ways_out, now).run)
        if "bot" in settings.roles:
            await _add_bot(service, stack, voice, now)
        if "web" in settings.roles:
            app = make_web(service, now)
            service.add("web", lambda: run_web(app, settings.web_host, settings.web_port))
        service.add("checkpoints", database.keep_checkpointed)
        service.add("wake-ups", lambda: _wake_ups(service))
        yield service
        if service.desk is not None:
            await service.desk.close()


def _ami(settings: Settings, now: Callable[[], datetime]) -> AmiLink:
    return AmiLink(AmiSettings(settings.ami_host, settings.ami_port, settings.ami_user, settings.ami_secret), now)


def _lend_switch(service: Service, ami: AmiLink, now: Callable[[], datetime]) -> None:
    """What people ask of the switch, where the calls themselves are another process's."""
    telephony = AsteriskTelephony(ami, service.settings.recordings, now, lambda: False)
    service.switch = switch_by(ami, telephony)
    service.add("ami link", ami.run)


async def _add_tellers(service: Service, stack: AsyncExitStack, now: Callable[[], datetime]) -> None:
    """Who follows what happens: notices for the bell, and webhooks with their sender."""
    database, stream = service.database, service.stream
    teller, feeder = NoticeTeller(database, now), WebhookFeeder(database, now)
    service.add("notices", EventFollower(database, stream, now, notices.GROUP, teller.hear).run)
    service.add("callbacks due", teller.run)
    service.add("webhook events", EventFollower(database, stream, now, webhook_telling.GROUP, feeder.feed).run)
    post = await stack.enter_async_context(opened_webhook_post(allow_private=allow_private_from_env(os.environ)))
    service.add("webhooks", WebhookSender(database, post, now).run)


def _add_switch(service: Service, now: Callable[[], datetime]) -> None:
    """The AMI link; with role pbx also calls, AGI, recordings and browsers' phones of this node."""
    settings = service.settings
    ami = _ami(settings, now)
    book = DatabaseCallBook(service.database, now)
    link = SwitchLink(ami, book, LinkSettings(settings.node, settings.cdr_file, settings.country), now)
    keeper = RecordingKeeper(RecordingSettings(settings.recordings), book, link.is_open, now)
    service.telephony = AsteriskTelephony(ami, settings.recordings, now, keeper.may_record)
    service.switch = switch_by(ami, service.telephony)
    service.link = link
    if "pbx" not in settings.roles:
        service.add("ami link", ami.run)
        return
    of_desk = desk_settings_from_env(os.environ)
    reception = DatabaseReception(service.database, of_desk.incoming)
    service.desk = Desk(service.roster, DatabaseAttemptBook(service.database), reception, of_desk, now)
    routes = AgiRoutes(service.desk, settings.recordings, keeper.may_record, settings.country)
    service.add("switch link", link.run)

    async def decide(request: AgiRequest) -> AgiAnswer:
        if service.expect is not None:
            service.expect(request.channel)
        with log_context(call_id=request.channel):  # for an outgoing call that is the attempt's id too
            return await routes.decide(request)

    service.add("agi", AgiServer(AgiSettings(settings.agi_host, settings.agi_port), decide).run)
    service.add("recordings", keeper.run)
    keep_phones(service, ami, now)


def _add_dialer(service: Service, dialing: DialerSettings, voice: SiteVoice, now: Callable[[], datetime]) -> None:
    assert service.telephony is not None
    book = DatabaseConversationBook(service.database)
    words = SiteFirstWords(os.environ, service.settings.home, voice, book, now)
    service.dialer = Dialer(service.telephony, service.hopper, service.roster, dialing, now, words)
    service.settler = Settler(service.hopper, now)
    service.add("dialer", service.dialer.run)
    service.add("settler", service.settler.run)


async def _add_bot(service: Service, stack: AsyncExitStack, voice: SiteVoice, now: Callable[[], datetime]) -> None:
    # Here, not above: numpy and the recognisers' drivers are loaded where the bot runs and nowhere else.
    from ivr_bot.bot import opened_bot
    from ivr_bot.media.audiosocket import AudioSocketMedia
    from ivr_bot.settings import bot_settings_from_env

    settings = service.settings
    desk = desk_settings_from_env(os.environ)
    book = DatabaseConversationBook(service.database, desk.incoming)
    of_bot = bot_settings_from_env(
        os.environ, settings.home, settings.recordings, settings.agi_host, settings.bot_port, settings.bot_secret
    )
    bot = await stack.enter_async_context(opened_bot(of_bot, book, voice.prompts(), os.environ, now))
    if isinstance(bot, AudioSocketMedia):
        if "pbx" not in settings.roles:
            do = "Give this process the role pbx too, or use the websocket"
            raise BadSetting("BOT_MEDIA", "an AudioSocket takes calls only of the process that answers AGI", do)
        service.expect = bot.expect
    service.add("bot", bot.run)


async def _wake_ups(service: Service) -> None:
    """Tell those who wait that something happened; each process listens for itself, and loses nothing by missing it."""
    is_deaf = False  # said once for each time Redis is away
    while True:
        try:
            async with service.stream.subscribe(f"wake-ups {service.settings.node} {os.getpid()}") as batches:
                is_deaf = False
                async for batch in batches:
                    _wake(service, {type(envelope.event) for envelope in batch})
        except Unavailable as error:  # everybody who is woken also looks by himself now and then
            if not is_deaf:
                log.warning("no wake-ups for now", extra={"error": str(error)})
            is_deaf = True
            await asyncio.sleep(_LISTEN_AGAIN)


def _wake(service: Service, kinds: set[type]) -> None:
    if service.desk is not None and AgentStateChanged in kinds:
        service.desk.agent_available()
    if service.settler is not None and CallEnded in kinds:
        service.settler.wake()
    if service.dialer is not None and kinds & {AgentStateChanged, AttemptEnded, CallEnded, CampaignStateChanged}:
        service.dialer.wake()


async def _finish_imports(database: Database, now: Callable[[], datetime]) -> None:
    """Carry through what a crash interrupted; once is enough."""
    try:
        await finish_imports(database, now())
    except (Conflict, Unavailable) as error:  # the next import, or the next start, does it
        log.warning("interrupted imports not finished", extra={"error": str(error)})


def parts_of(service: Service) -> Sequence[str]:
    """Names of the parts, for the log."""
    return [name for name, _ in service.parts]
