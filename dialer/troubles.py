"""Troubles that keep lines from being opened: logged when they come and when they are over, not in every pass."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


class Troubles:
    """Remembers what has been logged."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def stops(self, trouble: str, is_there: bool) -> bool:
        """Note whether `trouble` is there now; answers `is_there`."""
        if is_there and trouble not in self._said:
            self._said.add(trouble)
            log.warning("dialing waits", extra={"why": trouble})
        elif not is_there and trouble in self._said:
            self._said.remove(trouble)
            log.warning("dialing goes on", extra={"over": trouble})
        return is_there
