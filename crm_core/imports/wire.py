"""What the reading process sends to the one that asked: frames of JSON, each with its length in front."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

from crm_core.domain.lead_files import LeadPhone, LeadRow
from crm_core.domain.own_fields import OwnField
from crm_core.imports.titles import SitesFields

#: Length of a frame's body in bytes.
LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class ReadOrder:
    """What is to be read. `columns`: title → field, as said with --map; `own`: the site's own fields by noun, as JSON;
    `most_rows` ends the reading early."""

    path: str
    country: str | None
    columns: dict[str, str]
    most_rows: int | None
    limits: dict[str, Any]
    own: dict[str, list[dict[str, Any]]]

    def sites_fields(self) -> SitesFields:
        lead, company = (
            tuple(OwnField(**(one | {"options": tuple(one["options"])})) for one in self.own.get(noun, ()))
            for noun in ("lead", "company")
        )
        return SitesFields(lead, company)


def frame(message: Any) -> bytes:
    """`message` as it goes over the pipe."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


def row_out(row: LeadRow) -> list[Any]:
    return [
        row.number,
        row.cells,
        [(p.e164, p.raw, p.zone) for p in row.phones],
        row.name,
        row.company,
        row.email,
        row.language,
        row.zone,
        row.priority,
        row.fields,
        row.company_fields,
        row.faults,
        row.warnings,
    ]


def row_in(message: list[Any]) -> LeadRow:
    number, cells, phones, name, company, email, language, zone, priority, fields, firm, faults, warnings = message
    return LeadRow(
        number,
        tuple(cells),
        tuple(LeadPhone(*phone) for phone in phones),
        name,
        company,
        email,
        language,
        zone,
        priority,
        fields,
        firm,
        tuple(faults),
        tuple(warnings),
    )
