"""Titles and cells are understood in three languages and many spellings."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.domain.lead_files import LeadRow
from crm_core.errors import BadInput
from crm_core.imports.rows import RowReader
from crm_core.imports.titles import Column, Field, columns_of, guess, unique_titles
from crm_core.imports.values import phones_in, read_phone
from tests.crm_core.import_files import csv_file, rows_of


@pytest.mark.parametrize(
    ("titles", "field"),
    [
        ("Name|Full name|Имя|Ф.И.О.|ФИО клиента|Ism|Ismi familiyasi|To‘liq ism|Исм|Фамилия|Last Name", Field.NAME),
        (
            "Phone|Phone 2|phone2|Tel.|Mobile No.|Номер|Телефон|Рабочий телефон|Моб. тел.|Telefon raqami|Raqam",
            Field.PHONE,
        ),
        ("E-mail|email|Почта|Эл. почта|Elektron pochta", Field.EMAIL),
        ("Company|Company Name|Компания|Организация|Tashkilot|Korxona nomi", Field.COMPANY),
        ("Zone|Time zone|time_zone|Часовой пояс|Vaqt mintaqasi", Field.ZONE),
        ("Priority|Приоритет|Muhimlik", Field.PRIORITY),
        ("Language|Язык|Til", Field.LANGUAGE),
        ("City|Номер договора|Note|Сумма|Shahar|nametag|Telegram", Field.EXTRA),
    ],
)
def test_titles_are_guessed(titles: str, field: Field) -> None:
    assert {title: guess(title) for title in titles.split("|")} == dict.fromkeys(titles.split("|"), field)


def test_what_is_said_overrides_the_guess_and_the_second_of_two_guesses_is_an_extra_field() -> None:
    titles = ["Name", "Компания", "Company", "Telefon", "Ref = id"]
    said = {"name": "company", "ref = ID": "phone2", "Telefon": "-"}
    assert [column.field for column in columns_of(titles, said)] == [
        Field.COMPANY,
        Field.EXTRA,
        Field.EXTRA,
        Field.IGNORED,
        Field.PHONE,
    ]


def test_a_column_or_field_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(BadInput, match=r"no column 'Phon'.*Its columns are: Name, Phone"):
        columns_of(["Name", "Phone"], {"Phon": "phone"})
    with pytest.raises(BadInput, match=r"'telephone', which is no field.*phone, email"):
        columns_of(["Name", "Phone"], {"Phone": "telephone"})
    with pytest.raises(BadInput, match="two columns are mapped to zone"):
        columns_of(["Name", "Phone"], {"Phone": "zone", "Name": "zone"})


def test_untitled_and_repeated_columns_get_titles_of_their_own() -> None:
    assert unique_titles(["A", "", "a", "A"], 5) == ["A", "column 2", "a (2)", "A (3)", "column 5"]


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+998 90 123-45-67", None, "+998901234567"),
        ("998901234567", None, "+998901234567"),
        ("998901234567.0", "UZ", "+998901234567"),
        ("9.98901234567E+11", None, "+998901234567"),
        ("9,98901234567e11", "UZ", "+998901234567"),
        ("90 123 45 67", "UZ", "+998901234567"),
        ("8 (90) 123-45-67", "UZ", "+998901234567"),
        ("79161234567", "UZ", "+79161234567"),
        ("8 916 123-45-67", "RU", "+79161234567"),
        ("00998901234567", "UZ", "+998901234567"),
    ],
)
def test_numbers_are_read_however_they_are_written(text: str, country: str | None, number: str) -> None:
    assert read_phone(text, country).e164 == number
    assert read_phone(text, country).raw == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9.98901E+11", "rounded by a spreadsheet, its last digits are lost"),
        ("ask Vera", "is not a phone number"),
        ("90 12", "not in the numbering plan"),
        ("+1 000 000 0000", "not in the numbering plan"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(text: str, why: str) -> None:
    phones, [fault] = phones_in(text, "UZ")
    assert phones == []
    assert why in fault


def test_a_cell_may_hold_several_numbers() -> None:
    phones, faults = phones_in("+998901234567, 901112233;7777777777777777", "UZ")
    assert [phone.e164 for phone in phones] == ["+998901234567", "+998901112233"]
    assert len(faults) == 1


def _row(**cells: str) -> LeadRow:
    columns = columns_of(list(cells), {})
    return RowReader(columns, "UZ").row(2, list(cells.values()))


def test_zone_priority_and_language_are_read() -> None:
    row = _row(phone="901112233", zone="asia/samarkand", priority="5", language="Русский", email="a@b.uz")
    assert (row.zone, row.priority, row.language, row.email) == ("Asia/Samarkand", 5, "ru", "a@b.uz")
    assert (row.faults, row.warnings) == ((), ())


def test_a_zone_or_priority_that_is_not_understood_is_a_fault() -> None:
    assert (
        "unknown time zone 'Mars' (Write a name such as Asia/Tashkent)" in _row(phone="901112233", zone="Mars").faults
    )
    assert "'high' is not a whole number" in _row(phone="901112233", priority="high").faults[0]
    assert "name is longer than 200" in _row(phone="901112233", name="x" * 201).faults[0]


def test_a_bad_second_number_email_or_language_is_left_out_with_a_warning() -> None:
    row = _row(phone="901112233", phone2="12", email="nobody", language="?", name="Ann")
    assert (row.faults, [phone.e164 for phone in row.phones]) == ((), ["+998901112233"])
    assert (row.email, row.language, len(row.warnings)) == (None, None, 3)
    assert all(warning.startswith("left out: ") for warning in row.warnings)


def test_without_a_good_number_the_row_is_at_fault() -> None:
    assert _row(phone=" ", name="Ann").faults == ("no phone number",)
    assert "'12' is not" in _row(phone="12", name="Ann").faults[0]


def test_several_name_columns_are_joined_and_one_number_twice_is_one() -> None:
    columns = (
        Column("Имя", Field.NAME),
        Column("Фамилия", Field.NAME),
        Column("a", Field.PHONE),
        Column("b", Field.PHONE),
    )
    row = RowReader(columns, "UZ").row(2, ["Вера", "Ким", "901112233", "+998901112233"])
    assert (row.name, len(row.phones)) == ("Вера Ким", 1)


def test_zero_characters_do_not_reach_the_base() -> None:
    row = RowReader(columns_of(["phone", "note"], {}), "UZ").row(2, ["90111\x002233", "a\x00b"])
    assert (row.phones[0].raw, row.fields) == ("901112233", {"note": "ab"})


def test_the_header_may_be_said_where_nothing_is_guessed(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [["Report"], ["who", "whom to call"], ["Ann", "901112233"]], ";")
    [row] = rows_of(path, said={"Whom to call": "phone", "who": "name"})
    assert (row.number, row.name) == (3, "Ann")
