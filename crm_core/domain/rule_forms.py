"""Rules as people write them: which facts an event has, and values as text and back. Pure."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from crm_core.domain.dispositions import LeadEffect
from crm_core.domain.rules import Op
from crm_core.errors import BadInput


class FactKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes_no"
    CHOICE = "choice"  # of `options`
    TIME = "time"  # there is one or there is none


@dataclass(frozen=True, slots=True)
class Fact:
    """What a condition may ask of an event. `may_lack`: it may be unknown."""

    name: str
    kind: FactKind
    may_lack: bool = False
    options: tuple[str, ...] = ()


#: What goes with an event besides its fields (domain.rules.EVENT_FACTS).
_BESIDES = {
    "effect": Fact("effect", FactKind.CHOICE, options=tuple(LeadEffect)),
    "makes_deal": Fact("makes_deal", FactKind.YES_NO),
}
#: How "unknown" is written as a value.
UNKNOWN = ""
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


def facts_of_kind(event: type, besides: Sequence[str] = ()) -> tuple[Fact, ...]:
    """The facts of an event class, in the order of its fields; when it happened is none of them."""
    hints = typing.get_type_hints(event)
    own = [_fact(field.name, hints[field.name]) for field in fields(event) if field.name != "at"]
    return (*(fact for fact in own if fact is not None), *(_BESIDES[name] for name in besides))


def _fact(name: str, hint: Any) -> Fact | None:
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    may_lack = type(None) in parts
    kinds = [part for part in parts if part is not type(None)]
    if len(kinds) != 1 or not isinstance(kinds[0], type):
        return None
    kind = kinds[0]
    if issubclass(kind, enum.StrEnum):
        return Fact(name, FactKind.CHOICE, may_lack, tuple(kind))
    known = {bool: FactKind.YES_NO, int: FactKind.NUMBER, str: FactKind.TEXT, datetime: FactKind.TIME}
    return Fact(name, known[kind], may_lack) if kind in known else None


def ops_for(fact: Fact) -> tuple[Op, ...]:
    """What can be asked of it."""
    match fact.kind:
        case FactKind.NUMBER:
            return (Op.IS, Op.IS_NOT, Op.AT_LEAST, Op.ONE_OF)
        case FactKind.TEXT | FactKind.CHOICE:
            return (Op.IS, Op.IS_NOT, Op.ONE_OF)
        case _:
            return (Op.IS, Op.IS_NOT)


def parsed(fact: Fact, op: Op, text: str) -> Any:
    """The value a condition holds; raises BadInput. Several, for ONE_OF, are parted by commas."""
    where = f"conditions.{fact.name}"
    if op not in ops_for(fact):
        raise BadInput(where, f"{fact.name} cannot be asked for by {op}", f"Choose of {', '.join(ops_for(fact))}")
    if op is Op.ONE_OF:
        values = [_one(fact, part.strip(), where) for part in text.split(",") if part.strip()]
        if not values:
            raise BadInput(where, "no value is given", "Write some, with commas between")
        return values
    text = text.strip()
    if text == UNKNOWN:
        if not fact.may_lack and op is not Op.IS_NOT:  # "is not unknown" always holds: no harm is done
            raise BadInput(where, "no value is given", "This is always known: say what it must be")
        if op is Op.AT_LEAST:
            raise BadInput(where, "no number is given")
        return None
    return _one(fact, text, where)


def _one(fact: Fact, text: str, where: str) -> Any:
    match fact.kind:
        case FactKind.NUMBER:
            if not text.removeprefix("-").isdecimal() or len(text) > 18:
                raise BadInput(where, f"{text[:40]!r} is no whole number")
            return int(text)
        case FactKind.YES_NO:
            if text.lower() not in (*_YES, *_NO):
                raise BadInput(where, f"{text[:40]!r} is neither yes nor no")
            return text.lower() in _YES
        case FactKind.CHOICE:
            if text not in fact.options:
                raise BadInput(where, f"{text[:40]!r} is unknown", f"Choose of {', '.join(fact.options)}")
            return text
        case FactKind.TIME:
            raise BadInput(where, "a time can only be known or unknown", "Leave the value empty")
        case FactKind.TEXT:
            return text[:200]


def written(value: Any) -> str:
    """A condition's value as text: what `parsed` takes."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(written(one) for one in value)
    return str(value)
