"""What lets a browser register as an operator's phone."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

#: The realm the switch asks for (Asterisk's default_realm).
REALM = "asterisk"


@dataclass(frozen=True, slots=True)
class PhoneSecret:
    """Made for one log-in session. `secret` goes to the browser and nowhere else; `digest` is what the switch keeps."""

    phone: str
    secret: str = field(repr=False)

    @property
    def digest(self) -> str:
        return phone_digest(self.phone, self.secret)


def new_phone_secret(phone: str) -> PhoneSecret:
    return PhoneSecret(phone, secrets.token_urlsafe(24))


def phone_digest(phone: str, secret: str) -> str:
    """HA1 of RFC 7616, by MD5, which is all that SIP phones in browsers can do. The secret is random and long, so that
    nobody guesses it from the digest all the same."""
    return hashlib.md5(f"{phone}:{REALM}:{secret}".encode(), usedforsecurity=False).hexdigest()
