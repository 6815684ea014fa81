"""CSV cells that spreadsheets would run as formulas or spoil as numbers: guarded on the way out, freed on the way in.

A cell that begins with = + - @ runs in Excel and its kin (CWE-1236); a number of 12 digits or more is saved again as
9.98901E+11, one with leading zeros loses them. An apostrophe in front stops both. As the reader takes one apostrophe
off whatever needs a guard, and the writer puts one more before what has some already, every cell comes back unchanged.
"""

from __future__ import annotations

import re

_NEEDS_GUARD = re.compile(r"'*(?:[=+\-@\t\r]|(?:\d{12,}|0\d+)\Z)")


def guarded(cell: str) -> str:
    """`cell` as it is written into a CSV file."""
    return "'" + cell if _NEEDS_GUARD.match(cell) else cell


def unguarded(cell: str) -> str:
    """`cell` as it was meant when it was written."""
    return cell[1:] if cell.startswith("'") and _NEEDS_GUARD.match(cell) else cell
