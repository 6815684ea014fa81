/** What every page has: htmx, keys, toasts, times that go on, focus that stays, errors said in one line. */
import { htmx } from "./site_htmx.ts";
import { obeyCommands } from "./site_commands.ts";
import { keepEarlyPresses } from "./site_early.ts";
import { keepFocus } from "./site_focus.ts";
import { showHints } from "./site_hints.ts";
import { bindKeys } from "./site_keys.ts";
import { bringWorker } from "./site_offline.ts";
import { watchRequests } from "./site_requests.ts";
import { walkSearch } from "./site_search.ts";
import { refreshTimes } from "./site_times.ts";
import { showToasts } from "./site_toasts.ts";

// All before htmx looks at the page for the first time (it waits for a task of its own): what a page asks for while it
// loads has its headers, too.
watchRequests();
keepFocus();
bindKeys();
keepEarlyPresses();
obeyCommands();
walkSearch();
showToasts((url) => htmx.ajax("POST", url, { swap: "none" }));
refreshTimes();
bringWorker();
showHints();
