"""Rehearsals under way in this process, and what they ask of the dialer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from crm_core.domain.access import Actor
from crm_core.errors import CrmError, TooMany, Unavailable
from crm_core.handlers.rehearsal import Rehearser, Tools, Wanted, may_rehearse, rehearse
from crm_core.web.campaign_tools import screening_of
from crm_core.web.jobs import JOBS
from crm_core.web.keys import WORKPLACE

#: Given by whoever puts the service together.
REHEARSER: web.AppKey[Rehearser] = web.AppKey("rehearser", object)  # type: ignore[arg-type]
#: Each takes a processor to itself; the telephones need the others.
_AT_ONCE = 2


@dataclass(slots=True)
class UnderWay:
    """A rehearsal being made: `done` of `whole` steps. `over`: it has ended; `error`: why there is no forecast."""

    begun_at: datetime
    done: int = 0
    whole: int = 100
    over: bool = False
    error: str = ""

    def hear(self, done: int, whole: int) -> None:
        self.done, self.whole = done, whole


REHEARSALS = web.AppKey("rehearsals under way", dict[int, UnderWay])


def add_rehearsals(app: web.Application) -> None:
    """What pages and API keep of rehearsals in this process."""
    app[REHEARSALS] = {}


async def begin(request: web.Request, actor: Actor, campaign_id: int, wanted: Wanted) -> UnderWay:
    """Begin a rehearsal, unless one of the campaign is under way; its work goes on without this request.

    Raises Forbidden, NotFound, BadInput, TooMany while others are under way, Unavailable where there is no dialer.
    """
    place, known, jobs = request.app[WORKPLACE], request.app[REHEARSALS], request.app[JOBS]
    campaign = await may_rehearse(actor, campaign_id, wanted, place.database, place.now())
    found = known.get(campaign_id)
    if found is not None and jobs.is_running(_key(campaign_id)):
        return found
    if sum(not one.over for one in known.values()) >= _AT_ONCE:
        raise TooMany("rehearsals", 60)
    rehearser = request.app.get(REHEARSER)
    if rehearser is None:
        raise Unavailable("this process has no simulator: `trunkline campaign rehearse` does the same")
    tools, under_way = Tools(screening_of(request), rehearser), UnderWay(place.now())
    known[campaign_id] = under_way

    async def run() -> None:
        try:
            await rehearse(campaign, wanted, tools, place.database, place.now(), actor.name, under_way.hear)
        except CrmError as error:
            under_way.error = str(error)
        except Exception:
            under_way.error = "the fault is ours, and is in the log of the service"
            raise
        finally:
            under_way.over = True

    jobs.start(_key(campaign_id), run())
    return under_way


async def stop(request: web.Request, campaign_id: int) -> bool:
    """End a rehearsal; False if none of the campaign is under way here."""
    found = await request.app[JOBS].stop(_key(campaign_id))
    request.app[REHEARSALS].pop(campaign_id, None)
    return found


def under_way(request: web.Request, campaign_id: int) -> UnderWay | None:
    """What is being made, or why the last one came to nothing; None: nothing to tell."""
    found = request.app[REHEARSALS].get(campaign_id)
    if found is not None and found.over and not found.error:
        del request.app[REHEARSALS][campaign_id]
        return None
    return found


def _key(campaign_id: int) -> str:
    return f"rehearsal {campaign_id}"
