"""A disposition as somebody wants it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from crm_core.domain.dispositions import Disposition, LeadEffect
from crm_core.errors import BadInput

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_LABEL = 80
SHORTEST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(days=365)


def check_disposition(wanted: Disposition, others: Collection[Disposition]) -> Disposition:
    """The disposition as it is stored; `others` stand beside it. Raises BadInput."""
    label = " ".join(wanted.label.split())
    if not label or len(label) > _LONGEST_LABEL:
        raise BadInput("label", f"it is empty or longer than {_LONGEST_LABEL} characters")
    if not _CODE.fullmatch(wanted.code):
        raise BadInput(
            "code", f"{wanted.code[:40]!r} is no code", "Write small letters, digits and _, such as no_money"
        )
    if wanted.key and wanted.key not in "123456789":
        raise BadInput("key", "it is no digit from 1 to 9", "Or leave it empty: then it is chosen with the mouse")
    for other in others:
        if wanted.key and other.key == wanted.key:
            raise BadInput("key", f"{wanted.key} is the key of {other.label!r}", "Choose another digit")
        if other.label.casefold() == label.casefold():
            raise BadInput("label", f"there is a result {other.label!r} already", "Choose another name")
    if wanted.effect is not LeadEffect.RETRY:
        return replace(wanted, label=label, retry_after=None)
    if wanted.retry_after is None or not SHORTEST_RETRY <= wanted.retry_after <= LONGEST_RETRY:
        raise BadInput("retry_after", "it is not from a minute to a year", "Say after how long to call again")
    return replace(wanted, label=label)
