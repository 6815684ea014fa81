"""Rendered prompts that nobody plays any more: 20 kB for each lead of whom something is said."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from pathlib import Path

log = logging.getLogger(__name__)

#: A lead is tried again within days, a campaign within weeks; whatever else comes is rendered anew.
KEPT = timedelta(days=30)


def delete_unused(folder: Path, kept: timedelta = KEPT) -> int:
    """Delete what was neither made nor read for so long; how many."""
    before = time.time() - kept.total_seconds()
    deleted = 0
    for file in folder.glob("*.ulaw"):
        try:
            if file.stat().st_mtime < before:
                file.unlink()
                deleted += 1
        except OSError as error:  # another process was first, or may delete it
            log.info("a prompt is not deleted", extra={"file": file.name, "why": str(error)})
    return deleted
