"""What all programs that speak are held to: something to say, all of it said, one more try after a fault."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from crm_core.errors import BadInput, Unavailable
from ivr_bot.speech.ports import LINE_RATE

_LEAST_SECONDS_PER_LETTER = 0.02  # espeak and piper speak 0.05 to 0.1: less is a part of the text


def can_be_said(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(sign.isalnum() for sign in text)


def check_sayable(text: str) -> None:
    """Raises BadInput: there is nothing to say."""
    if not can_be_said(text):
        raise BadInput("prompt", f"{text!r} has nothing that can be said")


def check_whole(what: str, text: str, samples: int) -> None:
    """Raises Unavailable where so many samples, at the line's rate, are too short for the text; `what` spoke."""
    letters = sum(sign.isalnum() for sign in text)
    if samples < letters * _LEAST_SECONDS_PER_LETTER * LINE_RATE:
        raise Unavailable(f"{what} said only a part of {text!r}: {samples / LINE_RATE:.2f} s")


async def twice(render: Callable[[], Awaitable[bytes]]) -> bytes:
    """Once more where it fails. Raises Unavailable: both times."""
    try:
        return await render()
    except Unavailable:
        return await render()
