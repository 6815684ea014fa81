"""What is pushed to whom: a push is the present state of one thing, and says by itself who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crm_core.domain.access import Actor, Right, Sees, masked_number, masked_text


class Topic(StrEnum):
    """What a push is about."""

    AGENT = "agent"
    CALL = "call"
    CAMPAIGN = "campaign"
    TASK = "task"
    DEAL = "deal"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Push:
    """The state of one thing as it now is. A later push of the same topic and key replaces it.

    `owner` is the user it belongs to: the agent himself, the agent of a call, who is responsible for a task, the owner
    of a deal, whom a notice is for. `formerly`: the one it belonged to before, who is told that it is gone.
    `contact_owner` decides with the owner whether the person's name is shown. `body` is ready for JSON; of it,
    `numbers` are telephone numbers and `texts` free text, which whoever is masked does not get as they are.
    """

    topic: Topic
    key: str
    body: Mapping[str, Any]
    owner: int | None = None
    formerly: int | None = None
    campaign_id: int | None = None
    contact_owner: int | None = None
    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """How far somebody's eyes go just now: `users` whose things he sees, `agents` whose states he sees, `campaigns`;
    None: all there are."""

    actor: Actor
    users: frozenset[int] | None
    agents: frozenset[int] | None
    campaigns: frozenset[int] | None

    @property
    def is_narrow(self) -> bool:
        """Whether, campaigns aside, only what is his own can be for him."""
        alone = frozenset({self.actor.user_id})
        return self.users == alone == self.agents


class View(StrEnum):
    """How somebody gets a push."""

    WHOLE = "whole"
    NAMELESS = "nameless"  # the call, task or deal is his, the person is not
    NUMBERLESS = "numberless"  # nor is the call's number: nobody took it, only its campaign is his
    GONE = "gone"  # it was his and is not any more


#: The right without which nothing of a topic is seen.
_RIGHTS: Mapping[Topic, Right] = {
    Topic.CALL: Right.SEE_CALLS,
    Topic.TASK: Right.SEE_TASKS,
    Topic.DEAL: Right.SEE_DEALS,
}


def view(push: Push, reach: Reach) -> View | None:
    """How whoever has `reach` gets `push`; None: not at all. The same answers as the conditions of db.visibility."""
    if _sees(push, push.owner, reach):
        if push.topic is Topic.CALL and not _reaches_person(push, reach):
            return View.NUMBERLESS
        is_nameless = push.topic in _RIGHTS and not reach.actor.may(Right.SEE_CONTACTS)
        return View.NAMELESS if is_nameless else View.WHOLE
    if push.formerly is not None and push.formerly != push.owner and _sees(push, push.formerly, reach):
        return View.GONE
    return None


def _sees(push: Push, owner: int | None, reach: Reach) -> bool:
    actor = reach.actor
    match push.topic:
        case Topic.NOTICE:
            return owner == actor.user_id
        case Topic.CAMPAIGN:
            return reach.campaigns is None or push.campaign_id in reach.campaigns
        case Topic.AGENT:
            return reach.agents is None or owner in reach.agents
        case Topic.CALL if owner is None and reach.users is not None:
            return actor.may(Right.SEE_CALLS) and actor.sees is Sees.TEAM and _has_to_do_with(push, reach)
        case _:
            return actor.may(_RIGHTS[push.topic]) and _within(owner, reach)


def _has_to_do_with(push: Push, reach: Reach) -> bool:
    """Whether a call that nobody has taken is the team's: by its campaign, by its person, or as nobody's at all."""
    if push.campaign_id is not None and (reach.campaigns is None or push.campaign_id in reach.campaigns):
        return True
    if push.body.get("contact_id") is None:
        return push.campaign_id is None
    return _reaches_person(push, reach)


def _within(owner: int | None, reach: Reach) -> bool:
    """Nobody's rows belong to every team, and to nobody who sees only his own."""
    if reach.users is None:
        return True
    return reach.actor.sees is Sees.TEAM if owner is None else owner in reach.users


def _reaches_person(push: Push, reach: Reach) -> bool:
    """Whether the person of a call may be known: its agent's team does, and the team whose he is. Of somebody else's
    he sees fewer here than lists do: whom he has a task or a deal with, no push says."""
    if reach.users is None or push.body.get("contact_id") is None:
        return True
    if push.owner is not None and push.owner in reach.users:
        return True
    return reach.actor.may(Right.SEE_CONTACTS) and _within(push.contact_owner, reach)


#: What tells who the person is. The number of a call that somebody has is the call's own.
PERSON = ("contact_id", "contact", "lead_id")


def told(push: Push, how: View, masked: bool) -> dict[str, Any]:
    """The push as it leaves for a browser."""
    head: dict[str, Any] = {"topic": push.topic.value, "key": push.key}
    if how is View.GONE:
        return head | {"gone": True}
    body = dict(push.body)
    hidden = {View.NAMELESS: PERSON, View.NUMBERLESS: (*PERSON, *push.numbers)}.get(how, ())
    body |= {name: None for name in hidden if name in body}
    if masked:
        body |= {name: masked_number(body[name]) for name in push.numbers if body.get(name)}
        body |= {name: masked_text(body[name]) for name in push.texts if body.get(name)}
    return head | body


@dataclass(slots=True)
class Pending:
    """What one browser has still to be told: of each thing only its last state, so that a slow one is not buried."""

    limit: int
    #: Called "topic:key", in the order in which they became due.
    waiting: dict[tuple[Topic, str], tuple[Push, View]] = field(default_factory=dict)

    def put(self, push: Push, how: View) -> bool:
        """Add a push; False when there is no room: the browser must start again from a snapshot."""
        at = (push.topic, push.key)
        self.waiting.pop(at, None)
        self.waiting[at] = (push, how)
        return len(self.waiting) <= self.limit

    def take(self) -> list[tuple[Push, View]]:
        """All of it, oldest first; then there is nothing."""
        taken = list(self.waiting.values())
        self.waiting.clear()
        return taken
