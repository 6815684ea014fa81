"""What surveys say of endings, states and needs, for translators to find."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.domain.conversations import Ending
from crm_core.domain.surveys import Need
from crm_core.web.pages.catalogues import mark

ENDINGS: Mapping[Ending, str] = {
    Ending.FINISHED: mark("talked to the end"),
    Ending.HUNG_UP: mark("hung up before"),
    Ending.TRANSFERRED: mark("put through"),
    Ending.FAILED: mark("broken off by a fault"),
}
#: Word, and why it is so.
NEEDS: Mapping[Need, tuple[str, str]] = {
    Need.BROKE_OFF: (mark("Broken off"), mark("a fault of ours ended the talk")),
    Need.PROMISED: (mark("Promised a person"), mark("was put through, and nobody took the call")),
    Need.ASKED: (mark("Asked for it"), mark("the answers say that somebody is to call")),
}
#: States of campaigns: word, and its look.
STATES: Mapping[str, tuple[str, str]] = {
    "draft": (mark("Draft"), "quiet"),
    "running": (mark("Running"), "busy"),
    "paused": (mark("Paused"), "wait"),
    "stopped": (mark("Stopped"), "quiet"),
    "finished": (mark("Finished"), "good"),
}
