"""Starts, stops and looks after an Asterisk of ours: one process, a private mount namespace, nothing left behind."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from pbx.control_ami import AMI_USERNAME, ami_exchange
from pbx.control_process import ProcessMark, asterisk_command, spawn
from pbx.errors import AmiRefused, PbxNotStarted, PbxNotStopped
from pbx.install_debian import last_lines
from pbx.install_find import Asterisk
from pbx.site import PbxSite
from pbx.site_certificate import make_certificate
from pbx.site_files import render

__all__ = ["AMI_USERNAME", "SiteStatus", "command_line", "down", "restart", "status", "up"]

#: Asterisk hangs its channels up before it ends, and gives them this long itself.
_GENTLE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """What is known about one site at this moment."""

    pid: int | None
    is_ready: bool
    version: str | None
    problem: str | None


def up(site: PbxSite, asterisk: Asterisk, seconds: float = 30.0) -> int:
    """Write the configuration, start Asterisk and return its process id once it takes calls.

    A site that runs already is left alone.
    """
    if running := ProcessMark.read(site.pid_file):
        return running.pid
    make_certificate(site, asterisk)
    render(site)
    if _answers(site):
        raise PbxNotStarted(f"port {site.ports.ami} is taken by another program; choose other ports")
    console = site.log_folder / "console.log"
    mark = spawn(
        asterisk_command(asterisk.binary, asterisk.root, site.folder, site.recordings, site.main_config), console
    )
    if mark is None:
        raise PbxNotStarted(f"Asterisk ended at once:\n{_said(site)}")
    mark.write(site.pid_file)
    try:
        _wait_until_booted(site, mark, time.monotonic() + seconds)
    except PbxNotStarted:
        down(site)
        raise
    return mark.pid


def down(site: PbxSite) -> bool:
    """Stop Asterisk: its calls are hung up; what does not end by itself is killed. False if it did not run."""
    mark = ProcessMark.read(site.pid_file)
    if mark is not None and not mark.end(_GENTLE_SECONDS):
        raise PbxNotStopped(f"Asterisk (process {mark.pid}) does not end")
    site.pid_file.unlink(missing_ok=True)
    return mark is not None


def restart(site: PbxSite, asterisk: Asterisk, seconds: float = 30.0) -> int:
    down(site)
    return up(site, asterisk, seconds)


def status(site: PbxSite) -> SiteStatus:
    mark = ProcessMark.read(site.pid_file)
    if mark is None:
        return SiteStatus(None, False, None, "not running")
    try:
        with ami_exchange("127.0.0.1", site.ports.ami, AMI_USERNAME, site.ami_secret, 3.0) as ami:
            version = ami.ask("CoreSettings").get("AsteriskVersion")
            ami.until("FullyBooted")
    except AmiRefused as error:
        return SiteStatus(mark.pid, False, None, str(error))
    return SiteStatus(mark.pid, True, version, None)


def command_line(site: PbxSite, asterisk: Asterisk, command: str, seconds: float = 10.0) -> str:
    """What `asterisk -rx` answers on the running site; entered through the process's own namespace."""
    mark = ProcessMark.read(site.pid_file)
    if mark is None:
        raise PbxNotStarted(f"Asterisk in {site.folder} is not running")
    entry = (
        []
        if asterisk.root is None
        else ["nsenter", f"--mount=/proc/{mark.pid}/ns/mnt", f"--root=/proc/{mark.pid}/root"]
    )
    line = [*entry, str(asterisk.binary), "-C", str(site.main_config), "-rx", command]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=seconds, check=False, cwd="/")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PbxNotStarted(f"asterisk -rx {command!r}: {error}") from error
    if done.returncode != 0:
        raise PbxNotStarted(f"asterisk -rx {command!r}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def _wait_until_booted(site: PbxSite, mark: ProcessMark, deadline: float) -> None:
    """Until the manager interface lets us in and says FullyBooted; a refused secret will not get better."""
    problem = "the manager interface did not open"
    while (left := deadline - time.monotonic()) > 0:
        if not mark.is_alive():
            raise PbxNotStarted(f"Asterisk ended while starting:\n{_said(site)}")
        try:
            with ami_exchange("127.0.0.1", site.ports.ami, AMI_USERNAME, site.ami_secret, left) as ami:
                ami.until("FullyBooted")
                return
        except AmiRefused as error:
            problem = str(error)
        time.sleep(0.05)
    raise PbxNotStarted(f"Asterisk is not ready, {problem}:\n{_said(site)}")


def _answers(site: PbxSite) -> bool:
    try:
        with ami_exchange("127.0.0.1", site.ports.ami, AMI_USERNAME, site.ami_secret, 1.0):
            return True
    except AmiRefused as error:
        return "nothing answers" not in str(error)


def _said(site: PbxSite) -> str:
    files: tuple[Path, ...] = (site.log_folder / "console.log", site.log_file)
    return "\n".join(last_lines(file) for file in files if file.exists())
