"""Telephone numbers: parsed once at the border, E.164 inside (ITU-T E.164)."""

from __future__ import annotations

from dataclasses import dataclass

import phonenumbers
from phonenumbers import timezone as phone_zones

from crm_core.errors import BadInput

#: What the metadata answers when it knows no zone for a number.
_NO_ZONE = "Etc/Unknown"


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A valid number: `e164` with plus sign; `zone` an IANA name, or None where the country has several."""

    e164: str
    country: str
    zone: str | None


def is_country(code: str) -> bool:
    """Whether numbering plans know `code` (ISO 3166, capitals)."""
    return code in phonenumbers.SUPPORTED_REGIONS


def country_code_of(e164: str) -> str:
    """The digits of the country's code of an E.164 number; "" where there is none."""
    try:
        return str(phonenumbers.parse(e164).country_code)
    except phonenumbers.NumberParseException:
        return ""


def parse_phone(raw: str, default_country: str | None = None) -> PhoneNumber:
    """Return the number in `raw`.

    `default_country` is an ISO 3166 code such as "UZ", for numbers written without the country's code.
    Raises BadInput when `raw` is no number that the numbering plan of its country knows.
    """
    text = raw.strip()
    if not text:
        raise BadInput("phone", "no number given", "Fill the cell or leave the row out")
    try:
        number = phonenumbers.parse(text, default_country)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and default_country is None:
            raise BadInput("phone", f"{text!r} has no country code", "Write +code or give a default country") from error
        raise BadInput("phone", f"{text!r} is not a phone number") from error
    if not phonenumbers.is_valid_number(number):
        raise BadInput("phone", f"{text!r} is not in the numbering plan of its country")
    zones = phone_zones.time_zones_for_number(number)
    zone = zones[0] if len(zones) == 1 and zones[0] != _NO_ZONE else None
    return PhoneNumber(
        e164=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        country=phonenumbers.region_code_for_number(number) or "",
        zone=zone,
    )
