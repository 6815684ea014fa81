"""Which things an event has changed."""

from __future__ import annotations

from typing import get_args

from crm_core import events
from crm_core.domain.agents import AgentState
from crm_core.domain.calls import Direction
from crm_core.domain.pushes import Topic
from crm_core.events import AgentStateChanged, CallBridged
from crm_core.web.live import turning
from crm_core.web.live.turning import Stirred, stir
from tests.crm_core.crm import NOW

#: Events after which nothing that is shown alive has changed, or another event of the same commit tells.
_QUIET = {"LeadClosed", "RecordingLinked"}


def test_every_event_is_turned_or_known_to_change_nothing() -> None:
    turned = {kind.__name__ for kind in turning._TURN}
    assert {kind.__name__ for kind in get_args(events.Event)} - turned <= _QUIET
    assert not turned & _QUIET


def test_many_events_of_one_call_are_one_thing_to_read() -> None:
    stirred = Stirred()
    bridged = CallBridged("c1", Direction.OUTGOING, "+998901112233", 3, None, 5, NOW)
    stir([bridged, bridged, AgentStateChanged(3, AgentState.ON_CALL, 5, NOW)], stirred)
    assert stirred.ids == {Topic.CALL: {"c1"}, Topic.CAMPAIGN: {5}, Topic.AGENT: {3}}


def test_what_is_taken_is_gone_and_the_rest_stays() -> None:
    stirred = Stirred()
    stirred.add(Topic.TASK, 1, formerly=7)
    stirred.add(Topic.CAMPAIGN, 5)
    stirred.add(Topic.DEAL, None)
    taken = stirred.take(Topic.TASK, Topic.AGENT)
    assert (taken.ids, taken.formerly) == ({Topic.TASK: {1}}, {(Topic.TASK, 1): 7})
    assert (stirred.ids, stirred.formerly) == ({Topic.CAMPAIGN: {5}}, {})
    stirred.take(Topic.CAMPAIGN)
    assert not stirred
