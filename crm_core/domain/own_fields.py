"""Fields of the site's own on contacts, companies, deals and leads: what they are, and what may stand in them. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from crm_core.errors import BadInput

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_TEXT = 1000
_LONGEST_LABEL, _LONGEST_OPTION, _MOST_OPTIONS, _MOST_FIELDS = 80, 80, 100, 100
_BIGGEST = 1e15
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


class OwnFieldNoun(StrEnum):
    """What a field can belong to."""

    CONTACT = "contact"
    COMPANY = "company"
    DEAL = "deal"
    LEAD = "lead"


class OwnFieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"  # YYYY-MM-DD
    CHOICE = "choice"  # of `options`
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class OwnField:
    """`kind`: an OwnFieldKind; `options` only for a choice. `required`: what stands in it cannot be taken away."""

    key: str
    label: str
    kind: str
    options: tuple[str, ...] = ()
    required: bool = False
    id: int = 0


def check_field(field: OwnField, others: Sequence[OwnField]) -> OwnField:
    """The field as it is stored; `others` are those of its noun that stand beside it. Raises BadInput."""
    label = " ".join(field.label.split())
    if not label or len(label) > _LONGEST_LABEL:
        raise BadInput("label", f"it is empty or longer than {_LONGEST_LABEL} characters")
    if not _KEY.fullmatch(field.key):
        do = "Write small letters, digits and _, beginning with a letter, such as arrival_date"
        raise BadInput("key", f"{field.key!r} is no key", do)
    if any(field.key == other.key for other in others):
        raise BadInput("key", f"there is a field {field.key!r} already", "Choose another key")
    if any(label.casefold() == other.label.casefold() for other in others):
        raise BadInput("label", f"there is a field called {label!r} already", "Choose another name")
    if len(others) >= _MOST_FIELDS:
        raise BadInput("field", f"there are {_MOST_FIELDS} already", "Remove those that nobody uses")
    kind = OwnFieldKind(field.kind)
    options = tuple(dict.fromkeys(" ".join(option.split()) for option in field.options if option.strip()))
    if kind is OwnFieldKind.CHOICE and not options:
        raise BadInput("options", "a choice needs something to choose of", "Write one in each line")
    if kind is not OwnFieldKind.CHOICE and options:
        raise BadInput("options", f"a {kind} has no options", "Leave them out")
    if len(options) > _MOST_OPTIONS or any(len(option) > _LONGEST_OPTION for option in options):
        what = f"more than {_MOST_OPTIONS} options, or one longer than {_LONGEST_OPTION} characters"
        raise BadInput("options", what)
    return replace(field, label=label, kind=kind.value, options=options)


def changed_values(fields: Sequence[OwnField], given: Mapping[str, Any], standing: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the fields after `given` was written into them; None and "" take a value away.

    What stands there without a field (an import brought it, or its field is gone) stays, and may be taken away.
    Raises BadInput naming the field (`fields.KEY`).
    """
    known = {field.key: field for field in fields}
    values = dict(standing)
    for key, value in given.items():
        if key in known:
            new = checked_value(known[key], value)
        elif value in (None, "") or (key in standing and value == standing[key]):
            new = value or None
        else:
            choose = ", ".join(known) or "none: an administrator can add one in the settings"
            raise BadInput(f"fields.{key}"[:100], "there is no such field", f"There are: {choose}")
        if new is None:
            values.pop(key, None)
        else:
            values[key] = new
    return values


def checked_value(field: OwnField, value: Any) -> Any:
    """The value as it is stored, None for none; raises BadInput."""
    where = f"fields.{field.key}"
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        if field.required:
            raise BadInput(where, f"{field.label} must not be empty", "Write something into it")
        return None
    match OwnFieldKind(field.kind):
        case OwnFieldKind.NUMBER:
            return _number(value, where)
        case OwnFieldKind.DATE:
            return _date(value, where)
        case OwnFieldKind.YES_NO:
            return _yes_no(value, where)
        case OwnFieldKind.CHOICE:
            for option in field.options:
                if str(value).casefold() == option.casefold():
                    return option
            raise BadInput(
                where, f"{str(value)[:80]!r} is none of its options", f"Choose of: {', '.join(field.options)}"
            )
        case OwnFieldKind.TEXT:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise BadInput(where, "it is no text")
            if len(str(value)) > LONGEST_TEXT:
                raise BadInput(where, f"it is longer than {LONGEST_TEXT} characters")
            return str(value)


def _number(value: Any, where: str) -> int | float:
    text = re.sub(r"[\s\u00a0']", "", value).replace(",", ".") if isinstance(value, str) else value
    try:
        if isinstance(text, bool) or not isinstance(text, str | int | float):
            raise ValueError
        found = float(text)
    except (ValueError, OverflowError):
        found = math.nan
    if not abs(found) <= _BIGGEST:
        raise BadInput(where, f"{str(value)[:40]!r} is no number", "Write digits, such as 12.5")
    return int(found) if found.is_integer() else found


def _date(value: Any, where: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (ValueError, TypeError):
        raise BadInput(where, f"{str(value)[:40]!r} is no date", "Write year-month-day, such as 2026-11-30") from None


def _yes_no(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).casefold()
    if text in (*_YES, *_NO):
        return text in _YES
    raise BadInput(where, f"{str(value)[:40]!r} is neither yes nor no", "Write yes or no")
