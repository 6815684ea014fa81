"""Numbers of ours that the infobot answers: by which script, at which hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """`number` as callers dial it. None for a script: agents answer at those hours, or outside them the site's rule
    does. `fields`: what the scripts' fields hold. `notify`: an e-mail address told of every call a script took."""

    number: str
    day_script: str | None = None
    night_script: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    notify: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingRule:
    """What holds for calls to every number that has no rule of its own: `night_script` answers outside hours.

    `announces`: who takes a caller over from a script is told its summary first, whatever the number."""

    night_script: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    notify: str | None = None
    announces: bool = True


@dataclass(frozen=True, slots=True)
class Answering:
    """The script that answers a call."""

    script: str
    fields: Mapping[str, str] = field(default_factory=dict)


def answering(own: OwnNumber | None, rule: IncomingRule, after_hours: bool) -> Answering | None:
    """The script that answers a call to this number (None: one without a rule of its own); None: agents do.

    Fields of the number go before those of the site.
    """
    script = None if own is None else own.night_script if after_hours else own.day_script
    if script is None and after_hours:
        script = rule.night_script
    if script is None:
        return None
    return Answering(script, {**rule.fields, **(own.fields if own is not None else {})})


def told_of(own: OwnNumber | None, rule: IncomingRule) -> str | None:
    """The address told of calls a script took; None: nobody is."""
    return own.notify if own is not None and own.notify is not None else rule.notify
