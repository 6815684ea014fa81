"""Real servers for tests: PostgreSQL and Redis of our own on free loopback ports, in folders that go away.

Both run as an unprivileged user (PostgreSQL refuses root) and end with us: by `stop()`, and by the kernel's parent
death signal when the test run is killed.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_READY_WITHIN = 60.0  # seconds; a loaded machine with two cores needs a few
_PREFIX = "trunkline-test-"
_SET_PDEATHSIG = 1  # prctl(2), PR_SET_PDEATHSIG
_LIBC = ctypes.CDLL(None, use_errno=True)


class Server:
    """One server process with its port and folder; `start`, `stop`, `kill` and `restart` by its pid."""

    #: Ends the server in good order.
    stop_signal = signal.SIGTERM
    #: Sent to the server when the test run dies: end at once, there is nothing to keep.
    death_signal = signal.SIGKILL

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = _own_folder()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> None:
        """Start and wait until the server answers; fails the test with the server's log if it does not.

        The server dies with the thread that starts it (so prctl(2) has it): call this in a thread that lives on.
        """
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, preexec_fn=_dies_with_us(self.death_signal), **_as_owner()
            )
        wait_until(self.answers, f"{type(self).__name__} answers", self._say_log)

    def stop(self, with_signal: signal.Signals | None = None) -> None:
        """End the process and wait for it; stopping a stopped server is no error."""
        if self._process is None:
            return
        self._process.send_signal(with_signal or self.stop_signal)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
        self._process = None

    def kill(self) -> None:
        """End the process as a crash would: nothing is written, clients are not told."""
        self.stop(self.death_signal)

    def restart(self) -> None:
        """Stop and start again on the same port with the same folder."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop for good and remove the folder."""
        self.stop(self.death_signal)
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def _say_log(self) -> str:
        if self._process is not None and self._process.poll() is not None:
            pytest.fail(f"{type(self).__name__} ended with {self._process.returncode}:\n{self.log.read_text()[-2000:]}")
        return self.log.read_text()[-2000:]


class PostgresServer(Server):
    """A PostgreSQL cluster without fsync: quick; a commit survives a crash of the server, not of the machine."""

    stop_signal = signal.SIGINT  # "fast shutdown"; SIGTERM would wait until the last client has gone
    death_signal = signal.SIGQUIT  # "immediate shutdown": the children of the postmaster end too

    def __init__(self) -> None:
        super().__init__()
        self._bin = _postgres_bin()
        self._cluster = self.folder / "cluster"
        options = ("-U", "trunkline", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self._run("initdb", "-D", str(self._cluster), *options)

    def url(self, database: str) -> str:
        return f"postgresql://trunkline@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Create an empty database; returns its address."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "trunkline", name)
        return self.url(name)

    def command(self) -> Sequence[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 100,
            "shared_buffers": "128MB",
            "autovacuum_naptime": "10s",
        }
        return [
            str(self._bin / "postgres"),
            "-D",
            str(self._cluster),
            *(f"--{name}={value}" for name, value in options.items()),
        ]

    def answers(self) -> bool:
        # The last line of the lock file is what pg_ctl itself waits for; asking by pg_isready costs a fork each time.
        # After a crash the old file stands until the new server writes its own: hence the pid.
        lock = self._cluster / "postmaster.pid"
        lines = lock.read_text().splitlines() if lock.is_file() else []
        return self._process is not None and lines[:1] == [str(self._process.pid)] and lines[7:8] == ["ready   "]

    def _run(self, program: str, *args: str) -> None:
        run = subprocess.run([str(self._bin / program), *args], capture_output=True, text=True, **_as_owner())
        if run.returncode:
            pytest.fail(f"{program} failed: {run.stderr}")


class RedisServer(Server):
    """A Redis that keeps nothing on disk: after a restart it is empty, which is what the outbox must survive."""

    def __init__(self) -> None:
        super().__init__()
        self._program = _redis_program()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "no",
            "dir": self.folder,
        }
        return [self._program, *(part for name, value in options.items() for part in (f"--{name}", str(value)))]

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                link.sendall(b"PING\r\n")
                return link.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(holds: Callable[[], bool], what: str, explain: Callable[[], str] = str, within: float = 0) -> None:
    """Return as soon as `holds()`; fail the test with `explain()` after `within` seconds (default: a minute)."""
    deadline = time.monotonic() + (within or _READY_WITHIN)
    while not holds():
        why = explain()
        if time.monotonic() > deadline:
            pytest.fail(f"waited in vain until {what}\n{why}")
        time.sleep(0.02)


def _dies_with_us(sent: int) -> Callable[[], None]:
    def before_exec() -> None:
        os.setsid()  # Ctrl-C in the terminal is for the test run, which then stops its servers itself
        _LIBC.prctl(_SET_PDEATHSIG, sent)

    return before_exec


def _as_owner() -> dict[str, Any]:
    owner = _owner()
    if owner is None:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "cwd": "/"}


def _owner() -> pwd.struct_passwd | None:
    """Who runs the servers: ourselves, or somebody without rights when we are root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.fail("PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`: add one")


def _own_folder() -> Path:
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    owner = _owner()
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def _sweep() -> None:
    """Remove folders of test runs that were killed: the servers died with them, the folders could not."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = re.match(rf"{_PREFIX}(\d+)-", folder.name)
        if pid and not Path("/proc", pid[1]).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _postgres_bin() -> Path:
    """Where initdb and postgres are; Debian keeps them off the PATH."""
    for _ in range(2):
        found = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()]
        if found:
            return max(found, key=lambda folder: float(folder.parent.name))
        if on_path := shutil.which("initdb"):
            return Path(on_path).resolve().parent
        _install("PostgreSQL")
    pytest.fail("scripts/servers.sh ran and there is still no PostgreSQL: look for initdb under /usr/lib/postgresql")


def _redis_program() -> str:
    for _ in range(2):
        if found := shutil.which("redis-server"):
            return found
        _install("Redis")
    pytest.fail("scripts/servers.sh ran and there is still no redis-server on the PATH")


def _install(what: str) -> None:
    run = subprocess.run([str(_ROOT / "scripts" / "servers.sh")], capture_output=True, text=True)
    if run.returncode:
        pytest.fail(f"{what} is missing and could not be installed:\n{run.stderr}")
