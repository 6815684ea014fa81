"""Who may do what, and how much of it he sees: roles, rights, and the person (or token) who asks.

A role gives rights and a reach. A user may be given a narrower or wider reach and single rights beyond his role's;
a token has those of its user's rights that its scopes name. Whatever is not granted is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from crm_core.domain.phone import country_code_of
from crm_core.errors import Forbidden


class Right(StrEnum):
    """One thing somebody may do. The part before the dot is its scope at tokens."""

    TAKE_CALLS = "calls.take"
    SEE_CALLS = "calls.see"
    SEE_CONTACTS = "contacts.see"
    CHANGE_CONTACTS = "contacts.change"
    MERGE_CONTACTS = "contacts.merge"
    EXPORT = "contacts.export"
    ERASE = "contacts.erase"
    SEE_DEALS = "deals.see"
    CHANGE_DEALS = "deals.change"
    SEE_TASKS = "tasks.see"
    CHANGE_TASKS = "tasks.change"
    SEE_CAMPAIGNS = "campaigns.see"
    CHANGE_CAMPAIGNS = "campaigns.change"  # create, import lists, start, stop
    SEE_SURVEYS = "surveys.see"
    CHANGE_SCRIPTS = "scripts.change"
    LISTEN = "recordings.listen"
    DOWNLOAD = "recordings.download"
    DELETE_RECORDINGS = "recordings.delete"
    SEE_FLOOR = "floor.see"  # wallboard and agents' states
    MONITOR = "floor.monitor"  # listen to, whisper into and barge in to a live call
    CONTROL_AGENTS = "floor.control"  # pause and log out an agent
    SEE_REPORTS = "reports.see"
    CHANGE_SETTINGS = "settings.change"
    CHANGE_USERS = "users.change"
    SEE_AUDIT = "audit.see"


class Sees(StrEnum):
    """How far somebody's eyes go: what is his, what is his team's (and nobody's), all."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"


class Role(StrEnum):
    AGENT = "agent"  # takes bridged calls
    OUTSIDE = "outside"  # an agent of another firm: own calls only, numbers masked
    SELLER = "seller"
    HEAD = "head"  # of a team of sellers or agents
    MARKETER = "marketer"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


_R = Right
_TAKING_CALLS = frozenset(
    {_R.TAKE_CALLS, _R.SEE_CALLS, _R.SEE_CONTACTS, _R.CHANGE_CONTACTS, _R.SEE_TASKS, _R.CHANGE_TASKS, _R.SEE_DEALS}
)
_SELLING = _TAKING_CALLS | {_R.CHANGE_DEALS, _R.LISTEN}
_LEADING = _SELLING | {
    _R.MERGE_CONTACTS,
    _R.EXPORT,
    _R.DOWNLOAD,
    _R.SEE_FLOOR,
    _R.MONITOR,
    _R.CONTROL_AGENTS,
    _R.SEE_REPORTS,
    _R.SEE_CAMPAIGNS,
    _R.SEE_SURVEYS,
}
_MARKETING = frozenset(
    {
        _R.SEE_CALLS,
        _R.SEE_CONTACTS,
        _R.CHANGE_CONTACTS,
        _R.MERGE_CONTACTS,
        _R.EXPORT,
        _R.SEE_DEALS,
        _R.SEE_TASKS,
        _R.SEE_CAMPAIGNS,
        _R.CHANGE_CAMPAIGNS,
        _R.SEE_SURVEYS,
        _R.CHANGE_SCRIPTS,
        _R.LISTEN,
        _R.SEE_FLOOR,
        _R.SEE_REPORTS,
    }
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a role brings. `masked`: telephone numbers are never shown to him."""

    rights: frozenset[Right]
    sees: Sees
    masked: bool = False


STANDINGS: Mapping[Role, Standing] = {
    Role.AGENT: Standing(_TAKING_CALLS, Sees.OWN),
    Role.OUTSIDE: Standing(
        frozenset({_R.TAKE_CALLS, _R.SEE_CALLS, _R.SEE_CONTACTS, _R.SEE_TASKS, _R.CHANGE_TASKS}), Sees.OWN, masked=True
    ),
    Role.SELLER: Standing(_SELLING, Sees.OWN),
    Role.HEAD: Standing(_LEADING, Sees.TEAM),
    Role.MARKETER: Standing(_MARKETING, Sees.ALL),
    Role.MANAGER: Standing(_LEADING | _MARKETING, Sees.ALL),
    Role.ADMINISTRATOR: Standing(frozenset(Right), Sees.ALL),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a user by his session, or by a token of his. `name` goes into histories."""

    user_id: int
    name: str
    role: Role
    rights: frozenset[Right]
    sees: Sees
    team_id: int | None = None
    masked: bool = False
    language: str | None = None
    zone: str | None = None
    token_id: int | None = None

    def may(self, right: Right) -> bool:
        return right in self.rights

    def require(self, right: Right) -> None:
        """Raise Forbidden unless he may."""
        if right not in self.rights:
            raise Forbidden(right.value)


def actor_of(
    user_id: int,
    name: str,
    role: Role,
    *,
    sees: Sees | None = None,
    masked: bool | None = None,
    extra_rights: frozenset[Right] = frozenset(),
    team_id: int | None = None,
    language: str | None = None,
    zone: str | None = None,
) -> Actor:
    """A user as he stands: his role's rights and reach unless he was given others of his own."""
    of_role = STANDINGS[role]
    return Actor(
        user_id=user_id,
        name=name,
        role=role,
        rights=of_role.rights | extra_rights,
        sees=sees or of_role.sees,
        team_id=team_id,
        masked=of_role.masked if masked is None else masked,
        language=language,
        zone=zone,
    )


def with_scopes(actor: Actor, scopes: frozenset[str], token_id: int) -> Actor:
    """The actor by a token: of his rights, those whose name or first part is among `scopes`."""
    kept = frozenset(r for r in actor.rights if r.value in scopes or r.value.partition(".")[0] in scopes)
    return replace(actor, rights=kept, token_id=token_id)


#: Scopes a token may be given: whole nouns, or single rights.
SCOPES = tuple(sorted({right.value.partition(".")[0] for right in Right} | {right.value for right in Right}))


def masked_number(e164: str) -> str:
    """A number without what makes it dialable: country and first two digits, and the last two (`+998 90 ••• •• 12`)."""
    code = country_code_of(e164)
    rest = e164.removeprefix("+").removeprefix(code)
    if len(rest) < 7:
        return f"+{code} •••"
    return f"+{code} {rest[:2]} ••• •• {rest[-2:]}"


#: Seven digits or more, however they are grouped: no shorter number can be dialed from afar.
_NUMBER_IN_TEXT = re.compile(r"\+?\d(?:[\s().\u00a0-]{0,2}\d){6,}")


def masked_text(text: str) -> str:
    """Free text (a note, a transcript, a task's title) with everything that could be a telephone number made dots."""
    return _NUMBER_IN_TEXT.sub("•••••••", text)
