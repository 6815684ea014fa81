"""AsteriskMonitoring: a supervisor's phone is rung and put to a call that is under way, by ChanSpy."""

from __future__ import annotations

from crm_core.errors import Conflict
from crm_core.ports import MonitorOrder, OriginateRefused
from pbx.ami import AmiLink
from pbx.monitor_actions import end_with_call_action, monitor_action


class AsteriskMonitoring:
    """Fits crm_core.ports.Monitoring."""

    def __init__(self, ami: AmiLink) -> None:
        self._ami = ami

    async def monitor(self, order: MonitorOrder) -> None:
        """Ring his phone. Raises Conflict when the call has ended, OriginateRefused, BadInput, LinkDown."""
        action = monitor_action(order)
        # First what ends it, then what begins it: there is no moment in which it could outlive the call.
        tied = await self._ami.ask(end_with_call_action(order))
        if tied.get("Response") != "Success":
            raise Conflict(f"the call is over ({tied.get('Message', 'no reason given')})")
        answer = await self._ami.ask(action)
        if answer.get("Response") != "Success":
            raise OriginateRefused(f"phone {order.phone}: {answer.get('Message', '')}")
