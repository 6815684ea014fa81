"""AGI on the wire: lines in, requests and replies; answers out. Pure, fed with bytes cut anywhere.

https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Gateway-Interface-AGI/ and res/res_agi.c: a request is a
block of `agi_name: value` lines closed by an empty one; a reply is `200 result=0`, `510 …`, `520-… 520 …`; HANGUP on a
line of its own says that the caller is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crm_core.errors import BadInput, CrmError

#: res_agi.c sends some 25 lines, 1 kB in all; arguments come on top.
LONGEST_REQUEST = 16_384
_REPLY = re.compile(r"(\d{3})(?: result=(-?\d+))?\b.*")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
#: Values that pass through MSet and the dialplan unread: no comma, quote, bracket, $ or line break.
_VALUE = re.compile(r"[A-Za-z0-9_+@./&*#~-]*")


class BadAgi(CrmError):
    """A peer does not speak AGI as Asterisk does."""


class LineReader:
    """Bytes in, whole lines out; raises BadAgi when a peer sends more than `limit` bytes in all."""

    def __init__(self, limit: int = LONGEST_REQUEST) -> None:
        self._left = limit
        self._rest = b""

    def feed(self, piece: bytes) -> list[str]:
        self._left -= len(piece)
        if self._left < 0:
            raise BadAgi("more is sent than a request can hold")
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return [line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines]


@dataclass(frozen=True, slots=True)
class AgiRequest:
    """What the dialplan asks. `caller` is the caller id's number as it came, None where there is none."""

    route: str
    args: tuple[str, ...]
    channel: str
    channel_name: str
    caller: str | None

    def arg(self, place: int) -> str:
        """The argument at `place`, counted from 0; empty if not given."""
        return self.args[place] if place < len(self.args) else ""


def parse_request(lines: Iterable[str]) -> AgiRequest:
    """Return the request in `lines` (without the empty one that closes it). Raises BadAgi."""
    parted = (line.partition(":") for line in lines)
    named = {name: value.removeprefix(" ") for name, _, value in parted}
    try:
        request, channel, name = named["agi_request"], named["agi_uniqueid"], named["agi_channel"]
    except KeyError as error:
        raise BadAgi(f"the request has no {error.args[0]}") from None
    places = sorted(int(n.removeprefix("agi_arg_")) for n in named if re.fullmatch(r"agi_arg_\d{1,3}", n))
    caller = named.get("agi_callerid", "unknown")
    return AgiRequest(
        route=request.partition("://")[2].partition("/")[2].partition("?")[0] or request,
        args=tuple(named[f"agi_arg_{place}"] for place in places),
        channel=channel,
        channel_name=name,
        caller=None if caller in ("", "unknown") else caller,
    )


@dataclass(frozen=True, slots=True)
class AgiAnswer:
    """What we tell the dialplan: channel variables to set, or that the channel is to be hung up."""

    variables: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False


def answer_line(answer: AgiAnswer) -> bytes:
    """The one command that carries out `answer`; empty if there is nothing to do.

    One command, as each costs a round trip between the person's answer and the bridge. Raises BadInput for a value that
    the dialplan could misread.
    """
    if answer.hang_up:
        return b"HANGUP\n"
    for name, value in answer.variables.items():
        if not _VARIABLE.fullmatch(name):
            raise BadInput(name, "is no name of a channel variable")
        if not _VALUE.fullmatch(value):
            raise BadInput(name, f"{value!r} cannot be given to the dialplan", f"Allowed is {_VALUE.pattern}")
    if not answer.variables:
        return b""
    return f"EXEC MSet {','.join(f'{name}={value}' for name, value in answer.variables.items())}\n".encode()


@dataclass(frozen=True, slots=True)
class AgiReply:
    """Asterisk's reply to a command: 200 with a result, or a refusal (510, 511, 520)."""

    code: int
    result: int | None

    @property
    def is_done(self) -> bool:
        return self.code == 200 and self.result is not None and self.result >= 0


def parse_reply(line: str) -> AgiReply | None:
    """Return the reply in `line`, None for a line that is none (HANGUP, the usage text after 520-). Raises BadAgi."""
    if line == "HANGUP" or line.startswith("520-"):
        return None
    match = _REPLY.fullmatch(line)
    if match is None:
        return None
    return AgiReply(int(match[1]), None if match[2] is None else int(match[2]))
