"""Which things an event has changed. Pure: what they are now is read afterwards, once for many events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_core.domain.pushes import Topic
from crm_core.events import (
    AgentStateChanged,
    AttemptEnded,
    CallAbandoned,
    CallBridged,
    CallEnded,
    CallMissed,
    CampaignStateChanged,
    ConversationEnded,
    DealChanged,
    Event,
    LeadDisposed,
    NoticesRead,
    TaskChanged,
)

Key = int | str


@dataclass(slots=True)
class Stirred:
    """Things to be read again: ids by topic; and of some whose they were before."""

    ids: dict[Topic, set[Key]] = field(default_factory=dict)
    formerly: dict[tuple[Topic, Key], int] = field(default_factory=dict)

    def add(self, topic: Topic, key: Key | None, formerly: int | None = None) -> None:
        if key is None:
            return
        self.ids.setdefault(topic, set()).add(key)
        if formerly is not None:
            self.formerly[topic, key] = formerly

    def take(self, *topics: Topic) -> Stirred:
        """Take what there is of these topics out of here."""
        taken = Stirred({topic: self.ids.pop(topic) for topic in topics if topic in self.ids})
        for at in [at for at in self.formerly if at[0] in topics]:
            taken.formerly[at] = self.formerly.pop(at)
        return taken

    def of(self, topic: Topic) -> set[Any]:
        return self.ids.get(topic, set())

    def __bool__(self) -> bool:
        return bool(self.ids)


def _of_agent(event: Any, stirred: Stirred) -> None:
    stirred.add(Topic.AGENT, event.agent_id)
    stirred.add(Topic.CAMPAIGN, event.campaign_id)


def _of_call(event: Any, stirred: Stirred) -> None:
    stirred.add(Topic.CALL, event.call_id)
    stirred.add(Topic.CAMPAIGN, getattr(event, "campaign_id", None))


def _of_campaign(event: Any, stirred: Stirred) -> None:
    stirred.add(Topic.CAMPAIGN, event.campaign_id)


def _of_deal(event: Any, stirred: Stirred) -> None:
    stirred.add(Topic.DEAL, event.deal_id, formerly=event.was_owner_id)


def _of_task(event: Any, stirred: Stirred) -> None:
    stirred.add(Topic.TASK, event.task_id, formerly=event.was_responsible_id)


def _of_notices(event: NoticesRead, stirred: Stirred) -> None:
    for notice_id in event.notice_ids:
        stirred.add(Topic.NOTICE, notice_id)


_TURN: Mapping[type, Callable[[Any, Stirred], None]] = {
    AgentStateChanged: _of_agent,
    CallBridged: _of_call,
    CallEnded: _of_call,
    CallMissed: _of_call,
    CallAbandoned: _of_call,
    LeadDisposed: _of_call,
    ConversationEnded: _of_call,
    DealChanged: _of_deal,
    TaskChanged: _of_task,
    NoticesRead: _of_notices,
    AttemptEnded: _of_campaign,
    CampaignStateChanged: _of_campaign,
}


def stir(events: Iterable[Event], into: Stirred) -> None:
    """Note all that `events` have changed; one that changes nothing anybody is shown is passed over."""
    for event in events:
        if turn := _TURN.get(type(event)):
            turn(event, into)
