"""Errors that carry facts and say what to do.

CrmError
├── BadInput          what was given is wrong: field, row or file, and what to do
│   └── BadSetting    a setting is missing or wrong
├── NotFound          the thing named does not exist
├── IllegalTransition a state table has no such move
├── Conflict          somebody else was first
│   └── Stale         what was to be changed is no longer as it was read
├── Forbidden         whoever asks may not do that
├── NotLoggedIn       nobody, or nobody known, asks
├── TooMany           asked too often; later it will do
└── Unavailable       a server we need does not answer; trying again later may help
"""

from __future__ import annotations

from collections.abc import Mapping


class CrmError(Exception):
    """The root of every error raised on purpose."""


class BadInput(CrmError):
    """What was given is wrong: `where` names field, row or file; `what` the fault; `do` the way out."""

    def __init__(self, where: str, what: str, do: str = "") -> None:
        self.where, self.what, self.do = where, what, do
        super().__init__(f"{where}: {what}" + (f". {do}" if do else ""))


class BadSetting(BadInput):
    """A setting is missing or wrong."""


class NotFound(CrmError):
    """The thing named does not exist."""

    def __init__(self, noun: str, key: object, do: str = "") -> None:
        self.noun, self.key = noun, key
        super().__init__(f"there is no {noun} {key!r}" + (f". {do}" if do else ""))


class IllegalTransition(CrmError):
    """A state table has no such move."""

    def __init__(self, state: object, trigger: object) -> None:
        self.state, self.trigger = state, trigger
        super().__init__(f"{state} does not allow {trigger}")


class Conflict(CrmError):
    """Somebody else was first; nothing was changed."""


class Stale(Conflict):
    """Somebody changed it since it was read: `current` is how it stands now, `yours` what was to be written."""

    def __init__(self, noun: str, key: object, current: Mapping[str, object], yours: Mapping[str, object]) -> None:
        self.current, self.yours = current, yours
        super().__init__(f"{noun} {key!r} was changed by somebody else meanwhile: look again, then decide")


class Forbidden(CrmError):
    """Whoever asks may not do that; `right` names what he lacks."""

    def __init__(self, right: str) -> None:
        self.right = right
        super().__init__(f"this needs the right {right!r}: ask an administrator for it")


class NotLoggedIn(CrmError):
    """Nobody, or nobody known, asks."""


class TooMany(CrmError):
    """Asked too often; after `seconds` it will do."""

    def __init__(self, what: str, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"{what}: try again in {seconds} s")


class Unavailable(CrmError):
    """A server we need does not answer."""
