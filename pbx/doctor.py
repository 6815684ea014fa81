"""Says what is missing in a site's Asterisk, file by file, and what to do about it; doctor_live asks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from pathlib import Path

from pbx.agi_routes import ROUTES
from pbx.control_ami import AMI_USERNAME
from pbx.doctor_config import Section, SiteConfig, read_site_config
from pbx.install_find import OLDEST_USABLE, parse_version

HAND_OFFS = ("bridge", "ring", "wait", "abandon", "machine", "message", "closed", "bot", "hangup")
# fmt: off
CONTEXTS = (
    "campaign-answered", "hand-off", "incoming", "operator-park", "operator-phone", "announce", "operator-told",
    "phone-answered", "phone-told", "browser-phone", "transfer",
)
MODULES = (
    "chan_pjsip.so", "res_pjsip.so", "res_pjsip_registrar.so", "res_pjsip_outbound_registration.so",
    "res_rtp_asterisk.so", "res_agi.so", "app_amd.so", "app_dial.so", "app_mixmonitor.so", "app_playback.so",
    "app_read.so", "app_waitforsilence.so", "app_stack.so", "bridge_simple.so", "cdr_custom.so",
    "app_channelredirect.so", "res_musiconhold.so", "codec_ulaw.so", "func_cdr.so", "func_channel.so", "func_db.so",
    "func_global.so", "func_strings.so", "pbx_config.so",
)
CDR_COLUMNS = (
    "start", "answer", "end", "uniqueid", "linkedid", "channel", "dstchannel", "src", "dst", "dcontext",
    "disposition", "duration", "billsec", "hangupcause", "accountcode", "sequence",
)
# fmt: on
READ_NEEDED, WRITE_NEEDED = frozenset({"system", "call"}), frozenset({"originate", "call", "reporting"})
#: Each of these lets whoever has the secret change the switch or run programs on it.
WRITE_TOO_MUCH = frozenset({"all", "system", "command", "config", "agent", "verbose", "log", "security"})

_NEEDED_FILES = ("extensions.conf", "manager.conf", "cdr.conf", "cdr_custom.conf", "pjsip.conf")
_AGI_ROUTE = re.compile(r"AGI\((?:agi://[^/,)]+|\$\{[A-Za-z_]+\})/([A-Za-z0-9_-]+)")
_CDR_FIELD = re.compile(r"CDR\((\w+)")


class Severity(Enum):
    ERROR = "error"  # calls will fail, or the service will not work
    WARNING = "warning"  # it works, and is weaker or less safe than it should be


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    file: str
    severity: Severity
    what: str
    do: str


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """What a live Asterisk told; None where nobody could be asked."""

    problem: str | None = None
    version: str | None = None
    modules: frozenset[str] | None = None
    #: False if calls have ended and yet there is no call record file.
    cdr_written: bool | None = None


def examine(
    folder: Path, routes: Iterable[str] = ROUTES, secret: str | None = None, live: LiveFacts | None = None
) -> list[Finding]:
    """Everything wrong with the configuration in `folder` and, if given, with what the live Asterisk told."""
    config = read_site_config(folder, (*_NEEDED_FILES, "modules.conf"))
    findings = [
        Finding(name, Severity.ERROR, f"cannot be read: {why}", "correct the file")
        for name, why in config.broken.items()
    ]
    for name in _NEEDED_FILES:
        if name not in config.files and name not in config.broken:
            findings.append(Finding(name, Severity.ERROR, "is not there", f"copy asterisk_conf/pbx/{name}"))
    findings += [*_dialplan(config, frozenset(routes)), *_manager(config, secret), *_records(config), *_modules(config)]
    return findings + (_live(live) if live is not None else [])


def agi_routes(config: SiteConfig) -> frozenset[str]:
    """The FastAGI routes any context of the dialplan asks for."""
    lines = (line for section in config.files.get("extensions.conf", ()) for line in section.all("exten", "same"))
    return frozenset(route for line in lines for route in _AGI_ROUTE.findall(line))


def _error(file: str, what: str, do: str) -> Finding:
    return Finding(file, Severity.ERROR, what, do)


def _dialplan(config: SiteConfig, routes: frozenset[str]) -> list[Finding]:
    file = "extensions.conf"
    if file not in config.files:
        return []
    found = [
        _error(file, f"context [{context}] is missing", f"copy it from asterisk_conf/pbx/{file}")
        for context in CONTEXTS
        if config.section(file, context) is None
    ]
    if hand_off := config.section(file, "hand-off"):
        there = {line.split(",")[0].strip() for line in hand_off.all("exten")}
        found += [
            _error(file, f"[hand-off] has no extension {name}", f"copy it from asterisk_conf/pbx/{file}")
            for name in HAND_OFFS
            if name not in there
        ]
    used = agi_routes(config)
    found += [
        _error(file, f"asks for AGI route /{route}, which the service does not know", "remove it or update Trunkline")
        for route in sorted(used - routes)
    ]
    found += [
        Finding(
            file, Severity.WARNING, f"nothing asks for AGI route /{route}", f"compare with asterisk_conf/pbx/{file}"
        )
        for route in sorted(routes - used)
    ]
    return found


def _manager(config: SiteConfig, secret: str | None) -> list[Finding]:
    file = "manager.conf"
    if file not in config.files:
        return []
    general = config.section(file, "general") or Section("general", ())
    found = []
    if not _is_yes(general.last("enabled", "no")):
        found.append(_error(file, "the manager interface is off", "set enabled = yes in [general]"))
    if not _is_loopback(general.last("bindaddr", "0.0.0.0")):
        found.append(
            _error(file, "the manager interface listens beyond this machine", "set bindaddr = 127.0.0.1 in [general]")
        )
    user = config.section(file, AMI_USERNAME)
    if user is None:
        return [*found, _error(file, f"user [{AMI_USERNAME}] is missing", f"copy it from asterisk_conf/pbx/{file}")]
    if secret is not None and user.last("secret") != secret:
        found.append(_error(file, "the secret is not the one Trunkline uses", "make AMI_SECRET and secret the same"))
    return found + _rights(user)


def _rights(user: Section) -> list[Finding]:
    file = "manager.conf"
    found = []
    for kind, needed in (("read", READ_NEEDED), ("write", WRITE_NEEDED)):
        has = {right.strip() for right in user.last(kind).split(",") if right.strip()}
        if "all" not in has and (missing := sorted(needed - has)):
            found.append(_error(file, f"{kind} lacks {', '.join(missing)}", f"add them to {kind} of [{user.name}]"))
        if kind == "write" and (too_much := sorted(has & WRITE_TOO_MUCH)):
            what = f"write has {', '.join(too_much)}, which Trunkline does not use and a thief would"
            found.append(Finding(file, Severity.WARNING, what, f"write = {','.join(sorted(needed))}"))
    return found


def _records(config: SiteConfig) -> list[Finding]:
    found = []
    if "cdr.conf" in config.files:
        general = config.section("cdr.conf", "general") or Section("general", ())
        for key, default in (("enable", "yes"), ("unanswered", "no"), ("congestion", "no")):
            if not _is_yes(general.last(key, default)):
                found.append(_error("cdr.conf", f"{key} is off: calls would have no record", f"set {key} = yes"))
    if "cdr_custom.conf" in config.files:
        mappings = config.section("cdr_custom.conf", "mappings") or Section("mappings", ())
        columns = _CDR_FIELD.findall(mappings.last("trunkline.csv"))
        if columns != list(CDR_COLUMNS):
            what = "trunkline.csv lacks columns Trunkline reads" if columns else "trunkline.csv is not written"
            found.append(_error("cdr_custom.conf", what, "copy the mapping from asterisk_conf/pbx/cdr_custom.conf"))
    return found


def _modules(config: SiteConfig) -> list[Finding]:
    section = config.section("modules.conf", "modules")
    if section is None:
        return []
    loaded = {_module_name(name) for name in section.all("load", "preload", "require", "preload-require")}
    barred = {_module_name(name) for name in section.all("noload")}
    autoload = _is_yes(section.last("autoload", "no"))
    missing = [name for name in MODULES if name in barred or (not autoload and name not in loaded)]
    return [_error("modules.conf", f"{name} is not loaded", f"add load = {name}") for name in missing]


def _live(live: LiveFacts) -> list[Finding]:
    if live.problem is not None:
        return [
            _error(
                "manager.conf", live.problem, "start Asterisk, and compare port and secret with Trunkline's settings"
            )
        ]
    found = []
    version = parse_version(live.version or "")
    if version is None or version[:2] < OLDEST_USABLE:
        told = live.version or "an unknown version"
        found.append(_error("Asterisk", f"it is {told}; 22.10 or later is needed", "run `trunkline pbx install`"))
    for name in MODULES if live.modules is not None else ():
        if live.modules is not None and name not in live.modules:
            found.append(_error("modules.conf", f"{name} is not running", f"add load = {name}, or install its package"))
    if live.cdr_written is False:
        what = "no call record has been written yet; operators' parked legs write none"
        do = "once a customer's call has ended, look for cdr_custom in Asterisk's log"
        found.append(Finding("cdr_custom.conf", Severity.WARNING, what, do))
    return found


def _module_name(name: str) -> str:
    return name if name.endswith(".so") else f"{name}.so"


def _is_yes(value: str) -> bool:
    return value.strip().lower() in ("yes", "true", "y", "t", "1", "on")  # ast_true() in main/utils.c


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.strip("[] ")).is_loopback
    except ValueError:
        return address.strip() == "localhost"
