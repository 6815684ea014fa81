"""The bot of an Asterisk without chan_websocket: the whole path over AudioSocket."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crm_core.db.tables import attempts
from crm_core.domain.campaigns import DialMode
from crm_core.handlers.campaigns import put_trunk
from crm_core.handlers.conversations import transcript
from tests.asterisk.asterisk import running_pair
from tests.asterisk.scene import TRUNK, opened_scene
from tests.asterisk.test_bot import SURVEY

#: Presses 1, says seven, then a sentence.
PERSON = "+998931730001"


@pytest.mark.slow
async def test_who_speaks_and_presses_is_understood_over_audiosocket(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_MEDIA", "audiosocket")
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "survey.yml").write_text(SURVEY)
    async with (
        running_pair(tmp_path / "pair", bot_media="audiosocket") as pair,
        opened_scene(pair, tmp_path, sqlite_url, TRUNKLINE_ROLES="web,pbx,dialer,worker,bot") as scene,
    ):
        await put_trunk(scene.database, replace(TRUNK, prefixes=("+99893",)))
        await scene.campaign(PERSON, mode=DialMode.BOT, script="survey")
        attempt = await scene.row(attempts, fact=lambda row: row.settled_at, wait=60)
        turns, answers = await transcript(attempt.id, scene.database)
    given = {answer.question: answer.value for answer in answers}
    assert (given["may_ask"], given["rating"]) == ("yes", "7"), [(turn.party, turn.text) for turn in turns]
    assert {turn.engine.partition("/")[0] for turn in turns if turn.party == "person"} == {"keys", "whisper"}
