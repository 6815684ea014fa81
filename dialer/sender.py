"""Sends leased attempts to the switch, each at its slot, each once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from crm_core.domain.attempts import Attempt, Outcome
from crm_core.domain.campaigns import Campaign, Record, Trunk
from crm_core.errors import CrmError, Unavailable
from crm_core.ports import Hopper, OriginateOrder, Telephony
from dialer.settings import DialerSettings

log = logging.getLogger(__name__)


def order_of(attempt: Attempt, campaign: Campaign, trunk: Trunk) -> OriginateOrder:
    """What the switch is asked for `attempt`."""
    return OriginateOrder(
        channel=attempt.id,
        number=attempt.number,
        trunk_endpoint=trunk.endpoint,
        caller_id=attempt.caller_id,
        ring_seconds=round(campaign.policy.ring_for.total_seconds()),
        detect_machines=campaign.policy.detect_machines,
        record_from_answer=campaign.policy.record is Record.ANSWERED,
    )


class Sender:
    """Every attempt given to it was leased before. What may have reached the switch is never sent again."""

    def __init__(
        self, telephony: Telephony, hopper: Hopper, settings: DialerSettings, now: Callable[[], datetime]
    ) -> None:
        self._telephony, self._hopper, self._settings, self._now = telephony, hopper, settings, now
        self.stopped = False  # set by a drain: what waits for its slot is not sent any more

    async def send(self, attempt: Attempt, order: OriginateOrder, slot: datetime) -> None:
        """Wait for `slot`, then originate."""
        await asyncio.sleep(max(0.0, (slot - self._now()).total_seconds()))
        if self.stopped or not self._telephony.is_up:
            why = "stopping" if self.stopped else "the link to the switch is down"
            return await self._refused(attempt, Outcome.GIVEN_UP, f"not sent: {why}")
        try:
            async with asyncio.timeout(self._settings.switch_timeout.total_seconds()):
                await self._telephony.originate(order)
        except (Unavailable, TimeoutError) as error:
            # It may have been sent: a person may be ringing. The hangup, or the end of the lease, tells.
            log.warning("originate unanswered", extra={"attempt_id": attempt.id, "error": repr(error)})
        except CrmError as error:  # OriginateRefused, or BadInput for a word the switch must not be given
            await self._refused(attempt, Outcome.FAILED, str(error))

    async def _refused(self, attempt: Attempt, outcome: Outcome, why: str) -> None:
        log.info("originate refused", extra={"attempt_id": attempt.id, "why": why})
        try:
            await self._hopper.refused(attempt.id, outcome, why, self._now())
        except CrmError as error:  # the lease frees the line
            log.warning("refusal not written", extra={"attempt_id": attempt.id, "error": repr(error)})
