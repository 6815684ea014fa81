"""What campaigns ask of dialer and infobot, as pages and API reach it in this process, and the counts they keep."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from crm_core.domain.access import Actor
from crm_core.domain.campaign_orders import Order
from crm_core.domain.outlook import StartSummary
from crm_core.errors import CrmError, Unavailable
from crm_core.handlers.campaign_acts import order_campaign
from crm_core.handlers.lead_uploads import Intake
from crm_core.handlers.outlook import outlook
from crm_core.imports.uploads import UploadFolder
from crm_core.ports import BotScripts, Screening
from crm_core.web.jobs import JOBS, add_jobs
from crm_core.web.keys import WORKPLACE

#: Given by whoever puts the service together; without them a page says what is missing.
SCREENING: web.AppKey[Screening] = web.AppKey("screening", object)  # type: ignore[arg-type]
BOT_SCRIPTS: web.AppKey[BotScripts] = web.AppKey("bot_scripts", object)  # type: ignore[arg-type]
#: Outlooks kept; the oldest goes.
_MOST_KEPT = 200


@dataclass(slots=True)
class Looking:
    """Leads of a campaign being screened for `outlook`, or the counts when they are (`summary`). `error`: why not."""

    begun_at: datetime
    done: int = 0
    whole: int = 0
    summary: StartSummary | None = None
    error: str = ""

    def hear(self, done: int, whole: int) -> None:
        self.done, self.whole = done, whole


@dataclass(slots=True)
class Outlooks:
    """The last outlook of each campaign. Everybody who sees a campaign gets the same counts."""

    kept: OrderedDict[int, Looking] = field(default_factory=OrderedDict)

    def keep(self, campaign_id: int, looking: Looking) -> None:
        self.kept[campaign_id] = looking
        self.kept.move_to_end(campaign_id)
        while len(self.kept) > _MOST_KEPT:
            self.kept.popitem(last=False)


OUTLOOKS = web.AppKey("outlooks", Outlooks)


def screening_of(request: web.Request) -> Screening:
    """Raises Unavailable."""
    found = request.app.get(SCREENING)
    if found is None:
        raise Unavailable("this process has no dialer's rules: `trunkline why` tells the same on the command line")
    return found


def scripts_of(request: web.Request) -> BotScripts | None:
    return request.app.get(BOT_SCRIPTS)


def intake_of(request: web.Request) -> Intake:
    """Where uploads of this site lie."""
    place = request.app[WORKPLACE]
    return Intake(UploadFolder(place.home / "uploads"), place.database, place.now, place.country)


def look(request: web.Request, actor: Actor, campaign_id: int) -> Looking:
    """Begin an outlook, unless one is under way; its work goes on without this request."""
    place, jobs, outlooks = request.app[WORKPLACE], request.app[JOBS], request.app[OUTLOOKS]
    key = f"outlook {campaign_id}"
    if jobs.is_running(key) and campaign_id in outlooks.kept:
        return outlooks.kept[campaign_id]
    screening = screening_of(request)
    looking = Looking(place.now())
    outlooks.keep(campaign_id, looking)

    async def run() -> None:
        try:
            looking.summary = await outlook(actor, campaign_id, screening, place.database, place.now(), looking.hear)
        except Exception as error:
            looking.error = str(error) or "the fault is ours, and is in the log of the service"
            raise

    jobs.start(key, run())
    return looking


def last_look(request: web.Request, campaign_id: int) -> Looking | None:
    """The outlook that stands, or is under way; None: nobody has asked."""
    return request.app[OUTLOOKS].kept.get(campaign_id)


# --- starting a campaign of the bot -------------------------------------------------------------------------
@dataclass(slots=True)
class Starting:
    """Prompts being made ready before a campaign starts; then `over`, and `error` says why it did not start."""

    done: int = 0
    whole: int = 0
    over: bool = False
    error: str = ""
    warnings: tuple[str, ...] = ()

    def hear(self, done: int, whole: int) -> None:
        self.done, self.whole = done, whole


STARTING = web.AppKey("starting_campaigns", dict[int, Starting])


def begin_start(request: web.Request, actor: Actor, campaign_id: int) -> Starting:
    """Start a campaign whose prompts take a while to make ready; its work goes on without this request."""
    place, known, key = request.app[WORKPLACE], request.app[STARTING], f"start {campaign_id}"
    if request.app[JOBS].is_running(key):
        return known[campaign_id]
    starting = known[campaign_id] = Starting()
    scripts = scripts_of(request)

    async def run() -> None:
        try:
            _card, starting.warnings = await order_campaign(
                actor, campaign_id, Order.START, scripts, place.database, place.now(), starting.hear
            )
        except CrmError as error:
            starting.error = str(error)
        except Exception:
            starting.error = "the fault is ours, and is in the log of the service"
            raise
        finally:
            starting.over = True

    request.app[JOBS].start(key, run())
    return starting


def add_tools(app: web.Application) -> None:
    """What the pages and the API of campaigns keep in this process."""
    add_jobs(app)
    app[OUTLOOKS], app[STARTING] = Outlooks(), {}
