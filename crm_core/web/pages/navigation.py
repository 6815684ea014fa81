"""The ways through the pages: entries, the right each needs, and the keys that lead there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.domain.access import Right, Role
from crm_core.web.pages.catalogues import mark
from crm_core.web.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation. `key` is typed after `g`; `also`: another path that belongs to it."""

    path: str
    label: str
    icon: str
    right: Right
    key: str
    also: str = ""


ENTRIES: tuple[Entry, ...] = (
    Entry("/operator", mark("Operator"), "headset", Right.TAKE_CALLS, "o"),
    Entry("/tasks", mark("Tasks"), "checklist", Right.SEE_TASKS, "t"),
    Entry("/deals", mark("Deals"), "layout-kanban", Right.SEE_DEALS, "d"),
    Entry("/contacts", mark("Contacts"), "users", Right.SEE_CONTACTS, "c", "/companies"),
    Entry("/campaigns", mark("Campaigns"), "speakerphone", Right.SEE_CAMPAIGNS, "m"),
    Entry("/surveys", mark("Surveys"), "clipboard-text", Right.SEE_SURVEYS, "y"),
    Entry("/scripts", mark("Scripts"), "sitemap", Right.CHANGE_SCRIPTS, "x"),
    Entry("/supervisor", mark("Supervisor"), "eye", Right.CONTROL_AGENTS, "v"),
    Entry("/wallboard", mark("Wallboard"), "device-tv", Right.SEE_FLOOR, "w"),
    Entry("/reports", mark("Reports"), "chart-bar", Right.SEE_REPORTS, "r"),
    Entry("/settings", mark("Settings"), "settings", Right.CHANGE_SETTINGS, "s"),
)


def entries_for(viewer: Viewer) -> tuple[Entry, ...]:
    """What the viewer may open, in the order of the list."""
    return tuple(entry for entry in ENTRIES if viewer.may(entry.right))


#: Who lives from tasks or campaigns starts there; everybody else with the first page he may open.
_HOMES: Mapping[str, str] = {Role.MANAGER: "/tasks", Role.HEAD: "/tasks", Role.MARKETER: "/campaigns"}


def home_for(viewer: Viewer) -> str:
    """Where he starts; / when there is no page he may open."""
    mine = [entry.path for entry in entries_for(viewer)]
    wanted = _HOMES.get(viewer.role, "")
    return wanted if wanted in mine else next(iter(mine), "/")


def is_here(entry: Entry, path: str) -> bool:
    """Whether `path` belongs to the entry."""
    return any(path == one or path.startswith(one + "/") for one in (entry.path, entry.also) if one)
