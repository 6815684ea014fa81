"""What the dialer saw and decided before a person was lost, as the call's page says it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from crm_core.domain.pacing_records import AbandonRecord, PacingRecord
from crm_core.web.pages import formats
from crm_core.web.pages.catalogues import Words, mark
from crm_core.web.viewer import Viewer

_LAWS: Mapping[str, str] = {
    "fcc": mark("United States (FCC)"),
    "ofcom": mark("Britain (Ofcom)"),
    "strict": mark("The strictest: nobody is abandoned"),
}
#: What bounded a decision.
WHYS: Mapping[str, str] = {
    "mode": mark("The way it dials looks at no risk"),
    "no_agents": mark("No operator"),
    "no_room": mark("No line left"),
    "risk": mark("The risk of one more line"),
    "budget_spent": mark("As many were abandoned as may be"),
}
_ROWS: Mapping[str, str] = {
    "at": mark("Time"),
    "law": mark("Rules on abandoned calls"),
    "available": mark("Operators free"),
    "ringing_agents": mark("Operators being connected"),
    "on_call": mark("Operators in talks"),
    "wrapping_up": mark("Operators writing up"),
    "paused": mark("Operators paused"),
    "ringing": mark("Lines ringing"),
    "waiting": mark("People waiting for an operator"),
    "people": mark("People who have answered, in the window"),
    "abandoned": mark("Abandoned among them"),
    "answering": mark("Expected to answer what rings"),
    "coming": mark("Operators expected to come free until then"),
    "answer_chance": mark("Chance of an answer on a new line"),
    "to_open": mark("Decided: lines to dial"),
    "to_give_up": mark("Decided: lines to end"),
    "why": mark("What bounded it"),
    "risk": mark("Risk of one more line"),
    "price": mark("Risk allowed for it"),
}
_SHARES = ("risk", "price", "answer_chance")


def pacing_rows(viewer: Viewer, words: Words, record: AbandonRecord) -> list[tuple[str, str, str]]:
    """Each fact by name, when the person was dialed and at the last look before he was lost; "–": not known."""

    def said(seen: PacingRecord | None, name: str) -> str:
        return "–" if seen is None else _said(viewer, words.gettext, name, getattr(seen, name))

    return [(words.gettext(label), said(record.dialed, name), said(record.last, name)) for name, label in _ROWS.items()]


def _said(viewer: Viewer, gettext: Callable[[str], str], name: str, value: object) -> str:
    if isinstance(value, datetime):
        return f"{formats.exact(viewer, value)}:{value:%S}"
    if isinstance(value, str):
        known = _LAWS if name == "law" else WHYS
        return gettext(known[value]) if value in known else value
    assert isinstance(value, int | float)
    return formats.percent(viewer, value, 2) if name in _SHARES else formats.number(viewer, value, 1)
