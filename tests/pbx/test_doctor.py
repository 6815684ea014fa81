"""The doctor finds nothing in what we ship, and each fault that is put in."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbx.agi_routes import ROUTES
from pbx.doctor import Finding, LiveFacts, Severity, agi_routes, examine
from pbx.doctor_config import read_site_config
from pbx.doctor_live import ended_calls, running_modules
from pbx.site import PbxSite, pbx_site
from pbx.site_files import render


@pytest.fixture
def site(tmp_path: Path) -> PbxSite:
    site = pbx_site(tmp_path / "pbx")
    render(site)
    return site


def _change(site: PbxSite, file: str, old: str, new: str) -> None:
    path = site.config / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


def test_what_we_ship_is_sound(site: PbxSite) -> None:
    assert examine(site.config, secret=site.ami_secret) == []


def test_the_shipped_dialplan_asks_exactly_the_routes_we_say(site: PbxSite) -> None:
    assert agi_routes(read_site_config(site.config, ("extensions.conf",))) == ROUTES


def test_routes_are_checked_both_ways(site: PbxSite) -> None:
    unknown = _only(examine(site.config, ROUTES - {"optout"}))
    assert (unknown.severity, "optout" in unknown.what) == (Severity.ERROR, True)
    unused = _only(examine(site.config, ROUTES | {"survey"}))
    assert (unused.severity, "survey" in unused.what) == (Severity.WARNING, True)


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("extensions.conf", "[operator-park]", "[operators]", "context [operator-park] is missing"),
        ("extensions.conf", "exten => machine,1", "exten => robot,1", "no extension machine"),
        ("manager.conf", "write = originate,call,reporting", "write = call,reporting", "write lacks originate"),
        ("manager.conf", "read = system,call,user", "read = call", "read lacks system"),
        ("manager.conf", "write = originate,call,reporting", "write = originate,call,reporting,command", "command"),
        ("manager.conf", "write = originate,call,reporting", "write = all", "write has all"),
        ("manager.conf", "[trunkline]", "[other]", "user [trunkline] is missing"),
        ("manager.conf", "enabled = yes", "enabled = no", "is off"),
        ("trunkline/manager_bind.conf", "bindaddr = 127.0.0.1", "bindaddr = 0.0.0.0", "beyond this machine"),
        ("trunkline/manager_secret.conf", "secret = ", "secret = x", "secret is not the one"),
        ("cdr.conf", "unanswered = yes", "unanswered = no", "unanswered is off"),
        ("cdr_custom.conf", "${CSV_QUOTE(${CDR(linkedid)})},", "", "lacks columns"),
        ("cdr_custom.conf", "trunkline.csv =>", "other.csv =>", "is not written"),
        ("modules.conf", "load = app_amd.so", "noload = app_amd.so", "app_amd.so is not loaded"),
        (
            "pjsip.conf",
            '#include "trunkline/pjsip_media.conf"',
            '#include "gone.conf"',
            "gone.conf, which is not there",
        ),
    ],
)
def test_each_fault_is_found_in_its_file(site: PbxSite, file: str, old: str, new: str, what: str) -> None:
    _change(site, file, old, new)
    finding = _only(examine(site.config, secret=site.ami_secret))
    assert what in finding.what
    assert finding.file == ("manager.conf" if file.startswith("trunkline/") else file)
    assert finding.do


def test_a_missing_file_is_named(site: PbxSite) -> None:
    (site.config / "cdr_custom.conf").unlink()
    finding = _only(examine(site.config))
    assert (finding.file, finding.what) == ("cdr_custom.conf", "is not there")


def test_an_empty_folder_gives_findings_and_no_error(tmp_path: Path) -> None:
    assert {finding.severity for finding in examine(tmp_path)} == {Severity.ERROR}


def test_a_file_that_includes_itself_is_reported(site: PbxSite) -> None:
    (site.config / "pjsip_local.conf").write_text('#include "pjsip_local.conf"\n')
    assert "includes itself" in _only(examine(site.config)).what


def test_the_live_asterisk_is_judged(site: PbxSite) -> None:
    assert "too old" not in str(examine(site.config, live=LiveFacts(version="22.10.1+dfsg")))
    assert "22.10 or later" in _only(examine(site.config, live=LiveFacts(version="20.9.3"))).what
    assert "refused" in _only(examine(site.config, live=LiveFacts(problem="user 'trunkline' was refused"))).what
    unrecorded = LiveFacts(version="22.10.1", cdr_written=False)
    assert _only(examine(site.config, live=unrecorded)).file == "cdr_custom.conf"
    bare = examine(site.config, live=LiveFacts(version="22.10.1", modules=frozenset()))
    assert "chan_pjsip.so is not running" in {finding.what for finding in bare}


def test_the_command_lines_answers_are_read() -> None:
    shown = (
        "Module      Description            Use Count  Status      Support Level\n"
        "app_amd.so  Answering Machine      0          Running              extended\n"
        "cdr_csv.so  Comma Separated        0          Not Running          extended\n"
    )
    assert running_modules(shown) == {"app_amd.so"}
    assert ended_calls("2 active channels\n1 of 2000 max active call ( 0.05%)\n4 calls processed\n") == 3
    assert ended_calls("") == 0
