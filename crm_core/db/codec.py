"""Frozen values to JSON and back: events in the outbox, policies and rules in their columns."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, get_args

from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError
from cattrs.preconf.json import make_converter

from crm_core import events
from crm_core.errors import BadInput

T = TypeVar("T")
_EVENTS: dict[str, type] = {kind.__name__: kind for kind in get_args(events.Event)}


@cache
def _converter() -> Converter:
    converter = make_converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(time, lambda value: value.strftime("%H:%M:%S"))
    converter.register_structure_hook(time, lambda text, _: time.fromisoformat(text))
    converter.register_unstructure_hook(timedelta, lambda value: value.total_seconds())
    converter.register_structure_hook(timedelta, lambda seconds, _: timedelta(seconds=float(seconds)))
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    return converter


def to_json(value: object) -> Any:
    """`value` (a frozen dataclass of the vocabulary) as JSON-ready data. Durations are seconds."""
    return _converter().unstructure(value)


def from_json(data: Any, kind: type[T], where: str) -> T:
    """The value again; raises BadInput naming `where` and each field that is wrong."""
    try:
        return _converter().structure(data, kind)
    except BaseValidationError as error:
        raise BadInput(where, "; ".join(transform_error(error))) from error


def event_payload(event: events.Event) -> Any:
    """An event as the outbox keeps it."""
    return _converter().unstructure(event)


def event_of(kind: str, payload: Any) -> events.Event:
    """The event again; raises KeyError for a type this version does not know."""
    return _converter().structure(payload, _EVENTS[kind])
