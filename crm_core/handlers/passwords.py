"""Secrets: passwords by argon2id, second factors by time (RFC 6238), tokens by chance and known by their hash."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm_core.errors import BadInput

#: NIST SP 800-63B-4: length is what counts; 8 with a second factor, 15 alone. 12 is between, with a lockout.
SHORTEST_PASSWORD = 12
_LONGEST_PASSWORD = 200
#: RFC 9106's second recommended option (64 MiB, three passes) is argon2-cffi's default: about 50 ms of one core.
_HASHER = PasswordHasher()
_STEP = 30  # seconds a code stands for


@cache
def _nobodys() -> str:
    """Verified when there is no such user, so that the answer takes as long as for one there is."""
    return _HASHER.hash(secrets.token_urlsafe(16))


def check_password(password: str, name: str) -> None:
    """Raise BadInput for a password too short, too long, or made of the user's own name."""
    if len(password) < SHORTEST_PASSWORD:
        what = f"the password has {len(password)} characters"
        raise BadInput("password", what, f"Write {SHORTEST_PASSWORD} or more: four words do well")
    if len(password) > _LONGEST_PASSWORD:
        raise BadInput("password", f"the password is longer than {_LONGEST_PASSWORD} characters")
    if len(set(password)) < 5 or password.casefold().replace(" ", "") in (name.casefold().replace(" ", "") * 8):
        raise BadInput("password", "the password is too easy to guess", "Take four words that do not belong together")


async def hash_password(password: str) -> str:
    """Its argon2id hash. Made in a thread: it takes a core for 50 ms."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def is_password(password: str, hashed: str | None) -> bool:
    """Whether this is the password of that hash; takes as long where there is none."""

    def verified() -> bool:
        try:
            return _HASHER.verify(hashed or _nobodys(), password) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False

    return await asyncio.to_thread(verified)


def new_secret() -> str:
    """256 bits by chance, as text for a cookie or a header."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What the database knows a secret by. It has 256 bits of chance: a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_totp_secret() -> str:
    return pyotp.random_base32()


def totp_address(secret: str, name: str, issuer: str = "Trunkline") -> str:
    """What an authenticator reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def totp_step(secret: str, code: str, at: float, used: int) -> int | None:
    """The time step that `code` is right for (this one, or a neighbour), later than `used`; None if it is wrong.

    `at` is a POSIX time in seconds. A code is taken once (RFC 6238, 5.2).
    """
    digits = "".join(c for c in code if c in "0123456789")
    totp = pyotp.TOTP(secret)
    this = int(at) // _STEP
    for step in (this, this - 1, this + 1):
        if step > used and secrets.compare_digest(totp.generate_otp(step), digits):
            return step
    return None
