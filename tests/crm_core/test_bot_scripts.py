"""The infobot's scripts as campaigns ask for them: by name and by no path."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.bot_scripts import SiteScripts
from crm_core.domain.campaigns import CampaignPolicy
from crm_core.errors import BadInput, NotFound


def test_shipped_scripts_are_known_by_name(tmp_path: Path) -> None:
    scripts = SiteScripts({}, tmp_path)
    assert "satisfaction_survey" in scripts.names()
    assert not any("test" in name for name in scripts.names())
    scripts.check("satisfaction_survey")


def test_a_sites_own_script_is_known_and_checked(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/ours.yml").write_text("greet: [\n")
    scripts = SiteScripts({}, tmp_path)
    assert "ours" in scripts.names()
    with pytest.raises(BadInput):
        scripts.check("ours")


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret", "ivr_bot/flows/satisfaction_survey.yml", ""])
def test_a_path_is_no_script(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.yml").write_text("password: 1\n")
    with pytest.raises(NotFound):
        SiteScripts({}, tmp_path / "home").check(name)


async def test_a_campaign_without_a_script_has_nothing_to_make_ready(tmp_path: Path) -> None:
    assert await SiteScripts({}, tmp_path).render(CampaignPolicy("carrier"), lambda done, whole: None) == 0
