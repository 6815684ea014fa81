"""What an agent has before him: his state, the person on the line, what to say, what to press, his own day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crm_core.domain.agents import Agent
from crm_core.domain.calls import Direction
from crm_core.domain.conversations import Answer
from crm_core.domain.dispositions import Disposition


@dataclass(frozen=True, slots=True)
class KnownDeal:
    id: int
    title: str
    stage: str
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class EarlierCall:
    """`state` is its disposition, or its outcome; `seconds` talked, None where nobody talked."""

    id: str
    at: datetime
    direction: Direction
    state: str
    seconds: int | None


@dataclass(frozen=True, slots=True)
class RobotSaid:
    """The last conversation of the infobot with this person."""

    at: datetime
    summary: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Pop:
    """The person on the line. `zone` is an IANA name, None where it is not known; `fields` are those of the lead."""

    call_id: str | None
    direction: Direction
    number: str | None
    contact_id: int | None
    name: str
    company: str | None
    zone: str | None
    fields: Mapping[str, str]
    do_not_call: bool
    disposition: str | None
    note: str
    bridged_at: datetime | None
    ended_at: datetime | None
    deals: tuple[KnownDeal, ...] = ()
    earlier: tuple[EarlierCall, ...] = ()
    robot: RobotSaid | None = None


@dataclass(frozen=True, slots=True)
class OwnDay:
    """An agent's own figures since midnight on the firm's clocks."""

    calls: int = 0
    talks: int = 0
    talk_seconds: int = 0
    deals: int = 0


@dataclass(frozen=True, slots=True)
class AgentDesk:
    """All of it. `pop` is None between calls; `script` is the campaign's, in his words, with the lead's fields."""

    agent: Agent
    campaign: str | None
    is_preview: bool
    pop: Pop | None
    script: str
    results: tuple[Disposition, ...]
    today: OwnDay
    campaigns: tuple[tuple[int, str], ...] = ()


def spoken_script(script: str, fields: Mapping[str, str], name: str) -> str:
    """The script with the lead's fields in place of {their names}; a field he has not stays as it is written."""

    class _Known(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return "{" + key + "}"

    known = _Known({key: str(value) for key, value in fields.items()} | {"name": name})
    out, rest = [], script
    while "{" in rest:
        before, _, rest = rest.partition("{")
        field, closed, after = rest.partition("}")
        out.append(before)
        if closed and field and "\n" not in field:
            out.append(known[field])
            rest = after
        else:
            out.append("{")
    return "".join(out) + rest
