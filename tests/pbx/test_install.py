"""Finding an Asterisk, reading apt's sources, and the promise that a second run does nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.errors import AsteriskMissing
from pbx.install import candidate_version, install
from pbx.install_debian import machine_source
from pbx.install_find import Asterisk, find_asterisk, finished_root, newest_root, parse_version
from pbx.install_sources import Source, debian_source, parse_sources

DEB822 = """\
# the distribution
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://off.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/apt/keyrings/node.asc] http://node.example/ nodistro main
deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian bookworm main contrib # ours
deb-src http://mirror.example/debian bookworm main
"""


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1\n", (22, 10, 1)),
        ("1:22.10.1+dfsg+~cs6-1", (22, 10, 1)),
        ("Candidate: 1:16.28.0~dfsg-0", (16, 28, 0)),
        ("Asterisk 23.2", (23, 2)),
        ("22.10.1-amd64", (22, 10, 1)),
        ("Asterisk GIT-master", None),
    ],
)
def test_versions_are_read_from_programs_and_packages(text: str, version: tuple[int, ...] | None) -> None:
    assert parse_version(text) == version


def test_22_9_is_too_old_and_23_0_is_not() -> None:
    assert not Asterisk(Path("a"), None, (22, 9, 0)).is_usable
    assert Asterisk(Path("a"), None, (22, 10)).is_usable
    assert Asterisk(Path("a"), None, (23, 0, 1)).is_usable


def test_the_candidate_of_apt_is_found_and_none_is_none() -> None:
    assert candidate_version("asterisk:\n  Installed: (none)\n  Candidate: 1:22.10.1+dfsg-1\n") == (22, 10, 1)
    assert candidate_version("asterisk:\n  Installed: (none)\n  Candidate: (none)\n") is None
    assert candidate_version("") is None


def test_deb822_sources_give_the_debian_mirror_and_its_key_ring() -> None:
    found = debian_source(parse_sources("debian.sources", DEB822), "bookworm")
    assert found == Source(
        "http://mirror.example/debian",
        ("bookworm", "bookworm-updates"),
        ("main",),
        "/usr/share/keyrings/debian-archive-keyring.gpg",
    )


def test_one_line_sources_give_the_debian_mirror_and_not_another_archive() -> None:
    found = debian_source(parse_sources("sources.list", ONE_LINE), "bookworm")
    assert found is not None
    assert (found.uri, found.signed_by) == ("http://mirror.example/debian", "/usr/share/keyrings/debian.gpg")


def test_archives_switched_off_are_not_used() -> None:
    uris = [source.uri for source in parse_sources("debian.sources", DEB822)]
    assert uris == ["http://mirror.example/debian", "http://mirror.example/security"]


@given(st.text(alphabet="deb [=]:/\n\t#Types URIs main.", max_size=200))
def test_any_text_is_read_as_sources_without_an_error(text: str) -> None:
    for name in ("x.sources", "x.list"):
        assert all(source.uri for source in parse_sources(name, text) if source.components)


def test_a_system_that_is_not_debian_is_told_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text('ID=fedora\nPRETTY_NAME="Fedora Linux 43"\n')
    with pytest.raises(
        AsteriskMissing, match=r"Fedora Linux 43 .*TRUNKLINE_DEBIAN_MIRROR.*TRUNKLINE_ASTERISK.*AMI_HOST"
    ):
        machine_source({}, tmp_path)


def test_a_named_asterisk_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AsteriskMissing, match="there is no Asterisk program"):
        find_asterisk(tmp_path, {"TRUNKLINE_ASTERISK": str(tmp_path)})


def test_a_named_asterisk_that_is_too_old_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "asterisk"
    old.write_text("#!/bin/sh\necho Asterisk 20.9.3\n")
    old.chmod(0o755)
    with pytest.raises(AsteriskMissing, match=r"is Asterisk 20\.9\.3; 22\.10 or later"):
        find_asterisk(tmp_path, {"TRUNKLINE_ASTERISK": str(old)})


def test_a_new_enough_asterisk_on_the_path_is_used(tmp_path: Path) -> None:
    program = tmp_path / "asterisk"
    program.write_text("#!/bin/sh\necho Asterisk 22.11.0\n")
    program.chmod(0o755)
    found = find_asterisk(tmp_path, {"PATH": str(tmp_path)})
    assert found == Asterisk(program, None, (22, 11, 0))


def _root(folder: Path) -> Path:
    (folder / "usr/sbin").mkdir(parents=True)
    (folder / "usr/sbin/asterisk").touch()
    return folder


def test_a_half_made_root_is_never_used(tmp_path: Path) -> None:
    _root(tmp_path / ".making-1")
    (tmp_path / "22.12.0-amd64").mkdir()
    _root(tmp_path / "22.9.0-amd64")
    assert newest_root(tmp_path) is None
    _root(tmp_path / "22.10.1-amd64")
    _root(tmp_path / "22.11.0-amd64")
    found = newest_root(tmp_path)
    assert found is not None
    assert found.version == (22, 11, 0)


def test_a_kept_root_is_linked_without_asking_any_network(tmp_path: Path) -> None:
    kept = _root(tmp_path / "cache/trunkline/asterisk/22.10.1-amd64")
    project = tmp_path / "project"
    project.mkdir()
    said: list[str] = []
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": ""}
    if find_asterisk(project, env) is not None:
        pytest.fail("this test wants a machine without an Asterisk of its own in /usr/sbin")
    found = install(project, env, said.append)
    assert found.root == kept
    assert finished_root(project / ".asterisk/root") == found
    assert len(said) == 1
    assert install(project, env, said.append) == found
    assert len(said) == 1


def test_a_second_run_does_nothing_and_is_quick() -> None:
    install(say=lambda _: None)
    before = time.monotonic()
    found = install(say=lambda text: pytest.fail(f"said {text}"), env=os.environ)
    assert found.is_usable
    assert time.monotonic() - before < 1
