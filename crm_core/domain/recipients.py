"""Whom an agent may hand a person on to: colleagues who are free, and numbers the site has noted for that."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who is free just now. `can_be_asked`: his phone takes a second call, so that he may be asked first; one
    who holds a line open in his browser gets the person at once, or not."""

    id: int
    name: str
    phone: str
    can_be_asked: bool


@dataclass(frozen=True, slots=True)
class NotedNumber:
    """A number by the name it is noted under, E.164: a doctor on duty, another firm."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Recipients:
    colleagues: tuple[Colleague, ...]
    numbers: tuple[NotedNumber, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of them: a colleague by his id, or a number by its name."""

    colleague_id: int | None = None
    number_name: str | None = None
