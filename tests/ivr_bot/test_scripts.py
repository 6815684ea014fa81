"""Scripts by name: a site's own go before the shipped ones, and a changed file is read again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crm_core.errors import NotFound
from ivr_bot.dialog.marks import BadScript
from ivr_bot.scripts import Scripts

OWN = """
script: satisfaction_survey
title: {title}
languages: [en]
who: "Lola calls."
start: bye
nodes:
  bye: {{kind: hang_up, prompt: "Goodbye."}}
"""


def test_a_shipped_script_is_found_by_its_name(tmp_path: Path) -> None:
    assert Scripts(tmp_path)("debt_reminder").name == "debt_reminder"


def test_a_sites_own_script_goes_first_and_is_read_again_when_it_changes(tmp_path: Path) -> None:
    scripts, file = Scripts(tmp_path), tmp_path / "satisfaction_survey.yml"
    file.write_text(OWN.format(title="Ours"))
    first = scripts("satisfaction_survey")
    assert first.title == "Ours"
    assert scripts("satisfaction_survey") is first
    file.write_text(OWN.format(title="Changed"))
    os.utime(file, (1, 1))
    assert scripts("satisfaction_survey").title == "Changed"


def test_what_is_not_there_or_not_sound_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="satisfaction_survey"):
        Scripts(tmp_path)("nothing")
    (tmp_path / "mine.yml").write_text("script: mine")
    with pytest.raises(BadScript, match="languages"):
        Scripts(tmp_path)("mine")
