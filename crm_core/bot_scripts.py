"""The infobot's scripts and prompts as campaigns ask for them, on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from crm_core.domain.campaigns import CampaignPolicy
from crm_core.errors import BadInput, NotFound

_SHOWN = 5  # failures told one by one


class SiteScripts:
    """`BotScripts` over a site's own folders and what is shipped. Nothing is read before it is asked for."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self._env, self._home = env, home

    def names(self) -> tuple[str, ...]:
        """All scripts by name, the site's own among them."""
        from ivr_bot.dialog.shipped import shipped_scripts

        own, _ = self._folders()
        found = {path.stem for path in [*own.glob("*.yml"), *shipped_scripts()]}
        return tuple(sorted(name for name in found if not name.endswith(".test")))

    def check(self, name: str) -> None:
        """Raises NotFound for what is not one of `names` (a path, for instance), and BadInput for one not sound."""
        from ivr_bot.scripts import Scripts

        if name not in (known := self.names()):
            raise NotFound("script", name, f"Choose of {', '.join(known)}")
        Scripts(self._folders()[0])(name)

    async def render(self, policy: CampaignPolicy, told: Callable[[int, int], None]) -> int:
        """How many prompts stand ready. What names a lead is rendered in his call; all else is rendered here."""
        # Here, not above: numpy is loaded where the bot's campaigns are started and nowhere else.
        from ivr_bot.scripts import Scripts
        from ivr_bot.settings import speech_of_bot
        from ivr_bot.speech.prompts import Line, Prompts
        from ivr_bot.speech.site import speakers_of
        from ivr_bot.warming import parts_of

        if policy.script is None:
            return 0
        scripts, recordings = self._folders()
        speech = speech_of_bot(self._env, self._home)
        script = Scripts(scripts)(policy.script)
        parts = parts_of(script, recordings, policy.script_fields)
        prompts = Prompts(speech.prompts_folder, speakers_of(speech), speech.prompt_dbfs)
        failures = await prompts.render_all(parts, told)
        if failures:
            lines = [
                f"{repr(one.part.text) if isinstance(one.part, Line) else one.part.file}: {one.why}"
                for one in failures[:_SHOWN]
            ]
            more = f"\nand {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else ""
            what = f"{len(failures)} of {len(parts)} prompts cannot be played:\n" + "\n".join(lines) + more
            raise BadInput(f"script {script.name}", what, "Mend the script or the recordings, then start again")
        return len(parts)

    def _folders(self) -> tuple[Path, Path]:
        from ivr_bot.settings import own_folders

        return own_folders(self._env, self._home)
