"""A few blocking exchanges with the manager interface, for starting, stopping and looking after an Asterisk.

The live link of the service is another thing (pbx/ami.py); this one logs in, asks and leaves.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pbx.errors import AmiRefused

GREETING = "Asterisk Call Manager"
#: The user in manager.conf.
AMI_USERNAME = "trunkline"


def parse_block(text: str) -> dict[str, str]:
    """One AMI message: `Name: value` lines. A repeated name keeps its first value."""
    headers: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip(), value.strip())
    return headers


@dataclass(slots=True)
class AmiExchange:
    """One logged-in connection; every read ends by `deadline` (monotonic seconds)."""

    connection: socket.socket
    deadline: float
    pending: bytes = b""
    #: Events that came while something else was waited for.
    events: tuple[Mapping[str, str], ...] = ()

    def ask(self, action: str, **headers: str) -> Mapping[str, str]:
        """Send one action and return its response."""
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in headers.items())]
        if any(character in line for line in lines for character in "\r\n"):
            raise AmiRefused(f"{action}: a header must be one line")
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while "Response" not in (message := self.read()):
            self.events += (message,)
        return message

    def until(self, event: str) -> Mapping[str, str]:
        """Wait for an event, which may have come already."""
        for known in self.events:
            if known.get("Event") == event:
                return known
        while (message := self.read()).get("Event") != event:
            self.events += (message,)
        return message

    def read(self) -> dict[str, str]:
        return parse_block(self._read_to(b"\r\n\r\n"))

    def greet(self) -> str:
        return self._read_to(b"\r\n")

    def _read_to(self, end: bytes) -> str:
        while end not in self.pending:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise AmiRefused("the manager interface did not answer in time")
            self.connection.settimeout(left)
            try:
                piece = self.connection.recv(65536)
            except OSError as error:
                raise AmiRefused(f"the manager interface did not answer: {error}") from error
            if not piece:
                raise AmiRefused("the manager interface closed the connection")
            self.pending += piece
        text, _, self.pending = self.pending.partition(end)
        return text.decode(errors="replace")


@contextmanager
def ami_exchange(host: str, port: int, username: str, secret: str, seconds: float = 5.0) -> Iterator[AmiExchange]:
    """Connect and log in; AmiRefused says what went wrong."""
    try:
        connection = socket.create_connection((host, port), timeout=seconds)
    except OSError as error:
        raise AmiRefused(f"nothing answers on {host}:{port}: {error}") from error
    with connection:
        exchange = AmiExchange(connection, time.monotonic() + seconds)
        greeting = exchange.greet()
        if not greeting.startswith(GREETING):
            raise AmiRefused(f"{host}:{port} is not a manager interface: it greets with {greeting[:60]!r}")
        answer = exchange.ask("Login", Username=username, Secret=secret)
        if answer.get("Response") != "Success":
            raise AmiRefused(
                f"user {username!r} was refused on {host}:{port}: {answer.get('Message', 'no reason given')}"
            )
        yield exchange
        with suppress(OSError):
            connection.sendall(b"Action: Logoff\r\n\r\n")
