"""Whom a deal, a card or a task is about, told only to those who may see people at all. Pure.

Who sees a deal or a task also sees its contact (`db.visibility.visible_contacts`): nobody can work with it otherwise.
So a name is left out for one reason alone, that whoever asks lacks the right to see contacts: by his role, or because
his token was not given it.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

from crm_core.domain.access import Actor, Right

Thing = TypeVar("Thing")
#: What of a thing tells who the person is. Ids stay: they name nobody, and what is written goes by them.
PERSON = ("contact", "number")


def as_known_to(actor: Actor, thing: Thing) -> Thing:
    """`thing` (a frozen dataclass) as the actor may know it."""
    if actor.may(Right.SEE_CONTACTS):
        return thing
    kept: Any = thing
    gone: Any = replace(kept, **{field.name: None for field in fields(kept) if field.name in PERSON})
    return gone  # type: ignore[no-any-return]
