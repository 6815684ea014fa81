"""Properties of `applies`: what holds for every event, field and value."""

from __future__ import annotations

from datetime import UTC
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.rules import Condition, Op, Rule, applies
from crm_core.events import Event

_events = st.one_of(*(st.builds(kind, at=st.datetimes(timezones=st.just(UTC))) for kind in get_args(Event)))


def _rule(event: object, *conditions: Condition, trigger: str = "", enabled: bool = True) -> Rule:
    return Rule(1, "r", trigger or type(event).__name__, conditions, (), enabled)


def _fields(event: Any) -> list[str]:
    return list(event.__dataclass_fields__)


@given(_events, st.data())
def test_is_and_is_not_are_opposites_on_every_field(event: Event, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(_fields(event)))
    value = data.draw(st.just(getattr(event, field)) | st.none() | st.text() | st.integers())
    holds = applies(_rule(event, Condition(field, Op.IS, value)), event)
    assert holds is (getattr(event, field) == value)
    assert holds is not applies(_rule(event, Condition(field, Op.IS_NOT, value)), event)


@given(_events, st.data())
def test_one_of_is_any_of_its_values(event: Event, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(_fields(event)))
    values = data.draw(st.lists(st.just(getattr(event, field)) | st.text(max_size=3), max_size=3))
    any_of_them = any(applies(_rule(event, Condition(field, Op.IS, value)), event) for value in values)
    assert applies(_rule(event, Condition(field, Op.ONE_OF, values)), event) is any_of_them


@given(_events, st.sampled_from(Op), st.text(max_size=3).map("x".__add__))
def test_a_field_the_event_does_not_have_never_holds(event: Event, op: Op, field: str) -> None:
    assert not applies(_rule(event, Condition(field, op, None)), event)


@given(_events)
def test_a_rule_without_conditions_runs_for_its_trigger_alone_and_only_while_enabled(event: Event) -> None:
    assert applies(_rule(event), event)
    assert not applies(_rule(event, enabled=False), event)
    assert not applies(_rule(event, trigger="SomethingElse"), event)


@given(_events, st.data())
def test_all_conditions_must_hold(event: Event, data: st.DataObject) -> None:
    fields = data.draw(st.lists(st.sampled_from(_fields(event)), min_size=1))
    holding = [Condition(field, Op.IS, getattr(event, field)) for field in fields]
    assert applies(_rule(event, *holding), event)
    broken = Condition(fields[0], Op.IS_NOT, getattr(event, fields[0]))
    assert not applies(_rule(event, *holding, broken), event)
