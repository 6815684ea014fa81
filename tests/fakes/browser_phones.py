"""Browsers' phones on no switch, fitting the BrowserPhones port."""

from __future__ import annotations

from crm_core.errors import Unavailable
from pbx.originate import close_phone_action, open_phone_action


class FakeBrowserPhones:
    """Keeps what is open: phone → digest. `is_up` False makes everything Unavailable."""

    def __init__(self) -> None:
        self.is_up = True
        self.open_now: dict[str, str] = {}

    async def open(self, phone: str, digest: str) -> None:
        open_phone_action("bp-1", phone, digest)  # the same words are refused as on the wire
        self._check()
        self.open_now[phone] = digest

    async def close(self, phone: str) -> None:
        close_phone_action("bp-1", phone)
        self._check()
        self.open_now.pop(phone, None)

    async def opened(self) -> dict[str, str]:
        self._check()
        return dict(self.open_now)

    def _check(self) -> None:
        if not self.is_up:
            raise Unavailable("the fake switch is down")
