/** What the board asks the server, and what it says to whoever works with it. */
import { csrf, toLogIn } from "./site_fetch.ts";
import { toast, type Toast } from "./site_toasts.ts";

export interface Answer {
  status: number;
  text: string;
  /** Why it was refused, in plain words. */
  detail: string;
  headers: Headers;
}

interface Words {
  clash: string;
  gone: string;
  back: string;
  moved: string;
}

let given: Words | undefined;

export function words(): Words {
  given ??= JSON.parse(document.getElementById("board-words")?.textContent ?? "{}") as Words;
  return given;
}

/** Post a form as a page's part; throws TypeError without a connection. */
export async function post(address: string, form: FormData): Promise<Answer> {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "X-CSRF-Token": csrf(), "HX-Request": "true", "HX-Request-Type": "partial" },
    body: form,
  });
  if (answer.status === 401) toLogIn();
  if (answer.status >= 500) throw new TypeError(`the server answers ${answer.status}`);
  const text = await answer.text();
  const isText = (answer.headers.get("Content-Type") ?? "").startsWith("text/plain");
  return { status: answer.status, text, detail: isText ? text : "", headers: answer.headers };
}

/** Pass on what the answer wants to be said. */
export function told(answer: Answer): void {
  const events = JSON.parse(answer.headers.get("HX-Trigger") ?? "{}") as Record<string, Toast>;
  const line = events["trunkline:toast"];
  if (line) toast(line);
}

export function say(text: string, kind: "good" | "bad" | "quiet"): void {
  toast({ text, kind });
}

/** Put a part of a page into a window, alive, and open it. */
export function fill(dialog: HTMLDialogElement, html: string): void {
  const body = dialog.querySelector<HTMLElement>(".window-body");
  if (!body) return;
  body.innerHTML = html;
  window.htmx.process(body);
  if (!dialog.open) dialog.showModal();
  body.querySelector<HTMLElement>("[aria-invalid], input:not([type=hidden]), select")?.focus();
}
