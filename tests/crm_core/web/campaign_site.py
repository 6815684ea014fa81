"""What campaigns ask of dialer and infobot, in the tests' application."""

from __future__ import annotations

import os
from collections.abc import Callable

from aiohttp import web

from crm_core.domain.campaigns import CampaignPolicy
from crm_core.errors import BadInput, NotFound
from crm_core.web.campaign_tools import BOT_SCRIPTS, SCREENING
from crm_core.web.keys import WORKPLACE
from crm_core.web.script_tools import SCRIPT_DESK
from dialer.screening import screened
from ivr_bot.script_desk import SiteScriptDesk


class FakeScripts:
    """`BotScripts` that knows two scripts; of the one called `mute` no prompt can be rendered."""

    def names(self) -> tuple[str, ...]:
        return ("mute", "survey")

    def check(self, name: str) -> None:
        if name not in self.names():
            raise NotFound("script", name, f"Choose of {', '.join(self.names())}")

    async def render(self, policy: CampaignPolicy, told: Callable[[int, int], None]) -> int:
        told(1, 2)
        if policy.script == "mute":
            raise BadInput("script mute", "1 of 2 prompts cannot be played", "Mend the script")
        told(2, 2)
        return 2


def add_tools(app: web.Application) -> None:
    """As the service gives them to the application."""
    app[SCREENING] = screened
    app[BOT_SCRIPTS] = FakeScripts()
    app[SCRIPT_DESK] = SiteScriptDesk(os.environ, app[WORKPLACE].home)
