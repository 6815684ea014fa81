"""What the scripts that every page loads say (`crm_core/web/islands/site_words.ts` has the same names)."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.web.pages.catalogues import mark

WORDS: Mapping[str, str] = {
    "keys_title": mark("Keys of this page"),
    "keys_search": mark("Search"),
    "keys_help": mark("This list"),
    "keys_single": mark("Single keys work (without Ctrl or Alt)"),
    "close": mark("Close"),
    "undo": mark("Undo"),
    "offline": mark("No connection. What you typed is still here; try again."),
    "slow": mark("The server takes too long. What you typed is still here; try again."),
    "refused": mark("You may not do that."),
    "gone": mark("That is no longer there. Load the page again."),
    "clash": mark("Somebody else changed it meanwhile. Load the page again."),
    "busy": mark("Too many requests. Wait a moment and try again."),
    "broken": mark("Something went wrong on the server. Try again; if it stays so, tell the administrator."),
    "notice_task_given": mark("A task was handed to you"),
    "notice_callback_due": mark("It is time to call back"),
    "notice_deal_moved": mark("Your deal was moved"),
    "notice_deal_given": mark("A deal was given to you"),
    "notice_import_finished": mark("The import is finished"),
    "notice_import_failed": mark("The import failed"),
    "notice_campaign_stopped": mark("A campaign stopped by itself"),
    "notice_webhook_off": mark("A webhook was switched off"),
}
