/**
 * States and problems in words. A page gives them in its language in `<meta name="phone-words" content='{"offline": "…"}'>`;
 * what it leaves out is said in English.
 */
import type { LineState, Problem } from "./phone_types.ts";

const ENGLISH: Record<LineState | Problem, string> = {
  off: "The phone is off.",
  connecting: "The phone connects…",
  ready: "The phone is ready.",
  ringing: "It rings.",
  open: "The line is open.",
  microphone_denied: "The browser does not let this page use the microphone. Allow it beside the address, then start the phone again.",
  microphone_missing: "There is no microphone. Plug one in, then start the phone again.",
  microphone_lost: "The microphone is gone. Plug it in again or choose another.",
  offline: "No connection to the switch. It is tried again by itself.",
  elsewhere: "The phone was started elsewhere. Start it here to take it over.",
  other_window: "The phone is open in another window of this browser. Take it over to use it here.",
  refused: "The switch does not accept this phone. Log in again; if it stays so, tell the administrator.",
};

let given: Partial<Record<LineState | Problem, string>> | undefined;

export function phoneWord(name: LineState | Problem): string {
  given ??= JSON.parse(document.querySelector<HTMLMetaElement>("meta[name=phone-words]")?.content || "{}") as typeof ENGLISH;
  return given[name] ?? ENGLISH[name];
}
