"""Make docs/demo/leads.xlsx: 200 people the simulated telephone network knows how to play, and 8 rows that are wrong.

A number +998 90 K S V NNNN tells the network what to do: K kind of callee, S seconds until the answer, V voice.
Run it as `python tools/make_demo_leads.py`; the same file comes out each time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

import xlsxwriter  # type: ignore[import-untyped]

TITLES = ("Name", "Phone", "Company", "City", "Language", "Time zone", "Note")

#: How many of each kind: 1 a person, 2 busy, 3 rings for ever, 4 not in service, 5 congested, 6 voicemail,
#: 7 hangs up on answer, 8 hangs up after 10 s, 9 stays silent, 0 presses key 9.
KINDS = {"1": 110, "2": 20, "3": 20, "4": 8, "5": 6, "6": 10, "7": 6, "8": 7, "9": 6, "0": 7}

_NAMES = {
    "uz": (
        ("Aziz", "Bekzod", "Dilshod", "Gulnora", "Jahongir", "Kamola", "Laylo", "Malika", "Nodira", "Oʻtkir"),
        ("Aliyeva", "Karimov", "Rahimov", "Saidova", "Toʻrayev", "Usmonova", "Xolmatov", "Yoʻldoshev"),
    ),
    "ru": (
        ("Алексей", "Вера", "Дмитрий", "Екатерина", "Игорь", "Мария", "Олег", "Семён"),
        ("Андреенко", "Власенко", "Ким", "Пак", "Савченко", "Цой", "Черных", "Шевчук"),
    ),
    "en": (
        ("Alice", "Brian", "Carol", "David", "Emma", "Frank", "Grace", "Henry"),
        ("Baker", "Carter", "Fisher", "Hughes", "Mason", "Parker", "Turner", "Walker"),
    ),
}
_COMPANIES = ("Anor Savdo", "Buloq Suv", "Chinor Mebel", "ООО «Восток Свет»", "Silk Road Tours", "Zar Taʼlim", "", "")
_CITIES = ("Toshkent", "Samarqand", "Buxoro", "Andijon", "Наманган", "Urganch")
_NOTES = ("", "", "", "asked for a price list", "просил перезвонить", "koʻrgazmada tanishganmiz", "-10 % promised")


@dataclass(frozen=True, slots=True)
class Row:
    """One row; a whole number for `phone` becomes a numeric cell, as people's files have them."""

    name: str = ""
    phone: str | int = ""
    company: str = ""
    city: str = ""
    language: str = ""
    zone: str = ""
    note: str = ""


def good_rows(random: Random) -> list[Row]:
    """The 200, in no order."""
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    random.shuffle(kinds)
    endings = random.sample(range(10_000), len(kinds))
    return [
        _good_row(random, place, kind, ending) for place, (kind, ending) in enumerate(zip(kinds, endings, strict=True))
    ]


def _good_row(random: Random, place: int, kind: str, ending: int) -> Row:
    language = random.choice(list(_NAMES))
    first, last = (random.choice(part) for part in _NAMES[language])
    national = f"90{kind}{random.randint(1, 4)}{random.randint(0, 3)}{ending:04d}"
    return Row(
        name=f"{first} {last}",
        phone=_written(place, national),
        company=random.choice(_COMPANIES),
        city=random.choice(_CITIES),
        language=language,
        zone="Asia/Samarkand" if place % 25 == 7 else "",
        note=random.choice(_NOTES),
    )


def _written(place: int, national: str) -> str | int:
    """The number as one of many hands would write it; mostly in full."""
    a, b, c, d = national[:2], national[2:5], national[5:7], national[7:]
    spellings: dict[int, Callable[[], str | int]] = {
        3: lambda: f"{a} {b}-{c}-{d}",
        9: lambda: f"+998 {a} {b} {c} {d}",
        14: lambda: int("998" + national),
        19: lambda: f"998{national}",
        24: lambda: f"8 {a} {b}-{c}-{d}",  # the trunk prefix of former times
        29: lambda: f"({a}) {b} {c} {d}",
    }
    return spellings.get(place % 30, lambda: f"+998{national}")()


def with_bad_rows(good: Sequence[Row]) -> list[Row]:
    """The good rows with the eight wrong ones between them; each duplicate comes after the row it repeats."""
    rows = list(good)
    wrong = (
        (12, Row(name="Nargiza Saidova", company="Anor Savdo", city="Toshkent", language="uz", note="has no number")),
        (31, Row(name="Игорь Пак", phone="спросить у Веры", city="Наманган", language="ru")),
        (58, Row(name="Brian Carter", phone="90 12", city="Buxoro", language="en")),
        (77, Row(name="Alice Turner", phone="+1 000 000 0000", company="Silk Road Tours", language="en")),
        (104, Row(name=good[5].name, phone=good[5].phone, city="Andijon", language=good[5].language)),
        (139, Row(name="Kamola Usmonova", phone=good[60].phone, language="uz", note="same number as somebody above")),
        (163, Row(name="Дмитрий Цой", phone="+998901100000", language="ru", zone="Asia/Atlantis")),
        (190, Row()),
    )
    for place, row in wrong:
        rows.insert(place, row)
    return rows


def write(path: Path) -> None:
    """Write the file; times inside it are fixed, so that it never differs without reason."""
    random = Random(20_261_101)
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"title": "Demo leads", "created": datetime(2026, 11, 1)})  # noqa: DTZ001  xlsx has no zone
    sheet = book.add_worksheet("Leads")
    sheet.set_column(0, len(TITLES) - 1, 22)
    sheet.write_row(0, 0, TITLES, book.add_format({"bold": True}))
    for place, row in enumerate(with_bad_rows(good_rows(random)), 1):
        cells = (row.name, row.phone, row.company, row.city, row.language, row.zone, row.note)
        for column, cell in enumerate(cells):
            if isinstance(cell, int):
                sheet.write_number(place, column, cell)
            elif cell:
                sheet.write_string(place, column, cell)
    book.close()


if __name__ == "__main__":
    write(Path(__file__).resolve().parent.parent / "docs" / "demo" / "leads.xlsx")
    sys.exit(0)
