"""What the forms of deals say, as the use cases take it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import get_territory_currencies

from crm_core.domain.deals import LOST_REASON
from crm_core.errors import BadInput

#: Fields of the site's own are called so, that none is taken for another.
OWN = "own."


def number_in(text: str) -> int | None:
    """An id, or None."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def currency_of(country: str | None) -> str:
    """What people pay with in the country (ISO 3166); "" when nobody knows."""
    found = get_territory_currencies(country) if country else []
    return str(found[0]) if found else ""


def given_in(form: Mapping[str, Any]) -> dict[str, Any]:
    """What the form has; a field that is not in it stays as it is. Raises BadInput by the field's name."""
    given: dict[str, Any] = {}
    if "title" in form:
        given["title"] = str(form["title"])
    if "amount" in form:
        given["amount"] = _amount(str(form["amount"]))
        given["currency"] = str(form.get("currency", "")).strip().upper() or None
    if "company" in form:
        given["company"] = str(form["company"])
    for field, name in (("contact", "contact_id"), ("owner", "owner_id")):
        if field in form:
            given[name] = number_in(str(form[field])) or None  # 0: nobody
    if str(form.get(LOST_REASON, "")):
        given[LOST_REASON] = str(form[LOST_REASON])
    fields = {name.removeprefix(OWN): str(value) for name, value in form.items() if name.startswith(OWN)}
    return given | ({"fields": fields} if fields else {})


def _amount(text: str) -> Decimal | None:
    """`1 500,50` and `1,500.50` are the same; the last of the two signs is the decimal one when two digits or one
    follow it."""
    plain = "".join(text.split())
    if not plain:
        return None
    last = max(plain.rfind(","), plain.rfind("."))
    has_cents = last >= 0 and len(plain) - last - 1 in (1, 2)
    whole = plain[:last] if has_cents else plain
    cents = plain[last + 1 :] if has_cents else ""
    digits = whole.replace(",", "").replace(".", "")
    try:
        if not (digits + cents).isascii() or not (digits + cents).isdigit():
            raise InvalidOperation
        return Decimal(f"{digits or 0}.{cents or 0}")
    except InvalidOperation:
        raise BadInput("amount", f"{text!r} is no sum of money", "Write it as 1500 or 1500.50") from None
