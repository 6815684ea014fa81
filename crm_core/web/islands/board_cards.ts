/** The cards on the board: asked for one by one when something has happened to them, and put where they belong. */
import { toLogIn } from "./site_fetch.ts";

const EVERY = 1000; // ms between two looks at the columns' figures

export function columnOf(stage: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-column="${CSS.escape(stage)}"]`);
}

export function cardOf(id: string): HTMLElement | null {
  return document.getElementById(`deal-${id}`);
}

/** Show the card as the server tells it, in its column, the newest deal first; without `html` it goes. */
export function place(id: string, html: string): HTMLElement | null {
  const old = cardOf(id);
  const made = html ? new DOMParser().parseFromString(html, "text/html").querySelector<HTMLElement>("[data-deal]") : null;
  const column = made ? columnOf(made.dataset["stage"] ?? "") : null;
  if (!made || !column) {
    old?.remove();
    return null;
  }
  if (old && Number(old.dataset["version"]) > Number(made.dataset["version"])) return old; // an answer that was overtaken
  const card = document.adoptNode(made);
  if (old && old.parentElement === column && isInPlace(old, id)) {
    old.replaceWith(card);
  } else {
    old?.remove();
    const after = [...column.children].find((one) => Number((one as HTMLElement).dataset["deal"] ?? 0) < Number(id));
    column.insertBefore(card, after ?? null);
  }
  window.htmx.process(card);
  return card;
}

/** Whether the cards beside it are a newer and an older deal. */
function isInPlace(card: HTMLElement, id: string): boolean {
  const before = Number((card.previousElementSibling as HTMLElement | null)?.dataset["deal"] ?? Infinity);
  const after = Number((card.nextElementSibling as HTMLElement | null)?.dataset["deal"] ?? 0);
  return before > Number(id) && Number(id) > after;
}

/** Ask for one card anew, by the filters of the page. */
export async function refreshCard(id: string): Promise<void> {
  if (!document.querySelector("[data-board]")) return;
  const answer = await fetch(`/deals/${id}/card${location.search}`, { headers: { "HX-Request": "true" } });
  if (answer.status === 401) toLogIn();
  if (cardOf(id)?.classList.contains("deal-asking")) {
    waiting.set(id, { topic: "deal", key: id }); // it is being moved: looked at again when that is settled
    return;
  }
  if (answer.status === 200) {
    const had = cardOf(id)?.contains(document.activeElement);
    const card = place(id, await answer.text());
    if (had) card?.focus();
  } else if (answer.status === 204 || answer.status === 404) {
    place(id, "");
  }
}

let waits: ReturnType<typeof setTimeout> | undefined;
let asked = 0;

/** Ask for the columns' figures, once a second at most. */
export function refreshHeads(): void {
  waits ??= setTimeout(
    () => {
      waits = undefined;
      asked = Date.now();
      document.body.dispatchEvent(new CustomEvent("trunkline:heads"));
    },
    Math.max(0, asked + EVERY - Date.now()),
  );
}

// --- what others do -------------------------------------------------------------------------------------------
interface Push {
  topic: string;
  key: string;
  gone?: boolean;
  version?: number;
  stage_id?: number;
}

/** Deals that wait until nothing moves under the pointer. */
const waiting = new Map<string, Push>();
let isLiveAgain = false;

export function follow(): void {
  document.addEventListener("trunkline:push", ((event: CustomEvent<Push>) => hear(event.detail)) as EventListener);
  document.addEventListener("trunkline:live", () => {
    // The first time the page is as new as the stream; later something may have been missed.
    if (isLiveAgain) document.body.dispatchEvent(new CustomEvent("trunkline:board"));
    isLiveAgain = true;
  });
  document.addEventListener("trunkline:deal", ((event: CustomEvent<{ id?: number }>) => {
    const id = event.detail?.id;
    if (id === undefined) return;
    if (page()?.dataset["deal"] === String(id)) document.body.dispatchEvent(new CustomEvent("trunkline:deal-page"));
    else void refreshCard(String(id)).then(refreshHeads);
  }) as EventListener);
  document.addEventListener("pointerover", flush);
  document.addEventListener("dragend", () => setTimeout(flush));
  document.documentElement.addEventListener("pointerleave", flush);
}

function page(): HTMLElement | null {
  return document.querySelector<HTMLElement>("[data-deal-page]");
}

function hear(push: Push): void {
  if (push.topic !== "deal") return;
  const shown = page() ?? cardOf(push.key);
  if (page() && page()?.dataset["deal"] !== push.key) return;
  if (shown && Number(shown.dataset["version"]) >= (push.version ?? Infinity)) return; // my own change, or older
  if (page()) {
    // What is being written is not taken away: the page says that it is old when it is saved.
    if (!document.querySelector("dialog[open]") && !isWriting()) {
      document.body.dispatchEvent(new CustomEvent("trunkline:deal-page"));
    }
    return;
  }
  waiting.set(push.key, push);
  flush();
}

function isWriting(): boolean {
  const field = document.activeElement;
  return field instanceof HTMLTextAreaElement && field.value !== "";
}

/** Show those whose columns are not under the pointer, and not in somebody's hand. */
function flush(): void {
  if (!waiting.size || document.querySelector(".deal-ghost, .deal-asking, #move-menu:popover-open")) return;
  for (const [key, push] of waiting) {
    const shown = cardOf(key);
    if (shown && !push.gone && Number(shown.dataset["version"]) >= (push.version ?? Infinity)) {
      waiting.delete(key); // my own move, whose answer came meanwhile
      continue;
    }
    const columns = [shown?.closest(".cards"), columnOf(String(push.stage_id ?? ""))];
    if (columns.some((column) => column?.matches(":hover"))) continue;
    waiting.delete(key);
    if (push.gone) place(key, "");
    else void refreshCard(key);
    refreshHeads();
  }
}
