"""What every page needs of the site: its clocks. Asked for with each page, so kept for a moment."""

from __future__ import annotations

import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from crm_core.db.engine import Database
from crm_core.db.site import calendar

_KEPT_FOR = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """`zone` is the firm's (an IANA name)."""

    zone: str


_known: WeakKeyDictionary[Database, tuple[float, SiteFacts]] = WeakKeyDictionary()


async def site_facts(database: Database) -> SiteFacts:
    """The facts, at most ten seconds old."""
    at, facts = _known.get(database, (0.0, SiteFacts("UTC")))
    if time.monotonic() - at > _KEPT_FOR or at == 0.0:
        async with database.reading() as work:
            facts = SiteFacts((await calendar(work)).zone)
        _known[database] = (time.monotonic(), facts)
    return facts
