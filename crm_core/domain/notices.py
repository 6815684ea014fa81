"""Notices: what the bell tells a user. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST_TEXT, LONGEST_LINK, LONGEST_KEY = 300, 200, 120  # characters, as in the table


class NoticeKind(StrEnum):
    """What has happened. `Notice.text` says to what: a task's or a deal's title, a list's or a campaign's name."""

    TASK_GIVEN = "task_given"  # somebody handed it to him
    CALLBACK_DUE = "callback_due"
    DEAL_MOVED = "deal_moved"  # his deal, by somebody else
    DEAL_GIVEN = "deal_given"
    IMPORT_FINISHED = "import_finished"
    IMPORT_FAILED = "import_failed"
    CAMPAIGN_STOPPED = "campaign_stopped"  # by itself, at a limit
    WEBHOOK_OFF = "webhook_off"  # it took nothing for days


@dataclass(frozen=True, slots=True)
class Notice:
    """Something told to one user; the same `key` is told him once."""

    user_id: int
    key: str
    kind: NoticeKind
    text: str
    link: str = ""
