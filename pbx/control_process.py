"""Starts a process of our own and knows it again: process id plus start time, for ids are used anew."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Runs Asterisk from a root folder. $1 root, $2 instance folder, $3 recordings, the rest is the command.
#: The new root is a tmpfs of binds, so nothing is ever written into the cached root folder, and all of it lives in
#: a private mount namespace: the machine's mount table never shows it, and the kernel removes it with the process.
#: hosts and resolv.conf are the instance's: a name server asked during call set-up costs seconds per call.
_IN_ROOT = """
set -e
root=$1 folder=$2 recordings=$3; shift 3
new=$folder/root; mkdir -p "$new"; mount -t tmpfs -o mode=755 tmpfs "$new"
mkdir "$new/proc" "$new/dev" "$new/sys" "$new/run" "$new/etc" "$new/usr" "$new/var"
mkdir -m 1777 "$new/tmp"
for name in bin sbin lib lib64; do [ ! -L "$root/$name" ] || cp -P "$root/$name" "$new/$name"; done
mount --bind "$root/usr" "$new/usr"
mount --bind "$root/etc" "$new/etc"
mount --rbind /proc "$new/proc"
mount --rbind /dev "$new/dev"
for name in hosts resolv.conf; do [ -f "$new/etc/$name" ] || : >"$new/etc/$name"; done
mount --bind "$folder/etc/hosts" "$new/etc/hosts"
mount --bind "$folder/etc/resolv.conf" "$new/etc/resolv.conf"
mkdir -p "$new$folder"; mount --bind "$folder" "$new$folder"
mkdir -p "$new$recordings"; mount --bind "$recordings" "$new$recordings"
exec chroot "$new" "$@"
"""

#: Runs the machine's own Asterisk, with the instance's hosts and resolv.conf in place of the machine's.
_IN_PLACE = """
set -e
root=$1 folder=$2; shift 3
mount --bind "$folder/etc/hosts" /etc/hosts
mount --bind "$folder/etc/resolv.conf" "$(readlink -f /etc/resolv.conf)" || true
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """A process that is certainly the one we started: nobody else has this id and this start time."""

    pid: int
    started: int  # clock ticks since boot, field 22 of /proc/PID/stat (proc(5))

    @classmethod
    def of(cls, pid: int) -> ProcessMark | None:
        """The mark of a live process; a zombie is not alive."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        # The command's name is in brackets and may hold anything, brackets too.
        fields = stat.rpartition(")")[2].split()
        # The first thread may be a zombie while others still run and hold the ports: then it is alive.
        is_over = fields[0] in "ZX" and int(fields[17]) <= 1
        return None if is_over else cls(pid, int(fields[19]))

    @classmethod
    def read(cls, file: Path) -> ProcessMark | None:
        """The process the file names, if that very process still runs."""
        try:
            pid, started = (int(word) for word in file.read_text().split())
        except (OSError, ValueError):
            return None
        mark = cls(pid, started)
        return mark if mark.is_alive() else None

    def write(self, file: Path) -> None:
        fresh = file.with_name(file.name + ".new")
        fresh.write_text(f"{self.pid} {self.started}\n")
        fresh.replace(file)

    def is_alive(self) -> bool:
        """Whether it still runs; takes its exit status if it was our child, so that no zombie stays."""
        if ProcessMark.of(self.pid) == self:
            return True
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return False

    def end(self, gentle_seconds: float, hard_seconds: float = 5.0) -> bool:
        """SIGTERM, wait, SIGKILL, wait. Whether it is gone."""
        for number, seconds in ((signal.SIGTERM, gentle_seconds), (signal.SIGKILL, hard_seconds)):
            if not self.is_alive():
                return True
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            until = time.monotonic() + seconds
            while self.is_alive() and time.monotonic() < until:
                time.sleep(0.02)
        return not self.is_alive()


def asterisk_command(binary: Path, root: Path | None, folder: Path, recordings: Path, main_config: Path) -> list[str]:
    """The command line that becomes Asterisk itself, its process id unchanged (every step is an exec)."""
    asterisk = [str(binary), "-f", "-n", "-C", str(main_config)]
    if root is None and os.geteuid() != 0:
        return asterisk
    script = _IN_PLACE if root is None else _IN_ROOT
    places = [str(root or "/"), str(folder), str(recordings)]
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "asterisk", *places, *asterisk]


def spawn(command: Sequence[str], console: Path) -> ProcessMark | None:
    """Start it in a session of its own, its output in a file. None if it ended at once."""
    output = os.open(console, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    duplicates = [(os.POSIX_SPAWN_DUP2, nothing, 0), (os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
    try:
        environment = {**os.environ, "LC_ALL": "C"}
        pid = os.posix_spawnp(command[0], list(command), environment, file_actions=duplicates, setsid=True)
    finally:
        os.close(output)
        os.close(nothing)
    return ProcessMark.of(pid)
