"""Before a campaign of the bot starts: every prompt of its script is rendered and checked."""

from __future__ import annotations

import os

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from crm_core.domain.campaigns import CampaignPolicy
from crm_core.errors import BadInput
from crm_core.settings import Settings

_SHOWN = 5  # failures told one by one


async def render_prompts(policy: CampaignPolicy, settings: Settings) -> int:
    """How many prompts stand ready. Raises BadInput naming those that cannot be rendered: the campaign must not start.

    What names a lead is rendered in his call; all else is rendered here.
    """
    # Here, not above: numpy is loaded where the bot's campaigns are started and nowhere else.
    from ivr_bot.scripts import Scripts
    from ivr_bot.settings import own_folders, speech_of_bot
    from ivr_bot.speech.prompts import Line, Prompts
    from ivr_bot.speech.site import speakers_of
    from ivr_bot.warming import parts_of

    if policy.script is None:
        return 0
    scripts, recordings = own_folders(os.environ, settings.home)
    speech = speech_of_bot(os.environ, settings.home)
    script = Scripts(scripts)(policy.script)
    parts = parts_of(script, recordings, policy.script_fields)
    prompts = Prompts(speech.prompts_folder, speakers_of(speech), speech.prompt_dbfs)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(), transient=True) as progress:
        bar = progress.add_task("rendering prompts", total=len(parts))
        failures = await prompts.render_all(
            parts, lambda done, total: progress.update(bar, completed=done, total=total)
        )
    if failures:
        told = [
            f"{repr(one.part.text) if isinstance(one.part, Line) else one.part.file}: {one.why}"
            for one in failures[:_SHOWN]
        ]
        more = f"\nand {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else ""
        what = f"{len(failures)} of {len(parts)} prompts cannot be played:\n" + "\n".join(told) + more
        raise BadInput(f"script {script.name}", what, "Mend the script or the recordings, then start again")
    return len(parts)
