"""What may be asked of a campaign, and in which state. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from crm_core.domain.campaigns import Campaign, CampaignState
from crm_core.errors import BadInput


class Order(StrEnum):
    """What may be asked of a campaign."""

    START = "start"
    PAUSE = "pause"
    STOP = "stop"
    FINISH = "finish"


_S, _O = CampaignState, Order
_NEXT: Mapping[tuple[CampaignState, Order], CampaignState] = {
    (_S.DRAFT, _O.START): _S.RUNNING,
    (_S.PAUSED, _O.START): _S.RUNNING,
    (_S.STOPPED, _O.START): _S.RUNNING,
    (_S.RUNNING, _O.PAUSE): _S.PAUSED,
    (_S.RUNNING, _O.STOP): _S.STOPPED,
    (_S.PAUSED, _O.STOP): _S.STOPPED,
    **{(state, _O.FINISH): _S.FINISHED for state in (_S.DRAFT, _S.RUNNING, _S.PAUSED, _S.STOPPED)},
}


def orders_allowed(state: CampaignState) -> tuple[Order, ...]:
    """What may be asked of a campaign in this state."""
    return tuple(order for order in Order if (state, order) in _NEXT)


def state_after(campaign: Campaign, order: Order) -> CampaignState:
    """Raises BadInput when its state does not allow the order."""
    state = _NEXT.get((campaign.state, order))
    if state is None:
        allowed = orders_allowed(campaign.state)
        do = f"It allows {', '.join(allowed)}" if allowed else "Make a new campaign"
        raise BadInput(f"campaign {campaign.name}", f"it is {campaign.state}: no {order} now", do)
    return state
