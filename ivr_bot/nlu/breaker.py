"""When to leave a server that fails alone for a while. Pure: it is told the time.

Source: Nygard, "Release It!", circuit breaker.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class CircuitBreaker:
    """After `failures` in a row nothing is asked for `rest` seconds; then one asks, and its luck decides for all."""

    failures: int = 3
    rest: float = 30.0
    _failed: int = 0
    _closed_until: float | None = None
    _probing: bool = False

    def allows(self, now: float) -> bool:
        """Whether to ask at `now` (seconds of a steady clock); who is let in must tell how it went."""
        if self._closed_until is None:
            return True
        if now < self._closed_until or self._probing:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        self._failed, self._closed_until, self._probing = 0, None, False

    def left(self) -> None:
        """Who was let in went away without an answer; another may try."""
        self._probing = False

    def failed(self, now: float) -> bool:
        """Whether this failure is the one that stops the asking."""
        self._failed += 1
        was_open = self._closed_until is None
        self._probing = False
        if self._failed < self.failures:
            return False
        self._closed_until = now + self.rest
        return was_open
