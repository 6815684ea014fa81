"""Asks a live Asterisk what the doctor wants to know."""

from __future__ import annotations

import re

from pbx.control import command_line
from pbx.control_ami import AMI_USERNAME, ami_exchange
from pbx.doctor import LiveFacts
from pbx.errors import AmiRefused, PbxNotStarted
from pbx.install_find import Asterisk
from pbx.site import PbxSite

_MODULE = re.compile(r"^(\w+\.so)\s.*\s(?:Running|Not Running)\s", re.MULTILINE)
_PROCESSED = re.compile(r"^(\d+) calls? processed", re.MULTILINE)


def ask_site(site: PbxSite, asterisk: Asterisk | None) -> LiveFacts:
    """What our own site tells by manager interface and, where its program is known, by its command line."""
    facts = ask_ami("127.0.0.1", site.ports.ami, AMI_USERNAME, site.ami_secret)
    if facts.problem is not None or asterisk is None:
        return facts
    try:
        modules = running_modules(command_line(site, asterisk, "module show"))
        ended = ended_calls(command_line(site, asterisk, "core show channels"))
    except PbxNotStarted:
        return facts
    return LiveFacts(None, facts.version, modules, site.cdr_file.exists() if ended else None)


def ask_ami(host: str, port: int, username: str, secret: str) -> LiveFacts:
    """What any Asterisk tells a user with Trunkline's rights."""
    try:
        with ami_exchange(host, port, username, secret) as ami:
            return LiveFacts(version=ami.ask("CoreSettings").get("AsteriskVersion"))
    except AmiRefused as error:
        return LiveFacts(problem=str(error))


def running_modules(answer: str) -> frozenset[str]:
    """`module show`: name, description, use count, status, support level; those that run."""
    return frozenset(match[1] for match in _MODULE.finditer(answer) if "Not Running" not in match[0])


def ended_calls(answer: str) -> int:
    """`core show channels`: all calls since the start less those that are active."""
    processed = _PROCESSED.search(answer)
    active = re.search(r"^(\d+)(?: of \d+ max)? active calls?", answer, re.MULTILINE)
    return int(processed[1]) - int(active[1]) if processed and active else 0
