"""One Asterisk instance of ours: where it lives, which ports it uses, who may register."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pbx.errors import BadSite

SiteName = Literal["pbx", "network"]

#: Letters the configuration files can carry without quoting (a semicolon starts a comment there).
_SAFE_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.~-]*")
#: A Unix socket's path must fit into sun_path (unix(7)): 108 bytes with the closing zero.
_LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True, slots=True)
class Phone:
    """An operator's SIP phone, which registers."""

    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SitePorts:
    """Every port one instance listens on."""

    sip: int
    ami: int
    wss: int | None
    rtp_first: int
    rtp_last: int

    @property
    def ws(self) -> int | None:
        """The plain websocket of browser phones, on loopback: for a reverse proxy, or a browser on this machine."""
        return None if self.wss is None else self.wss + 1

    def shifted(self, by: int) -> SitePorts:
        """The same set, moved, so that two pairs can run beside each other.

        The media range is cut into blocks of 1000; shifts of 100, 200, 300 and 400 never overlap.
        """
        first = self.rtp_first + by * 10
        return SitePorts(
            sip=self.sip + by,
            ami=self.ami + by,
            wss=None if self.wss is None else self.wss + by,
            rtp_first=first,
            rtp_last=first + 999,
        )


PBX_PORTS = SitePorts(sip=15060, ami=15038, wss=15089, rtp_first=20000, rtp_last=24999)
NETWORK_PORTS = SitePorts(sip=15080, ami=15039, wss=None, rtp_first=25000, rtp_last=29999)
AGI_PORT = 14573
#: The bot's media ports lie just above the AGI port: the websocket, then the AudioSocket.
_BOT_WEBSOCKET, _BOT_AUDIOSOCKET = 1, 2
#: The network's callers are played by a process that listens just above the network's manager port.
_CALLERS = 1
BotMedia = Literal["websocket", "audiosocket"]


@dataclass(frozen=True, slots=True)
class PbxSite:
    """What `render` needs to write a complete Asterisk configuration."""

    name: SiteName
    folder: Path
    ports: SitePorts
    ami_secret: str = field(repr=False)
    recordings: Path
    bind: str = "127.0.0.1"
    agi_host: str = "127.0.0.1"
    agi_port: int = AGI_PORT
    #: SIP phones: those the PBX lets in, or those the network plays.
    phones: tuple[Phone, ...] = ()
    #: SIP port of the other instance on `bind`: the PBX's trunk, the network's PBX.
    peer_port: int | None = None
    #: Empty: this PBX has no bot. `audiosocket` is for Asterisks older than 22.10. On the network: the secret of the
    #: process that plays callers.
    bot_secret: str = field(default="", repr=False)
    bot_media: BotMedia = "websocket"
    #: (address, advertised as): for browsers on the same machine, see rtp.conf's ice_host_candidates.
    ice_host_candidates: tuple[tuple[str, str], ...] = ()

    @property
    def config(self) -> Path:
        return self.folder / "etc" / "asterisk"

    @property
    def main_config(self) -> Path:
        return self.config / "asterisk.conf"

    @property
    def log_folder(self) -> Path:
        return self.folder / "log"

    @property
    def log_file(self) -> Path:
        return self.log_folder / "messages.log"

    @property
    def cdr_file(self) -> Path:
        return self.log_folder / "cdr-custom" / "trunkline.csv"

    @property
    def run_folder(self) -> Path:
        return self.folder / "run"

    @property
    def pid_file(self) -> Path:
        return self.folder / "trunkline.pid"

    @property
    def agi_url(self) -> str:
        return f"agi://{self.agi_host}:{self.agi_port}"

    @property
    def bot_websocket_port(self) -> int:
        return self.agi_port + _BOT_WEBSOCKET

    @property
    def bot_audiosocket_port(self) -> int:
        return self.agi_port + _BOT_AUDIOSOCKET

    @property
    def callers_port(self) -> int:
        """Where the network finds the process that plays callers who speak."""
        return self.ports.ami + _CALLERS


def pbx_site(
    folder: Path,
    *,
    ports: SitePorts = PBX_PORTS,
    network_ports: SitePorts | None = NETWORK_PORTS,
    agi_port: int = AGI_PORT,
    phones: Sequence[Phone] = (),
    recordings: Path | None = None,
    bot_media: BotMedia = "websocket",
    ice_host_candidates: Sequence[tuple[str, str]] = (),
) -> PbxSite:
    """The PBX in `folder`; its secrets (AMI, bot) are made once and kept there."""
    folder = folder.resolve()
    return PbxSite(
        name="pbx",
        folder=folder,
        ports=ports,
        ami_secret=kept_secret(folder, "ami"),
        recordings=(recordings or folder / "recordings").resolve(),
        agi_port=agi_port,
        bot_secret=kept_secret(folder, "bot"),
        bot_media=bot_media,
        phones=tuple(phones),
        ice_host_candidates=tuple(ice_host_candidates),
        peer_port=None if network_ports is None else network_ports.sip,
    )


def network_site(
    folder: Path,
    *,
    ports: SitePorts = NETWORK_PORTS,
    pbx_ports: SitePorts = PBX_PORTS,
    phones: Sequence[Phone] = (),
) -> PbxSite:
    """The simulated telephone network in `folder`, playing `phones` besides."""
    folder = folder.resolve()
    return PbxSite(
        name="network",
        folder=folder,
        ports=ports,
        ami_secret=kept_secret(folder, "ami"),
        recordings=folder / "recordings",
        bot_secret=kept_secret(folder, "callers"),
        phones=tuple(phones),
        peer_port=pbx_ports.sip,
    )


def kept_phones(folder: Path, names: Sequence[str]) -> tuple[Phone, ...]:
    """Phones with secrets of their own, the same at every call for one folder."""
    return tuple(Phone(name, kept_secret(folder.resolve(), f"phone {name}")) for name in names)


def kept_secret(folder: Path, name: str) -> str:
    """The secret of that name in the folder's secrets file (mode 0600), made when first asked for."""
    path = folder / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if name not in known:
        known[name] = secrets.token_urlsafe(24).lstrip("-_")
        folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}.new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(known, indent=1))
        fresh.replace(path)
    return known[name]


def check_site(site: PbxSite) -> None:
    """Raise BadSite for what would only fail inside Asterisk, or worse, change its configuration."""
    for phone in site.phones:
        if not _SAFE_WORD.fullmatch(phone.name) or not _SAFE_WORD.fullmatch(phone.secret):
            raise BadSite(f"phone {phone.name!r}: name and secret may hold letters, digits and _ . ~ - only")
    if not _SAFE_WORD.fullmatch(site.ami_secret):
        raise BadSite("the AMI secret may hold letters, digits and _ . ~ - only")
    if site.bot_secret and not _SAFE_WORD.fullmatch(site.bot_secret):
        raise BadSite("the bot's secret may hold letters, digits and _ . ~ - only")
    names = [phone.name for phone in site.phones]
    twice = sorted({name for name in names if names.count(name) > 1 or name in ("network", "pbx")})
    if twice:
        raise BadSite(f"phones need names of their own, these are used twice: {', '.join(twice)}")
    socket = site.run_folder / "asterisk.ctl"
    if len(os.fsencode(socket)) > _LONGEST_SOCKET_PATH:
        raise BadSite(f"{socket} is too long for a socket (107 bytes at most): use a shorter folder")
    if any(character in str(site.folder) + str(site.recordings) for character in ";\n\r\"'` \t,|$"):
        raise BadSite(f"{site.folder}, {site.recordings}: no spaces, quotes, commas, ; | or $ in these paths")
    if site.ports.rtp_first >= site.ports.rtp_last:
        raise BadSite("the media port range is empty")
