"""What leads of the bot hear first, rendered before they are dialed: who is ready, who is made ready, who is not."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_core.domain.campaigns import Campaign, DialMode, Trunk
from crm_core.domain.leads import Lead, WhyNot
from crm_core.errors import BadInput, CrmError
from crm_core.ports import FirstWords, PutOff
from dialer.picking import Pick
from dialer.screening import REVISIT
from dialer.settings import DialerSettings
from dialer.troubles import Troubles

log = logging.getLogger(__name__)

_Key = tuple[int, int]  # campaign, lead


@dataclass(frozen=True, slots=True)
class _Faults:
    """Renderings that failed one after the other; until `until` none is begun."""

    count: int
    until: datetime


def rest_after(faults: int, shortest: timedelta, longest: timedelta) -> timedelta:
    """How long to let be what has failed so many times in a row: twice as long each time."""
    return min(longest, shortest * (1 << min(max(0, faults - 1), 20)))


def stock(campaign: Campaign, trunk: Trunk, settings: DialerSettings) -> int:
    """How many leads are to be ready beyond those dialed now: what is dialed within `settings.words_ahead`."""
    rate = min(campaign.policy.calls_per_second, trunk.calls_per_second, settings.calls_per_second)
    return min(settings.batch, math.ceil(max(0.0, rate) * settings.words_ahead.total_seconds()))


class FirstWordsStock:
    """Of all campaigns of one dialer, in memory: what is rendered is kept by whoever renders, and found again.

    Nothing is leased for a rendering, and no pass waits for one. A voice that fails is left alone for a while, for
    each campaign by itself: who is ready is dialed all the same, and so is every other campaign.
    """

    def __init__(
        self, words: FirstWords | None, settings: DialerSettings, now: Callable[[], datetime], wake: Callable[[], None]
    ) -> None:
        self._words, self._settings, self._now, self._wake = words, settings, now, wake
        self._troubles = Troubles()
        self._ready: dict[_Key, datetime] = {}  # and until when that is believed
        self._making: set[_Key] = set()
        self._refused: dict[int, list[PutOff]] = {}
        self._faults: dict[int, _Faults] = {}  # by campaign
        self._faults_of: dict[_Key, int] = {}

    def concerns(self, campaign: Campaign) -> bool:
        return self._words is not None and campaign.policy.mode is DialMode.BOT

    def follow(self, campaign_ids: Collection[int]) -> None:
        """Forget campaigns that do not run."""
        self._ready = {key: until for key, until in self._ready.items() if key[0] in campaign_ids}
        self._faults_of = {key: count for key, count in self._faults_of.items() if key[0] in campaign_ids}
        self._faults = {key: faults for key, faults in self._faults.items() if key in campaign_ids}

    def beyond(self, campaign: Campaign, trunk: Trunk) -> int:
        """How many due leads to read beyond those wanted now: many where few are ready, else only past those in the
        making, who stand in front."""
        if not self.concerns(campaign):
            return 0
        wanted = stock(campaign, trunk, self._settings)
        making = sum(key[0] == campaign.id for key in self._making)
        return making if 2 * self._ready_of(campaign) > wanted else making + wanted

    def chosen(self, group: asyncio.TaskGroup, campaign: Campaign, picks: Sequence[Pick], wanted: int) -> list[Pick]:
        """Those of `picks` to dial now, `wanted` at most; for the others rendering begins in `group`."""
        if not self.concerns(campaign):
            return list(picks)
        now = self._now()
        self._ready = {key: until for key, until in self._ready.items() if until > now}
        ready = [pick for pick in picks if _key(pick.lead) in self._ready]
        for pick in picks:
            if self._may_begin(campaign, _key(pick.lead), now):
                self._making.add(_key(pick.lead))
                group.create_task(self._make(campaign, pick.lead), name=f"first words of lead {pick.lead.id}")
        return ready[:wanted]

    def tried(self, campaign: Campaign, lead_ids: Collection[int]) -> None:
        """These are being dialed, or were refused a lease: another time their words are looked at anew."""
        for lead_id in lead_ids:
            self._ready.pop((campaign.id, lead_id), None)

    def take_refused(self, campaign: Campaign) -> list[PutOff]:
        """Leads whose words could not be had since the last time, as the hopper is told."""
        return self._refused.pop(campaign.id, [])

    def _ready_of(self, campaign: Campaign) -> int:
        return sum(key[0] == campaign.id for key in self._ready)

    def _may_begin(self, campaign: Campaign, key: _Key, now: datetime) -> bool:
        if key in self._ready or key in self._making:
            return False
        faults = self._faults.get(campaign.id)
        most = self._settings.words_at_once if faults is None else 1  # one finds out whether the voice is back
        if faults is not None and faults.until > now:
            return False
        return sum(other[0] == campaign.id for other in self._making) < most

    async def _make(self, campaign: Campaign, lead: Lead) -> None:
        assert self._words is not None
        key = _key(lead)
        try:
            async with asyncio.timeout(self._settings.words_within.total_seconds()):
                await self._words.make_ready(campaign, lead)
        except BadInput as error:
            self._refuse(campaign, lead, WhyNot.WORDS_UNSAYABLE, REVISIT, error)
            self._went_well(campaign)  # the voice is not to blame
        except (CrmError, TimeoutError) as error:
            self._failed(campaign, lead, error)
        else:
            self._ready[key] = self._now() + self._settings.words_kept
            self._faults_of.pop(key, None)
            self._went_well(campaign)
        finally:
            self._making.discard(key)
            self._wake()

    def _failed(self, campaign: Campaign, lead: Lead, error: Exception) -> None:
        settings, key = self._settings, _key(lead)
        before = self._faults.get(campaign.id)
        count = 1 if before is None else before.count + 1
        rest = rest_after(count, settings.words_rest, settings.words_longest_rest)
        self._faults[campaign.id] = _Faults(count, self._now() + rest)
        self._troubles.stops(_trouble(campaign), True)
        self._faults_of[key] = self._faults_of.get(key, 0) + 1
        lead_rest = rest_after(self._faults_of[key], settings.words_lead_rest, REVISIT)
        self._refuse(campaign, lead, WhyNot.WORDS_NOT_READY, lead_rest, error)

    def _went_well(self, campaign: Campaign) -> None:
        self._faults.pop(campaign.id, None)
        self._troubles.stops(_trouble(campaign), False)

    def _refuse(self, campaign: Campaign, lead: Lead, why: WhyNot, rest: timedelta, error: Exception) -> None:
        said = str(error) or f"not within {self._settings.words_within.total_seconds():g} s"
        log.warning("first words not ready", extra={"campaign": campaign.name, "lead_id": lead.id, "why": said})
        put_off = PutOff(campaign.id, lead.id, why, self._now() + rest)
        self._refused.setdefault(campaign.id, []).append(put_off)


def _key(lead: Lead) -> _Key:
    return lead.campaign_id, lead.id


def _trouble(campaign: Campaign) -> str:
    return f"campaign {campaign.name!r}: what its leads hear first cannot be rendered"
