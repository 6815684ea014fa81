"""How values are said and how prompts are worded in three languages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time

from ivr_bot.dialog.checks import FIELD, slots
from ivr_bot.dialog.pieces import Pieces, Text
from ivr_bot.dialog.script import AskKind, Prompt
from ivr_bot.dialog.state import Dialog

_MONTHS: Mapping[str, str] = {
    "en": "January February March April May June July August September October November December",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uz": "yanvar fevral mart aprel may iyun iyul avgust sentabr oktabr noyabr dekabr",
}
_YES_NO: Mapping[str, tuple[str, str]] = {"en": ("yes", "no"), "ru": ("да", "нет"), "uz": ("ha", "yoʻq")}
_AT: Mapping[str, str] = {"en": " at ", "ru": " в ", "uz": " soat "}


def said_value(value: str, kind: AskKind, language: str) -> str:
    """A slot's text as it is spoken: "2026-11-25" becomes "25 November"."""
    match kind:
        case AskKind.DATE:
            return _day(date.fromisoformat(value), language)
        case AskKind.TIME:
            return time.fromisoformat(value).strftime("%H:%M")
        case AskKind.WHEN:
            at = datetime.fromisoformat(value)
            return f"{_day(at.date(), language)}{_AT[language]}{at:%H:%M}"
        case AskKind.YES_NO:
            return _YES_NO[language][value != "yes"]
        case _:
            return value


def _day(day: date, language: str) -> str:
    return f"{day.day} {_MONTHS[language].split()[day.month - 1]}"


def filled(text: str, dialog: Dialog, spoken: bool) -> str:
    """`text` with its `{field}`s; an unfilled slot gives nothing. `spoken`: values as words rather than as stored."""
    kinds = slots(dialog.script)

    def value(name: str) -> str:
        if name in dialog.slots:
            stored = dialog.slots[name]
            return said_value(stored, kinds[name], dialog.language) if spoken else stored
        return dialog.lead.get(name, "")

    return FIELD.sub(lambda found: value(found[1]), text)


def worded(dialog: Dialog, prompt: Prompt, key: str) -> tuple[Dialog, Pieces]:
    """The next wording of a prompt in the dialog's language, ready to be played; `key` counts its uses."""
    wordings = prompt.wordings[dialog.language]
    uses = dialog.used.get(key, 0)
    pieces = wordings[uses % len(wordings)]
    ready = tuple(
        replace(piece, text=filled(piece.text, dialog, spoken=True)) if isinstance(piece, Text) else piece
        for piece in pieces
    )
    return replace(dialog, used={**dialog.used, key: uses + 1}), ready
