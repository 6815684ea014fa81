"""A campaign's policy from the command line: a TOML file, and options that go before what it says."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crm_core.db.codec import from_json, to_json
from crm_core.domain.campaigns import CampaignPolicy, DialMode, LawName
from crm_core.domain.quotas import parse_quota, with_quotas
from crm_core.domain.unfinished import parse_rule
from crm_core.errors import BadInput

_OFF = "none"
_BY_COUNTRY = "country"


def add_policy_options(parser: argparse.ArgumentParser) -> None:
    """Every option that says something of the policy."""
    parser.add_argument("--policy", type=Path, metavar="FILE.toml", help="all rules of the campaign; see docs")
    parser.add_argument("--trunk", help="name of the trunk")
    parser.add_argument("--mode", choices=[mode.value for mode in DialMode])
    parser.add_argument("--script", help="mode bot: the script the infobot talks by (`trunkline bot list`)")
    fields = "what a field of the script holds where a lead has no such column; repeatable"
    parser.add_argument("--field", action="append", default=[], dest="fields", metavar="NAME=VALUE", help=fields)
    parser.add_argument("--calls-per-minute", type=float, metavar="N", help="how fast to dial; may be a fraction")
    law = "whose rules on abandoned calls hold; country: those of the country of the numbers shown"
    parser.add_argument("--law", choices=[*(one.value for one in LawName), _BY_COUNTRY], help=law)
    busy = "mode predictive: operators are busy at most so much of their time, 50 to 100"
    parser.add_argument("--max-occupancy", type=float, metavar="PERCENT", help=busy)
    pilot = "dial so many calls, then pause until somebody approves (`trunkline campaign approve`); 0: no pilot"
    parser.add_argument("--pilot", type=int, metavar="N", help=pilot)
    quota = "mode bot: enough complete conversations of such leads; * for all the others; none: no quotas; repeatable"
    parser.add_argument("--quota", action="append", default=[], dest="quotas", metavar="FIELD=VALUE:N", help=quota)
    again = "mode bot: call whoever hung up in the middle again after so long, so many times, as 2h:1; or none"
    parser.add_argument("--retry-unfinished", metavar="AFTER:TIMES", help=again)


def policy_of_line(args: argparse.Namespace, before: CampaignPolicy | None = None) -> CampaignPolicy:
    """What the line says, of `before` what it leaves out (all of it, unless a file is given). Raises BadInput."""
    policy = policy_from(args.policy, args.trunk, args.mode, args.script, before)
    policy = replace(policy, script_fields=policy.script_fields | _fields(args.fields))
    if args.calls_per_minute is not None:
        policy = replace(policy, calls_per_second=args.calls_per_minute / 60)
    if args.law is not None:
        policy = replace(policy, law=None if args.law == _BY_COUNTRY else LawName(args.law))
    if args.max_occupancy is not None:
        policy = replace(policy, max_occupancy=args.max_occupancy / 100)
    if args.pilot is not None:
        policy = replace(policy, pilot=args.pilot or None)
    if args.quotas:
        wanted = [parse_quota(text) for text in args.quotas if text != _OFF]
        policy = replace(policy, quotas=with_quotas(() if _OFF in args.quotas else policy.quotas, wanted))
    if args.retry_unfinished is not None:
        rule = None if args.retry_unfinished == _OFF else parse_rule(args.retry_unfinished)
        policy = replace(policy, retry=replace(policy.retry, unfinished=rule))
    return policy


def policy_from(
    file: Path | None,
    trunk: str | None,
    mode: str | None,
    script: str | None = None,
    before: CampaignPolicy | None = None,
) -> CampaignPolicy:
    """The policy in `file`, or `before`, what else is given in place of its own; a script asks for mode bot.

    Raises BadInput naming the wrong field."""
    stated: dict[str, Any] = to_json(before) if before is not None and file is None else {}
    if file is not None:
        stated = _read(file)
    given = {"trunk": trunk, "mode": mode or (DialMode.BOT.value if script else None), "script": script}
    stated |= {name: value for name, value in given.items() if value is not None}
    if "trunk" not in stated:
        raise BadInput("trunk", "none given", 'Add --trunk NAME, or a line trunk = "NAME" to the policy file')
    return from_json(stated, CampaignPolicy, str(file) if file is not None else "policy")


def _read(file: Path) -> dict[str, Any]:
    """The file as the stored form has it."""
    try:
        stated = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(str(file), f"cannot be read as TOML: {error}") from error
    for window in stated.get("windows", []):  # TOML knows times of day; the stored form is text
        if isinstance(window, dict):
            window |= {edge: str(window[edge]) for edge in ("opens", "closes") if edge in window}
    if "calls_per_minute" in stated:
        rate = stated.pop("calls_per_minute")
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise BadInput(str(file), f"calls_per_minute: {rate!r} is no number")
        if "calls_per_second" in stated:
            raise BadInput(str(file), "calls_per_minute and calls_per_second both say how fast to dial", "Keep one")
        stated["calls_per_second"] = rate / 60
    quotas = stated.get("quotas")
    if isinstance(quotas, list):
        stated["quotas"] = [to_json(parse_quota(text)) if isinstance(text, str) else text for text in quotas]
    return stated


def _fields(given: Sequence[str]) -> dict[str, str]:
    """Raises BadInput for one that has no name."""
    parted = [one.partition("=") for one in given]
    if any(not name.strip() or not sign for name, sign, _ in parted):
        raise BadInput("--field", "a field is a name and a value", "Write --field company=Lola")
    return {name.strip(): value.strip() for name, _, value in parted}
