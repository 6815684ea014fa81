/** htmx 4 with server-sent events, set up for a strict policy (no eval, no inline style) and for errors said by us. */
import htmx from "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-sse.js";

// 422 is swapped (a form with what is wrong in it); other errors leave the page as it is and are said in one line
// (site_requests.ts). An element that wants one of them says so: hx-status:409="target:#clash".
htmx.config.noSwap = [204, 304, "40x", "41x", 423, 428, 429, "5xx"];
// Back and Forward load the page anew: islands start from the truth, not from a copy of their traces.
htmx.config.history = "reload";
htmx.config.defaultTimeout = 30_000; // ms

export { htmx };
