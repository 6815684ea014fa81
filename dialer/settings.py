"""Settings of the dialer and of the hand-off desk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from crm_core.domain.messages import MessageChannel, parse_address
from crm_core.domain.numbers import IncomingRule
from crm_core.errors import BadInput, BadSetting

_SOUNDS = re.compile(r"[A-Za-z0-9_./-]+(&[A-Za-z0-9_./-]+)*")


@dataclass(frozen=True, slots=True)
class DialerSettings:
    """Limits over all campaigns, and how often the dialer looks. `max_lines` counts open attempts of every campaign."""

    calls_per_second: float = 100.0
    max_lines: int = 300
    pass_every: timedelta = timedelta(milliseconds=200)
    pass_rest: timedelta = timedelta(milliseconds=100)  # between two passes, however often the dialer is woken
    pass_again: timedelta = timedelta(milliseconds=20)  # the same where there is more to do than fits into one pass
    ahead: timedelta = timedelta(milliseconds=500)  # calls are leased at most so long before their slot
    batch: int = 40  # leases in one transaction
    reach: int = 500  # most leads read in one pass when many have to be put off
    lease_margin: timedelta = timedelta(seconds=30)  # a lease lasts ring_for and this
    lease_more: timedelta = timedelta(minutes=1)  # how far the lease of a live call is prolonged
    lease_grace: timedelta = timedelta(seconds=5)  # an ended channel's last word may still be on its way
    lease_refused_rest: timedelta = timedelta(seconds=30)  # how long a lead is passed over that could not be leased
    chores_every: timedelta = timedelta(milliseconds=500)
    stuck_every: timedelta = timedelta(seconds=5)  # how often agents are sought who hold a call that is over
    log_in_grace: timedelta = timedelta(seconds=1)  # a phone that logs in by itself tells of its leg by then
    expiry_every: timedelta = timedelta(seconds=2)
    cache_for: timedelta = timedelta(seconds=1)
    switch_timeout: timedelta = timedelta(seconds=10)  # for each word with the switch
    pause_when_down: timedelta = timedelta(seconds=1)
    words_ahead: timedelta = timedelta(seconds=3)  # bot: leads are made ready so long before their slot
    words_within: timedelta = timedelta(seconds=5)  # a lead's first words are rendered by then, or not for now
    words_at_once: int = 4  # of one campaign; whoever renders has a limit of its own
    words_kept: timedelta = timedelta(minutes=10)  # so long a lead counts as ready
    words_rest: timedelta = timedelta(seconds=2)  # after a fault of the voice; doubled with each further one
    words_longest_rest: timedelta = timedelta(seconds=30)
    words_lead_rest: timedelta = timedelta(seconds=30)  # of the lead it happened to; doubled too


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Incoming calls and waiting. Messages are sound files; None: the dialplan's own."""

    poll: timedelta = timedelta(milliseconds=100)
    incoming_wait: timedelta = timedelta(seconds=60)
    closed_message: str | None = None
    missed_message: str | None = None
    record_incoming: bool = True
    incoming_notice: str | None = None
    ring_agent_for: timedelta = timedelta(seconds=20)  # agents whose phone rings per call
    bot_wait: timedelta = timedelta(seconds=20)  # a person the bot hands on waits so long for an agent
    night_script: str | None = None  # the infobot takes calls outside hours and talks by this script
    night_fields: Mapping[str, str] = field(default_factory=dict)  # what the script's fields hold
    announce_summary: bool = True  # an agent hears what a caller told a script before the two are connected
    notify: str | None = None  # an e-mail address told of calls a script took

    @property
    def incoming(self) -> IncomingRule:
        """What holds for calls to numbers without a rule of their own."""
        return IncomingRule(self.night_script, self.night_fields, self.notify, self.announce_summary)


def dialer_settings_from_env(env: Mapping[str, str]) -> DialerSettings:
    """Read DIALER_CALLS_PER_SECOND and DIALER_MAX_LINES; raises BadSetting naming the variable."""
    return DialerSettings(
        calls_per_second=_positive(env, "DIALER_CALLS_PER_SECOND", DialerSettings().calls_per_second),
        max_lines=int(_positive(env, "DIALER_MAX_LINES", DialerSettings().max_lines)),
    )


def desk_settings_from_env(env: Mapping[str, str]) -> DeskSettings:
    """Read DESK_CLOSED_MESSAGE, DESK_MISSED_MESSAGE, DESK_INCOMING_NOTICE (names of sounds), DESK_INCOMING_WAIT and
    DESK_RING_AGENT_FOR (seconds), DESK_RECORD_INCOMING and DESK_ANNOUNCE_SUMMARY (yes or no), DESK_NIGHT_SCRIPT (name
    of a script), DESK_NIGHT_FIELDS (name=value, several parted by ;) and DESK_NOTIFY (an e-mail address).

    Raises BadSetting naming the variable."""
    usual = DeskSettings()
    wait = _positive(env, "DESK_INCOMING_WAIT", usual.incoming_wait.total_seconds())
    return DeskSettings(
        incoming_wait=timedelta(seconds=wait),
        closed_message=_sound(env, "DESK_CLOSED_MESSAGE"),
        missed_message=_sound(env, "DESK_MISSED_MESSAGE"),
        record_incoming=_yes(env, "DESK_RECORD_INCOMING"),
        incoming_notice=_sound(env, "DESK_INCOMING_NOTICE"),
        night_script=env.get("DESK_NIGHT_SCRIPT") or None,
        night_fields=_pairs(env, "DESK_NIGHT_FIELDS"),
        announce_summary=_yes(env, "DESK_ANNOUNCE_SUMMARY"),
        notify=_email(env, "DESK_NOTIFY"),
        ring_agent_for=timedelta(seconds=_positive(env, "DESK_RING_AGENT_FOR", usual.ring_agent_for.total_seconds())),
    )


def _sound(env: Mapping[str, str], name: str) -> str | None:
    """Sounds as Asterisk's Playback() takes them: no endings, several joined by &."""
    text = env.get(name) or None
    if text is not None and _SOUNDS.fullmatch(text) is None:
        what = "Write its path without the ending, as custom/closed; several joined by &"
        raise BadSetting(name, f"{text!r} is no name of a sound", what)
    return text


def _yes(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name) or "yes"
    if text not in ("yes", "no"):
        raise BadSetting(name, f"{text!r} is neither", "Write yes or no")
    return text == "yes"


def _email(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name) or None
    try:
        return None if text is None else parse_address(MessageChannel.EMAIL, text)
    except BadInput as error:
        raise BadSetting(name, error.what, error.do) from error


def _pairs(env: Mapping[str, str], name: str) -> dict[str, str]:
    given = [part.partition("=") for part in env.get(name, "").split(";") if part.strip()]
    if any(not sign or not field.strip() for field, sign, _ in given):
        raise BadSetting(name, f"{env[name]!r} is no list of fields", "Write company=Lola; opens=at nine")
    return {field.strip(): value.strip() for field, _, value in given}


def _positive(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise BadSetting(name, f"{text!r} is not a positive number", "Write a number such as 50")
    return value
