"""Settings of the service: read once from the environment, checked, frozen, handed out in pieces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crm_core.domain.phone import is_country
from crm_core.errors import BadSetting

ROLES = ("web", "pbx", "dialer", "worker")


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
    cdr_file: Path
    web_host: str
    web_port: int
    log_json: bool
    roles: frozenset[str]
    country: str | None = None  # ISO 3166, of callers' numbers that come without a country code
    log_numbers: bool = False  # write telephone numbers in full


def settings_from_env(env: Mapping[str, str]) -> Settings:
    """Read settings from `env`; raises BadSetting naming the variable and what to write there."""
    home = Path(env.get("TRUNKLINE_HOME", "var")).resolve()
    roles = frozenset(part.strip() for part in env.get("TRUNKLINE_ROLES", ",".join(ROLES)).split(",") if part.strip())
    if unknown := roles - set(ROLES):
        raise BadSetting(
            "TRUNKLINE_ROLES", f"unknown role {', '.join(sorted(unknown))}", f"Choose of {', '.join(ROLES)}"
        )
    if not roles:
        raise BadSetting("TRUNKLINE_ROLES", "no role given", f"Choose of {', '.join(ROLES)}, or leave it unset for all")
    pbx = Path(env.get("TRUNKLINE_PBX", home / "pbx"))
    return Settings(
        home=home,
        database_url=env.get("DATABASE_URL") or f"sqlite:///{home / 'trunkline.db'}",
        redis_url=env.get("REDIS_URL") or None,
        recordings=Path(env.get("TRUNKLINE_RECORDINGS", "recordings")).resolve(),
        node=env.get("TRUNKLINE_NODE", "pbx"),
        ami_host=env.get("AMI_HOST", "127.0.0.1"),
        ami_port=_port(env, "AMI_PORT", 15038),
        ami_user=env.get("AMI_USER", "trunkline"),
        ami_secret=env.get("AMI_SECRET", "") or _shipped_secret(pbx),
        agi_host=env.get("AGI_HOST", "127.0.0.1"),
        agi_port=_port(env, "AGI_PORT", 14573),
        cdr_file=Path(env.get("CDR_FILE", pbx / "log" / "cdr-custom" / "trunkline.csv")),
        web_host=env.get("WEB_HOST", "127.0.0.1"),
        web_port=_port(env, "WEB_PORT", 18080),
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


def _shipped_secret(pbx: Path) -> str:
    """The secret `trunkline pbx up` made for its own Asterisk; empty when there is none (the link then says so)."""
    kept = pbx / "secrets.json"
    if not kept.is_file():
        return ""
    try:
        return str(json.loads(kept.read_text()).get("ami", ""))
    except (OSError, ValueError, AttributeError) as error:
        raise BadSetting(
            "AMI_SECRET", f"{kept} cannot be read", "Set AMI_SECRET, or `trunkline pbx up` again"
        ) from error
