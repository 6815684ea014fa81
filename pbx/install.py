"""Find an Asterisk of version 22.10 or later, or make one.

The order: TRUNKLINE_ASTERISK, one on the PATH, the one this project made before, the distribution's package, and
Debian's own in a root folder kept in the user's cache. Whatever is there already is used without asking a network.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pbx.errors import AsteriskMissing
from pbx.install_debian import (
    APT,
    OWN_ASTERISK,
    PACKAGES,
    Say,
    Shell,
    architecture,
    install_environment,
    machine_source,
    make_root,
)
from pbx.install_find import (
    OLDEST_USABLE,
    PROJECT_ROOT,
    Asterisk,
    cache_folder,
    find_asterisk,
    finished_root,
    newest_root,
    parse_version,
)

#: The folder that holds the packages and asterisk_conf.
PROJECT = Path(__file__).resolve().parent.parent


def install(project: Path = PROJECT, env: Mapping[str, str] = os.environ, say: Say = print) -> Asterisk:
    """Return a usable Asterisk, making one if there is none. A second run does nothing."""
    if found := find_asterisk(project, env):
        return found
    cache = cache_folder(env)
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / ".lock", say):
        if kept := newest_root(cache):
            say(f"Asterisk: {kept.version_text} from {cache}")
            return _linked(project, kept)
        _check_possible()
        shell = Shell(cache / "install.log", install_environment(env))
        if packaged := _from_distribution(project, env, shell, say):
            return packaged
        return _linked(project, _made(cache, env, shell, say))


def found_asterisk(project: Path = PROJECT, env: Mapping[str, str] = os.environ) -> Asterisk:
    """The installed Asterisk; without one, an error that says how to get it."""
    found = find_asterisk(project, env)
    if found is None:
        raise AsteriskMissing(f"no Asterisk 22.10 or later found: run `trunkline pbx install`. {OWN_ASTERISK}")
    return found


def _check_possible() -> None:
    """Say all that is missing at once."""
    missing = []
    if os.geteuid() != 0:
        missing.append("root rights (run it as root or with sudo)")
    if shutil.which("apt-get") is None:
        missing.append("apt-get (this is not Debian or a relative of it)")
    if shutil.which("unshare") is None:
        missing.append("unshare (package util-linux)")
    if missing:
        raise AsteriskMissing(
            f"no Asterisk 22.10 or later found, and making one needs {', '.join(missing)}. {OWN_ASTERISK}"
        )


def _from_distribution(project: Path, env: Mapping[str, str], shell: Shell, say: Say) -> Asterisk | None:
    """The distribution's package, if it is new enough."""
    say("Asterisk: asking the distribution for its package")
    shell.run("apt-get update", [*APT, "update"])
    answer = subprocess.run(["apt-cache", "policy", "asterisk"], capture_output=True, text=True, check=False)
    version = candidate_version(answer.stdout)
    if version is None or version[:2] < OLDEST_USABLE:
        return None
    say(f"Asterisk: installing the distribution's {'.'.join(map(str, version))}")
    with _services_held_back(Path("/usr/sbin/policy-rc.d")):
        shell.run("installing Asterisk", [*APT, "install", "-y", "--no-install-recommends", *PACKAGES])
    return find_asterisk(project, env)


def candidate_version(policy: str) -> tuple[int, ...] | None:
    """The version `apt-cache policy` would install."""
    lines = (line.strip() for line in policy.splitlines())
    return next((parse_version(line) for line in lines if line.startswith("Candidate:")), None)


@contextmanager
def _services_held_back(policy: Path) -> Iterator[None]:
    """The package must not start a second Asterisk on the standard ports; ours have ports of their own."""
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def _made(cache: Path, env: Mapping[str, str], shell: Shell, say: Say) -> Asterisk:
    """Build beside the finished ones and rename at the end, so that a half-made root is never used."""
    for left_over in cache.glob(".making-*"):  # we hold the lock: whoever began them is gone
        shutil.rmtree(left_over, ignore_errors=True)
    making = cache / f".making-{os.getpid()}"
    try:
        make_root(making, machine_source(env), shell, say)
        answer = subprocess.run(["chroot", making, "asterisk", "-V"], capture_output=True, text=True, check=False)
        version = parse_version(answer.stdout)
        if version is None or version[:2] < OLDEST_USABLE:
            raise AsteriskMissing(
                f"Debian sid has {answer.stdout.strip() or 'no Asterisk'}; 22.10 is needed. {OWN_ASTERISK}"
            )
        finished = cache / f"{'.'.join(map(str, version))}-{architecture()}"
        making.rename(finished)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    made = finished_root(finished)
    if made is None:
        raise AsteriskMissing(f"{finished} is not complete: remove it and try again")
    say(f"Asterisk: {made.version_text} is ready in {finished}")
    return made


def _linked(project: Path, made: Asterisk) -> Asterisk:
    """Point the project's .asterisk/root at the root folder, replacing an old link in one step."""
    if made.root is not None:
        link = project / PROJECT_ROOT
        fresh = link.with_name(f"root.{os.getpid()}")
        link.parent.mkdir(exist_ok=True)
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(made.root)
        fresh.replace(link)
    return made


@contextmanager
def _alone(lock: Path, say: Say) -> Iterator[None]:
    """One installation at a time; whoever comes second finds the work done."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Asterisk: another installation is running, waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
