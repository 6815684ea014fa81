"""How much of a lead file we are willing to read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Beyond any of these the file is refused. `memory_bytes` is address space of the reading process alone.

    A crafted sheet of two cells asked for 125 GB, so memory is limited by the kernel and not by looking at the file.
    """

    file_bytes: int = 256 * 1024 * 1024
    rows: int = 1_000_000
    columns: int = 200
    cell_characters: int = 32_767  # Excel's own limit
    memory_bytes: int = 1_500_000_000
    cpu_seconds: int = 300
    silent_seconds: float = 120.0  # the longest wait for the next rows
