"""What of a number or a text is shown to whom: whoever is masked gets no digits that could be dialed."""

from __future__ import annotations

from crm_core.domain.access import Actor, masked_number, masked_text


def number_for(actor: Actor, e164: str) -> str:
    return masked_number(e164) if actor.masked else e164


def text_for(actor: Actor, text: str) -> str:
    return masked_text(text) if actor.masked else text
