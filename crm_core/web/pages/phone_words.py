"""The phone's states and problems in words, for its own window and for the operator's page (phone_types.ts)."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.web.pages.catalogues import Words, mark

_STATES: Mapping[str, str] = {
    "off": mark("The phone is off"),
    "connecting": mark("The phone connects…"),
    "ready": mark("The phone is ready"),
    "ringing": mark("The phone rings"),
    "open": mark("The line is open"),
    "microphone_denied": mark("The browser may not use the microphone: allow it beside the address, then start again"),
    "microphone_missing": mark("No microphone is found: plug one in, then start again"),
    "microphone_lost": mark("The microphone was unplugged: plug it in again or choose another"),
    "offline": mark("No connection to the switch: it is tried again by itself"),
    "elsewhere": mark("Your phone was started in another browser: start it here to take it over"),
    "other_window": mark("The phone is open in another window of this browser"),
    "refused": mark("The switch refuses the phone: log in again; if it stays so, tell the administrator"),
}


def phone_words(words: Words) -> dict[str, str]:
    """All of them in the viewer's language."""
    return {name: words.gettext(text) for name, text in _STATES.items()}
