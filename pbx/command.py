"""`trunkline pbx install | up | down | status | doctor`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pbx.control import down, status, up
from pbx.doctor import Finding, Severity, examine
from pbx.doctor_live import ask_site
from pbx.errors import PbxError
from pbx.install import PROJECT, found_asterisk, install
from pbx.install_find import Asterisk
from pbx.site import BotMedia, PbxSite, kept_phones, network_site, pbx_site

#: SIP phones the demo's operators use; the simulated network plays them.
DEMO_PHONES = tuple(f"op{number}" for number in range(1, 11))


def add_pbx_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Mount `pbx` and its five commands; each sets `handler`, called with the parsed arguments."""
    pbx = subparsers.add_parser("pbx", help="the Asterisk this service uses")
    add_commands(pbx)


def add_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="pbx_command", required=True)
    table: tuple[tuple[str, str, Callable[[argparse.Namespace], int]], ...] = (
        ("install", "find an Asterisk 22.10 or later, or make one", _install),
        ("up", "write the configuration and start Asterisk", _up),
        ("down", "stop Asterisk", _down),
        ("status", "what runs", _status),
        ("doctor", "what is missing, file by file", _doctor),
    )
    for name, text, handler in table:
        command = commands.add_parser(name, help=text)
        command.set_defaults(handler=_plainly(handler))
        text = "where the instances live (default: TRUNKLINE_HOME, else var)"
        command.add_argument("--folder", type=Path, default=_home(), help=text)
        if name in ("up", "down", "status"):
            command.add_argument("--network", action="store_true", help="the simulated telephone network too")
        if name == "doctor":
            command.add_argument("--config", type=Path, help="read this configuration folder instead, ask no Asterisk")


def _plainly(handler: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Errors of ours are sentences for the reader, not tracebacks."""

    def handled(arguments: argparse.Namespace) -> int:
        try:
            return handler(arguments)
        except PbxError as error:
            sys.stderr.write(f"{error}\n")
            return 1

    return handled


def sites(folder: Path, with_network: bool) -> tuple[PbxSite, ...]:
    """The PBX in <folder>/pbx and, if wanted, the simulated network in <folder>/network."""
    phones = kept_phones(folder / "pbx", DEMO_PHONES)
    pbx = pbx_site(folder / "pbx", phones=phones, recordings=_recordings(), bot_media=_bot_media())
    return (pbx, network_site(folder / "network", phones=phones)) if with_network else (pbx,)


def _home() -> Path:
    """Where the service looks for its Asterisk (crm_core/settings.py reads the same variable)."""
    return Path(os.environ.get("TRUNKLINE_HOME", "var"))


def _recordings() -> Path:
    """Where the service looks for audio (crm_core/settings.py reads the same variable)."""
    return Path(os.environ.get("TRUNKLINE_RECORDINGS", "recordings"))


def _bot_media() -> BotMedia:
    """How the bot is reached (ivr_bot/settings.py reads the same variable)."""
    return "audiosocket" if os.environ.get("BOT_MEDIA") == "audiosocket" else "websocket"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _install(arguments: argparse.Namespace) -> int:
    found: Asterisk = install(PROJECT, say=_say)
    _say(f"Asterisk {found.version_text}: {found.root or found.binary}")
    return 0


def _up(arguments: argparse.Namespace) -> int:
    asterisk = found_asterisk()
    for site in sites(arguments.folder, arguments.network):
        pid = up(site, asterisk)
        _say(f"{site.name}: ready, process {pid}, SIP {site.bind}:{site.ports.sip}, AMI 127.0.0.1:{site.ports.ami}")
    return 0


def _down(arguments: argparse.Namespace) -> int:
    for site in sites(arguments.folder, True):
        _say(f"{site.name}: {'stopped' if down(site) else 'was not running'}")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    states = [(site, status(site)) for site in sites(arguments.folder, arguments.network)]
    for site, state in states:
        _say(f"{site.name}: {f'Asterisk {state.version}, process {state.pid}' if state.is_ready else state.problem}")
    return 0 if all(state.is_ready for _, state in states) else 1


def _doctor(arguments: argparse.Namespace) -> int:
    if arguments.config is not None:
        return _told(examine(arguments.config))
    (site,) = sites(arguments.folder, False)
    return _told(examine(site.config, secret=site.ami_secret, live=ask_site(site, found_asterisk())))


def _told(findings: Sequence[Finding]) -> int:
    for finding in findings:
        _say(f"{finding.severity.value:7} {finding.file}: {finding.what}. {finding.do[:1].upper()}{finding.do[1:]}.")
    if not findings:
        _say("nothing to complain about")
    return 1 if any(finding.severity is Severity.ERROR for finding in findings) else 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pbx", description="The Asterisk this service uses.")
    add_commands(parser)
    parsed = parser.parse_args(arguments)
    handler: Callable[[argparse.Namespace], int] = parsed.handler
    return handler(parsed)
