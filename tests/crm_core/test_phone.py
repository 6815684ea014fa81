"""A number is parsed once, at the border, to the E.164 that everything inside relies on."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.phone import parse_phone
from crm_core.errors import BadInput

_EXAMPLES = {
    (region, kind): number
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    if (number := phonenumbers.example_number_for_type(region, kind)) is not None
}
_FORMATS = (
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.RFC3966,
)


@given(st.sampled_from(sorted(_EXAMPLES)), st.integers(0, 9_999), st.sampled_from(_FORMATS))
def test_every_valid_number_round_trips_however_it_is_written(key: tuple[str, int], last: int, style: int) -> None:
    example = _EXAMPLES[key]
    assert example.national_number is not None
    number = phonenumbers.PhoneNumber(
        country_code=example.country_code,
        national_number=example.national_number // 10_000 * 10_000 + last,
        italian_leading_zero=example.italian_leading_zero,
        number_of_leading_zeros=example.number_of_leading_zeros,
    )
    if not phonenumbers.is_valid_number(number):
        number = example
    parsed = parse_phone(phonenumbers.format_number(number, style))
    assert parsed.e164 == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert parse_phone(parsed.e164) == parsed
    assert parsed.e164[0] == "+"
    assert parsed.e164[1:].isascii()
    assert parsed.e164[1:].isdecimal()
    assert len(parsed.e164) <= 16  # ITU-T E.164: at most 15 digits


@given(st.sampled_from(sorted(_EXAMPLES)))
def test_a_national_number_needs_its_country_and_gets_it(key: tuple[str, int]) -> None:
    number = _EXAMPLES[key]
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    parsed = parse_phone(national, key[0])
    assert parsed.e164 == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@given(st.text())
def test_whatever_is_written_is_a_number_or_bad_input(raw: str) -> None:
    try:
        parsed = parse_phone(raw, "UZ")
    except BadInput:
        return
    assert parse_phone(parsed.e164) == parsed


@pytest.mark.parametrize(
    ("raw", "country", "e164", "zone"),
    [
        ("+998 90 123-45-67", None, "+998901234567", "Asia/Tashkent"),
        ("90 123 45 67", "UZ", "+998901234567", "Asia/Tashkent"),
        ("8 (495) 123-45-67", "RU", "+74951234567", "Europe/Moscow"),
        ("020 7946 0018", "GB", "+442079460018", "Europe/London"),
        (" ＋49 30 901820 ", None, "+4930901820", "Europe/Berlin"),  # full-width plus, as Asian keyboards give it
        ("+7 916 123 45 67", None, "+79161234567", None),  # a mobile of a country with many zones
        ("tel:+1-212-555-0123", None, "+12125550123", "America/New_York"),
    ],
)
def test_numbers_as_people_write_them(raw: str, country: str | None, e164: str, zone: str | None) -> None:
    parsed = parse_phone(raw, country)
    assert (parsed.e164, parsed.zone) == (e164, zone)


@pytest.mark.parametrize(
    ("raw", "country", "says"),
    [
        ("", None, "no number given"),
        ("   ", "UZ", "no number given"),
        ("901234567", None, "no country code"),
        ("+999 123456", None, "country code"),
        ("Anna", "UZ", "is not a phone number"),
        ("12", "UZ", "is not"),
        ("+998 00 000 00 00", None, "numbering plan"),
        ("=cmd|'/c calc'!A1", "UZ", "is not"),
    ],
)
def test_what_is_no_number_says_why(raw: str, country: str | None, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        parse_phone(raw, country)
