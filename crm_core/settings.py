"""Settings of the service: read once from the environment, checked, frozen, handed out in pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crm_core.domain.phone import is_country
from crm_core.errors import BadSetting

#: The bot brings recognisers of 200 MB each: it runs where it is asked for.
USUAL_ROLES = ("web", "pbx", "dialer", "worker")
ROLES = (*USUAL_ROLES, "bot")
#: It stands in a header that says what a page may reach: nothing in it may end the entry there.
_WEBSOCKET = re.compile(r"wss?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~/\-]*)?")
#: The plain websocket of the shipped PBX, on loopback: for browsers on the same machine, which need no certificate.
_SHIPPED_PHONES = "ws://127.0.0.1:15090/ws"
#: As browsers take it (RTCIceServer): urls, username, credential.
IceServer = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `home` holds what the service writes (database, logs); `recordings` the audio."""

    home: Path
    database_url: str = field(repr=False)  # may carry a password
    redis_url: str | None = field(repr=False)
    recordings: Path
    node: str
    ami_host: str
    ami_port: int
    ami_user: str
    ami_secret: str = field(repr=False)
    agi_host: str
    agi_port: int
    bot_port: int
    bot_secret: str = field(repr=False)
    cdr_file: Path
    web_host: str
    web_port: int
    web_https: bool  # a proxy of the site's own stands before it and speaks https
    phone_address: str | None  # the websocket of phones in browsers, ws(s)://…; None: there are none
    ice_servers: tuple[IceServer, ...] = field(repr=False)  # for browsers that do not reach the switch directly
    log_json: bool
    roles: frozenset[str]
    country: str | None = None  # ISO 3166, of callers' numbers that come without a country code
    log_numbers: bool = False  # write telephone numbers in full


def settings_from_env(env: Mapping[str, str]) -> Settings:
    """Read settings from `env`; raises BadSetting naming the variable and what to write there."""
    home = Path(env.get("TRUNKLINE_HOME", "var")).resolve()
    roles = frozenset(
        part.strip() for part in env.get("TRUNKLINE_ROLES", ",".join(USUAL_ROLES)).split(",") if part.strip()
    )
    if unknown := roles - set(ROLES):
        raise BadSetting(
            "TRUNKLINE_ROLES", f"unknown role {', '.join(sorted(unknown))}", f"Choose of {', '.join(ROLES)}"
        )
    if not roles:
        raise BadSetting(
            "TRUNKLINE_ROLES", "no role given", f"Choose of {', '.join(ROLES)}, or leave it unset for the usual ones"
        )
    pbx = Path(env.get("TRUNKLINE_PBX", home / "pbx"))
    agi_port = _port(env, "AGI_PORT", 14573)
    return Settings(
        home=home,
        database_url=env.get("DATABASE_URL") or f"sqlite:///{home / 'trunkline.db'}",
        redis_url=env.get("REDIS_URL") or None,
        recordings=Path(env.get("TRUNKLINE_RECORDINGS", "recordings")).resolve(),
        node=env.get("TRUNKLINE_NODE", "pbx"),
        ami_host=env.get("AMI_HOST", "127.0.0.1"),
        ami_port=_port(env, "AMI_PORT", 15038),
        ami_user=env.get("AMI_USER", "trunkline"),
        ami_secret=env.get("AMI_SECRET", "") or _shipped_secret(pbx, "ami", "AMI_SECRET"),
        agi_host=env.get("AGI_HOST", "127.0.0.1"),
        agi_port=agi_port,
        bot_port=_port(env, "BOT_PORT", agi_port + 1),
        bot_secret=env.get("BOT_SECRET", "") or _shipped_secret(pbx, "bot", "BOT_SECRET"),
        cdr_file=Path(env.get("CDR_FILE", pbx / "log" / "cdr-custom" / "trunkline.csv")),
        web_host=env.get("WEB_HOST", "127.0.0.1"),
        web_port=_port(env, "WEB_PORT", 18080),
        web_https=_choice(env, "WEB_HTTPS", ("no", "yes")) == "yes",
        phone_address=_websocket(env, "PHONE_WSS_URL") or _shipped_phones(env, pbx),
        ice_servers=_ice_servers(env, "PHONE_ICE_SERVERS"),
        log_json=_choice(env, "TRUNKLINE_LOG", ("plain", "json")) == "json",
        roles=roles,
        country=_country(env),
        log_numbers=_choice(env, "TRUNKLINE_LOG_NUMBERS", ("masked", "full")) == "full",
    )


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, str(default))
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise BadSetting(name, f"{text!r} is not a port", "Write a number from 1 to 65535")
    return int(text)


def _websocket(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name, "").strip()
    if text and not _WEBSOCKET.fullmatch(text):
        raise BadSetting(name, f"{text!r} is no websocket's address", "Write such as wss://crm.example.com/phone/ws")
    return text or None


def _shipped_phones(env: Mapping[str, str], pbx: Path) -> str | None:
    is_here = env.get("WEB_HOST", "127.0.0.1") in ("127.0.0.1", "::1", "localhost")
    return _SHIPPED_PHONES if is_here and (pbx / "secrets.json").is_file() else None


def _ice_servers(env: Mapping[str, str], name: str) -> tuple[IceServer, ...]:
    do = 'Write such as [{"urls": "turn:turn.example.com", "username": "…", "credential": "…"}]'
    try:
        given = json.loads(env.get(name) or "[]")
    except ValueError as error:
        raise BadSetting(name, "it is not JSON", do) from error
    known = {"urls", "username", "credential"}
    for one in given if isinstance(given, list) else [None]:
        if not (
            isinstance(one, dict) and "urls" in one and known >= one.keys() and set(map(type, one.values())) == {str}
        ):
            raise BadSetting(name, "it is no list of STUN and TURN servers", do)
    return tuple(given)


def _country(env: Mapping[str, str]) -> str | None:
    code = env.get("TRUNKLINE_COUNTRY", "").upper()
    if code and not is_country(code):
        raise BadSetting("TRUNKLINE_COUNTRY", f"{code!r} is no country", "Write its ISO 3166 code, such as UZ")
    return code or None


def _choice(env: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    """One of `choices`; the first where nothing is set."""
    chosen = env.get(name) or choices[0]
    if chosen not in choices:
        raise BadSetting(name, f"{chosen!r} is not known", f"Choose of {', '.join(choices)}")
    return chosen


def _shipped_secret(pbx: Path, name: str, variable: str) -> str:
    """A secret `trunkline pbx up` made for its own Asterisk; empty when there is none (whoever needs it says so)."""
    kept = pbx / "secrets.json"
    if not kept.is_file():
        return ""
    try:
        return str(json.loads(kept.read_text()).get(name, ""))
    except (OSError, ValueError, AttributeError) as error:
        raise BadSetting(variable, f"{kept} cannot be read", f"Set {variable}, or `trunkline pbx up` again") from error
