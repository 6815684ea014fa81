/**
 * What happens, as it happens: one stream per browser, heard in all its tabs.
 *
 * On `document`: `trunkline:live` (detail: all that is under way, whenever the stream begins anew: what a page has shown
 * until then may be out of date) and `trunkline:push` (detail: one thing as it now is, with `topic` and `key`; `gone`
 * when it is no longer this viewer's). `#live` says how the connection is.
 */
import { Bell } from "./live_bell.ts";
import { Stream, type State } from "./live_stream.ts";
import { Tabs, type Push } from "./live_tabs.ts";

/** Shared by the tabs of one session and by no other: who logs in as somebody else must hear nothing of the first. */
const session = document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content ?? "";

const bell = new Bell();
const tabs = new Tabs(`trunkline-live-${session}`, {
  lead: (tell) => {
    const stream = new Stream("/live", tell);
    stream.open();
    return () => stream.close();
  },
  snapshot: (pushes) => {
    bell.reset(pushes);
    document.dispatchEvent(new CustomEvent("trunkline:live", { detail: pushes }));
  },
  push: (push) => {
    bell.hear(push);
    document.dispatchEvent(new CustomEvent<Push>("trunkline:push", { detail: push }));
  },
  state: show,
});

function show(state: State): void {
  const sign = document.getElementById("live");
  // Logged out: the next click leads to the log-in; until then what is written on the page stays.
  if (sign) sign.dataset["state"] = state === "out" ? "lost" : state;
  document.dispatchEvent(new CustomEvent("trunkline:live-state", { detail: state }));
}

if (session) tabs.join();
