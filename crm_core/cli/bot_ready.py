"""Before a campaign of the bot starts: every prompt of its script is rendered and checked."""

from __future__ import annotations

import os

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from crm_core.bot_scripts import SiteScripts
from crm_core.domain.campaigns import CampaignPolicy
from crm_core.settings import Settings


async def render_prompts(policy: CampaignPolicy, settings: Settings) -> int:
    """How many prompts stand ready. Raises BadInput naming those that cannot be rendered."""
    if policy.script is None:
        return 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(), transient=True) as progress:
        bar = progress.add_task("rendering prompts", total=None)
        scripts = SiteScripts(os.environ, settings.home)
        return await scripts.render(policy, lambda done, total: progress.update(bar, completed=done, total=total))
