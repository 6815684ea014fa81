"""Cursors: where the next page begins, as text that says nothing to whoever holds it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime

from crm_core.errors import BadInput

Part = str | int | None


def packed(kind: str, *parts: Part | datetime) -> str:
    """A cursor of a list of this kind."""
    values = [part.isoformat() if isinstance(part, datetime) else part for part in parts]
    return base64.urlsafe_b64encode(json.dumps([kind, *values]).encode()).decode().rstrip("=")


def unpacked(kind: str, text: str, shape: Sequence[type]) -> list[Part | datetime]:
    """Its parts, of the types in `shape`; raises BadInput for what is no cursor of this list."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or values[0] != kind or len(values) != len(shape) + 1:
            raise ValueError
        return [_part(value, wanted) for value, wanted in zip(values[1:], shape, strict=True)]
    except (ValueError, binascii.Error, IndexError, TypeError, UnicodeError) as error:
        do = "Send what `next` held, with the same filters and sort"
        raise BadInput("cursor", "it is no cursor of this list", do) from error


def _part(value: object, wanted: type) -> Part | datetime:
    if wanted is datetime and isinstance(value, str):
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError
        return at
    if isinstance(value, bool) or not isinstance(value, wanted):
        raise ValueError
    if isinstance(value, int) and not 0 <= value < 2**62:
        raise ValueError
    if isinstance(value, str) and "\x00" in value:
        raise ValueError
    assert isinstance(value, str | int)
    return value
