"""A report as its page shows it: cells as text by locale, and what the pictures are drawn from. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.dates import get_day_names

from crm_core.domain.conversations import Ending
from crm_core.domain.reports import Cell, Column, Picture, ReportTable, Unit
from crm_core.web.pages import formats
from crm_core.web.pages.catalogues import Words
from crm_core.web.pages.surveys_words import ENDINGS
from crm_core.web.pages.words import stage
from crm_core.web.viewer import Viewer

#: More bars than these cannot be told apart; the table has all.
MOST_BARS = 30
_NOTHING = "–"
#: Shades of a week of hours (reports.css), the faintest is 0.
SHADES = 10


@dataclass(frozen=True, slots=True)
class Hour:
    """A cell of a week of hours: its shade, what stands in it, and what the pointer is told."""

    shade: int
    text: str
    says: str


@dataclass(frozen=True, slots=True)
class Week:
    """Hours along, weekdays down; None where there is nothing."""

    title: str
    hours: Sequence[str]
    days: Sequence[tuple[str, Sequence[Hour | None]]]


@dataclass(frozen=True, slots=True)
class Shown:
    """One table: heads (`label`, `number`), rows of texts, and its picture: the facts of bars, or a week of hours."""

    name: str
    title: str
    heads: Sequence[dict[str, Any]]
    rows: Sequence[Sequence[str]]
    chart: dict[str, Any] | None
    week: Week | None


def shown(table: ReportTable, viewer: Viewer, words: Words) -> Shown:
    heads = [{"label": _head(column, words), "number": column.unit is not Unit.TEXT} for column in table.columns]
    rows = [
        [_cell(column, cell, table, row, viewer, words) for column, cell in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    drawn = table.picture if table.rows else None
    is_week = drawn is not None and drawn.kind == "heat"
    return Shown(
        name=table.name,
        title=words.gettext(table.title),
        heads=heads,
        rows=rows,
        chart=None if drawn is None or is_week else _chart(drawn, table, rows, heads, viewer),
        week=_week(drawn, table, rows, heads, viewer) if drawn is not None and is_week else None,
    )


def weekday_name(viewer: Viewer, number: int) -> str:
    """Monday is 0."""
    return str(get_day_names("abbreviated", context="stand-alone", locale=viewer.locale)[number])


def _head(column: Column, words: Words) -> str:
    title = words.gettext(column.title)
    if column.of:
        title += f" · {column.of}"
    return f"{title} ({words.gettext('days')})" if column.unit is Unit.DAYS else title


def _word(key: str, code: str, words: Words) -> str:
    """What a column of codes says."""
    match key:
        case "stage":
            return stage(words, code)
        case "ending" if code in ENDINGS:
            return words.gettext(ENDINGS[Ending(code)])
    return code


def _cell(column: Column, cell: Cell, table: ReportTable, row: Sequence[Cell], viewer: Viewer, words: Words) -> str:
    if cell is None or cell == "":
        return _NOTHING
    if isinstance(cell, str):
        return _word(column.key, cell, words)
    match column.unit:
        case Unit.SHARE:
            return formats.percent(viewer, cell)
        case Unit.SECONDS:
            return formats.duration(float(cell))
        case Unit.DAYS:
            return formats.number(viewer, cell, 1)
        case Unit.NUMBER:
            return formats.number(viewer, cell, 2)
        case Unit.WEEKDAY:
            return weekday_name(viewer, int(cell))
        case Unit.HOUR:
            return f"{int(cell):02d}:00"
        case Unit.MONEY:
            currency = column.of or _currency(table, row)
            return formats.money(viewer, Decimal(cell), currency) if currency else formats.number(viewer, cell, 2)
        case _:
            return formats.number(viewer, cell)


def _currency(table: ReportTable, row: Sequence[Cell]) -> str:
    return next(
        (str(cell or "") for column, cell in zip(table.columns, row, strict=True) if column.key == "currency"), ""
    )


def _chart(
    picture: Picture, table: ReportTable, rows: Sequence[Sequence[str]], heads: Sequence[dict[str, Any]], viewer: Viewer
) -> dict[str, Any]:
    places = {column.key: number for number, column in enumerate(table.columns)}
    few = range(min(len(rows), MOST_BARS))
    label, currency = places[picture.label], places.get("currency")
    labels = [rows[n][label] + (f", {rows[n][currency]}" if currency is not None else "") for n in few]
    series = [
        {
            "name": heads[places[key]]["label"],
            "values": [_plain(table.rows[n][places[key]]) for n in few],
            "texts": [rows[n][places[key]] for n in few],
        }
        for key in picture.series
    ]
    return {"kind": picture.kind, "labels": labels, "series": series, "rtl": viewer.direction == "rtl"}


def _week(
    picture: Picture, table: ReportTable, rows: Sequence[Sequence[str]], heads: Sequence[dict[str, Any]], viewer: Viewer
) -> Week:
    """From the first hour with calls to the last."""
    places = {column.key: number for number, column in enumerate(table.columns)}
    across, along, value = places[picture.across or ""], places[picture.label], places[picture.series[0]]
    most = max((_plain(row[value]) or 0 for row in table.rows), default=0) or 1
    cells = {}
    for row, text in zip(table.rows, rows, strict=True):
        says = f"{text[across]} {text[along]}: {text[value]} · {text[places['calls']]}"
        shade = int((SHADES - 1) * (_plain(row[value]) or 0) / most)
        cells[int(row[across] or 0), int(row[along] or 0)] = Hour(shade, text[value], says)
    used = [hour for _, hour in cells]
    hours = range(min(used), max(used) + 1)
    return Week(
        title=f"{heads[value]['label']}: {heads[across]['label']} × {heads[along]['label']}",
        hours=[f"{hour:02d}" for hour in hours],
        days=[(weekday_name(viewer, day), [cells.get((day, hour)) for hour in hours]) for day in range(7)],
    )


def _plain(cell: Cell) -> float | None:
    return None if cell is None or isinstance(cell, str) else float(cell)
