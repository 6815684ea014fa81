"""Customers by their worth (ABC): the first of them that together bring 80 % are A, up to 95 % B, the rest C."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

A_UP_TO = 0.80
B_UP_TO = 0.95


class CustomerClass(StrEnum):
    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class ClassSum:
    """One class of one currency ("": counted by talks). `least`: what the last of it is worth."""

    currency: str
    letter: CustomerClass
    customers: int
    value: Decimal
    least: Decimal


@dataclass(frozen=True, slots=True)
class Customer:
    """`contact_id` and names are None and "" where whoever asks does not see the contact."""

    contact_id: int | None
    name: str
    company: str
    currency: str
    letter: CustomerClass
    value: Decimal


def classes(values: Sequence[Decimal]) -> list[CustomerClass]:
    """The class of each value, in their order; equal values are of one class. What the database does at scale."""
    whole = float(sum(values))
    found = []
    for value in values:
        before = float(sum(other for other in values if other > value))
        found.append(_class(before, whole))
    return found


def _class(before: float, whole: float) -> CustomerClass:
    if before < whole * A_UP_TO:
        return CustomerClass.A
    return CustomerClass.B if before < whole * B_UP_TO else CustomerClass.C
