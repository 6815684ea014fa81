"""Where is what: up to three hints on one's first page, until they are closed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.domain.access import Right, Role
from crm_core.web.pages.catalogues import mark
from crm_core.web.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Hint:
    """`path` "": about the page itself, or all pages. `right` None: for everybody of the role."""

    icon: str
    text: str
    path: str = ""
    right: Right | None = None


_KEYS = Hint("keyboard", mark("The key ? lists what the keyboard can do on each page, and / searches everywhere."))
_OPERATOR = (
    Hint("headset", mark("Start taking calls at the top of this page. Your phone is called, and calls come to it.")),
    Hint("id", mark("Who it is, what to say and the results open by themselves. Keys 1 to 9 choose the result.")),
    _KEYS,
)
_MARKETER = (
    Hint(
        "speakerphone",
        mark("Campaigns: import a list, set the rules, start, and watch it live."),
        "/campaigns",
        Right.SEE_CAMPAIGNS,
    ),
    Hint(
        "sitemap",
        mark("Scripts: what the robot says. Try one in the browser before it calls anybody."),
        "/scripts",
        Right.CHANGE_SCRIPTS,
    ),
    Hint(
        "clipboard-text",
        mark("Surveys: what people answered, and whom somebody should call."),
        "/surveys",
        Right.SEE_SURVEYS,
    ),
)
_MANAGER = (
    Hint("eye", mark("Supervisor: who is talking just now, and who waits."), "/supervisor", Right.CONTROL_AGENTS),
    Hint(
        "chart-bar",
        mark("Reports: the funnel, plans, operators and campaigns, over any days."),
        "/reports",
        Right.SEE_REPORTS,
    ),
    _KEYS,
)
HINTS: Mapping[Role, tuple[Hint, ...]] = {
    Role.AGENT: _OPERATOR,
    Role.OUTSIDE: _OPERATOR,
    Role.SELLER: _OPERATOR,
    Role.MARKETER: _MARKETER,
    Role.MANAGER: _MANAGER,
    Role.HEAD: _MANAGER,
}


def hints_for(viewer: Viewer, path: str) -> tuple[Hint, ...]:
    """What he is told at `path`; nothing anywhere but where he starts."""
    if not viewer.is_known or path != viewer.home:
        return ()
    mine = HINTS.get(Role(viewer.role), ())
    return tuple(hint for hint in mine if hint.right is None or viewer.may(hint.right))
