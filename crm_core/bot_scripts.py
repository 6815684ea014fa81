"""The infobot's scripts and prompts as campaigns and the dialer ask for them, on this machine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crm_core.domain.campaigns import Campaign, CampaignPolicy
from crm_core.domain.leads import Lead
from crm_core.errors import BadInput, NotFound, Unavailable
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.ports import FirstWords

if TYPE_CHECKING:
    from ivr_bot.speech.prompts import Prompts

log = logging.getLogger(__name__)

_SHOWN = 5  # failures told one by one


class SiteVoice:
    """What renders in this process, for its calls and for leads to be dialed alike; made when it is first asked for."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self._env, self._home = env, home
        self._prompts: Prompts | None = None

    def prompts(self) -> Prompts:
        """Raises BadSetting and BadInput for a voice that is set and not there, ModuleNotFoundError without the bot's
        packages."""
        # Here, not above: numpy is loaded where the bot speaks and nowhere else.
        from ivr_bot.settings import speech_of_bot
        from ivr_bot.speech.prompts import Prompts
        from ivr_bot.speech.site import speakers_of

        if self._prompts is None:
            speech = speech_of_bot(self._env, self._home)
            self._prompts = Prompts(speech.prompts_folder, speakers_of(speech), speech.prompt_dbfs)
        return self._prompts

    async def close(self) -> None:
        """Give up renderings under way; programs that speak are ended."""
        if self._prompts is not None:
            await self._prompts.close()


class SiteFirstWords:
    """`FirstWords` by this process's voice. On a machine without the bot's packages every lead is ready at once, and
    what he hears first is rendered in his call, where the bot runs."""

    def __init__(
        self,
        env: Mapping[str, str],
        home: Path,
        voice: SiteVoice,
        book: DatabaseConversationBook,
        now: Callable[[], datetime],
    ) -> None:
        self._folders = (env, home)
        self._voice, self._book, self._now = voice, book, now
        self._making = asyncio.Lock()
        self._made: FirstWords | None = None
        self._without = False

    async def make_ready(self, campaign: Campaign, lead: Lead) -> None:
        """Raises BadInput and Unavailable, as the port says."""
        async with self._making:
            if self._made is None and not self._without:
                await self._make()
        if self._made is not None:
            await self._made.make_ready(campaign, lead)

    async def _make(self) -> None:
        try:
            self._made = await asyncio.to_thread(self._put_together)  # numpy alone takes a tenth of a second
        except ModuleNotFoundError as error:
            self._without = True
            log.warning("words of leads are rendered in their calls", extra={"why": f"no {error.name} here"})
        except BadInput as error:  # a setting, not the lead
            raise Unavailable(str(error)) from error

    def _put_together(self) -> FirstWords:
        from ivr_bot.first_words import RenderedFirst
        from ivr_bot.scripts import Scripts
        from ivr_bot.settings import own_folders

        scripts, recordings = own_folders(*self._folders)
        return RenderedFirst(self._voice.prompts(), Scripts(scripts), recordings, self._book, self._now)


class SiteScripts:
    """`BotScripts` over a site's own folders and what is shipped. Nothing is read before it is asked for.

    `voice`: this process's, where it has one already."""

    def __init__(self, env: Mapping[str, str], home: Path, voice: SiteVoice | None = None) -> None:
        self._env, self._home, self._voice = env, home, voice

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
        """How many prompts stand ready. What names a lead is rendered before his dial, or in his call."""
        # Here, not above: numpy is loaded where the bot's campaigns are started and nowhere else.
        from ivr_bot.scripts import Scripts
        from ivr_bot.speech.prompts import Line
        from ivr_bot.warming import parts_of

        if policy.script is None:
            return 0
        scripts, recordings = self._folders()
        script = Scripts(scripts)(policy.script)
        parts = parts_of(script, recordings, policy.script_fields)
        voice = self._voice or SiteVoice(self._env, self._home)
        try:
            failures = await voice.prompts().render_all(parts, told)
        finally:
            if voice is not self._voice:
                await voice.close()
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
