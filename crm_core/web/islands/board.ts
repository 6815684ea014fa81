/**
 * Deals: dragged from column to column, moved by menu and by keys, sorted when they come in; also on the page of one deal.
 *
 * A move is shown at once and taken back when it is refused. What the stage asks for is asked in #move; closing that
 * window leaves the deal where it was.
 */
import { columnOf, follow, place, refreshCard, refreshHeads } from "./board_cards.ts";
import { watchKeys } from "./board_keys.ts";
import { watchMany } from "./board_many.ts";
import { fill, post, say, told, words, type Answer } from "./board_server.ts";
import { sortable } from "./board_sortable.ts";

interface Move {
  deal: HTMLElement;
  address: string;
  form: FormData;
  /** Puts the card back. */
  undo: () => void;
}

/** A window is open for this one. */
let asking: Move | undefined;

const dialog = (id: string): HTMLDialogElement => document.getElementById(id) as HTMLDialogElement;

// --- moving ---------------------------------------------------------------------------------------------------
/** Put a deal into a stage; the card, if there is one, is in its new column already when `undo` is given. */
export async function move(deal: HTMLElement, stage: string, undo?: () => void): Promise<void> {
  if (stage === deal.dataset["stage"]) return undo?.();
  const form = new FormData();
  form.set("stage", stage);
  await act({ deal, address: `/deals/${deal.dataset["deal"]}/move`, form, undo: undo ?? shift(deal, stage) });
}

/** Show the card in another column; gives what takes that back. */
function shift(deal: HTMLElement, stage: string): () => void {
  const before = { parent: deal.parentElement, next: deal.nextElementSibling };
  const had = deal.contains(document.activeElement) || document.activeElement?.closest("#move-menu");
  columnOf(stage)?.prepend(deal);
  if (had) deal.focus();
  return () => {
    before.parent?.insertBefore(deal, before.next);
    if (had) deal.focus();
  };
}

async function act(move: Move): Promise<void> {
  const { deal, form } = move;
  form.set("version", deal.dataset["version"] ?? "");
  deal.classList.add("deal-asking");
  try {
    settle(move, await post(move.address, form));
  } catch {
    move.undo();
    say(words().back, "bad");
  } finally {
    deal.classList.remove("deal-asking");
  }
}

function settle(move: Move, answer: Answer): void {
  if (answer.status === 422) {
    asking = move;
    fill(dialog("move"), answer.text);
    return;
  }
  asking = undefined;
  if (answer.status === 200 || answer.status === 204) {
    went(move.deal, answer);
    return;
  }
  move.undo();
  const clash = answer.status === 409 ? words().clash : answer.status === 404 ? words().gone : "";
  say(clash || answer.detail || words().back, "bad");
  look(move.deal);
}

/** It went through. */
function went(deal: HTMLElement, answer: Answer): void {
  told(answer);
  if ("dealPage" in deal.dataset) {
    document.body.dispatchEvent(new CustomEvent("trunkline:deal-page"));
    return;
  }
  const had = deal.contains(document.activeElement) || document.activeElement === document.body;
  const card = place(deal.dataset["deal"] ?? "", answer.status === 200 ? answer.text : "");
  if (had) card?.focus();
  const column = card?.closest<HTMLElement>("[data-column]");
  announce(words().moved.replace("{stage}", column?.ariaLabel ?? ""));
  refreshHeads();
}

/** See how the deal stands now. */
function look(deal: HTMLElement): void {
  if ("dealPage" in deal.dataset) document.body.dispatchEvent(new CustomEvent("trunkline:deal-page"));
  else void refreshCard(deal.dataset["deal"] ?? "").then(refreshHeads);
}

function announce(text: string): void {
  const said = document.getElementById("board-said");
  if (said) said.textContent = text;
}

// --- windows --------------------------------------------------------------------------------------------------
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (form.matches("[data-move-form]") && asking) {
    event.preventDefault();
    const move = { ...asking, address: form.getAttribute("action") ?? asking.address, form: new FormData(form) };
    void act(move).then(() => {
      if (!asking) dialog("move").close();
    });
  }
  if (form.matches("[data-link-form]")) {
    event.preventDefault();
    void link(form);
  }
});

document.addEventListener(
  "close",
  (event) => {
    if ((event.target as Element).id !== "move" || !asking) return;
    asking.undo();
    asking = undefined;
  },
  true,
);

async function link(form: HTMLFormElement): Promise<void> {
  const id = form.getAttribute("action")?.split("/")[2] ?? "";
  const answer = await post(form.action, new FormData(form));
  if (answer.status === 422) return fill(dialog("link"), answer.text);
  dialog("link").close();
  if (answer.status !== 204) return say(answer.status === 409 ? words().clash : answer.detail || words().gone, "bad");
  told(answer);
  const kept = answer.headers.get("X-Kept") ?? "";
  if (document.querySelector("[data-deal-page]")) return location.assign(`/deals/${kept}`);
  document.getElementById(`deal-${id}`)?.remove();
  await refreshCard(kept);
  refreshHeads();
}

// --- buttons --------------------------------------------------------------------------------------------------
/** Whose menu is open. */
let chosen: HTMLElement | undefined;

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const deal = target?.closest<HTMLElement>("[data-deal]");
  if (target?.closest("[data-move-menu]")) chosen = deal ?? undefined;
  if (target?.closest("[data-close]")) target.closest("dialog")?.close();
  const to = target?.closest<HTMLElement>("[data-to]")?.dataset["to"];
  const moved = deal ?? chosen;
  if (to && moved) {
    document.getElementById("move-menu")?.hidePopover();
    void move(moved, to);
  }
  const deed = target?.closest<HTMLElement>("[data-deed]")?.dataset["deed"];
  if (deed && deal) void sort(deal, deed);
});

document.addEventListener(
  "beforetoggle",
  (event) => {
    const menu = event.target as HTMLElement;
    if (menu.id !== "move-menu" || (event as ToggleEvent).newState !== "open") return;
    for (const item of menu.querySelectorAll<HTMLButtonElement>("[data-to]")) {
      item.disabled = item.dataset["to"] === chosen?.dataset["stage"];
    }
  },
  true,
);
document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target as HTMLElement;
    if (menu.id !== "move-menu" || (event as ToggleEvent).newState !== "open") return;
    if (!menu.contains(document.activeElement)) menu.querySelector<HTMLElement>("[data-to]:enabled")?.focus();
  },
  true,
);

/** Accept, decline or link what came in. */
async function sort(deal: HTMLElement, deed: string): Promise<void> {
  if (deed === "accept") {
    const first = document.querySelector<HTMLElement>('[data-column][data-kind="open"]')?.dataset["column"];
    const undo = first ? shift(deal, first) : () => {};
    await act({ deal, address: `/deals/${deal.dataset["deal"]}/accept`, form: new FormData(), undo });
  } else if (deed === "decline") {
    const lost = document.querySelector<HTMLElement>('[data-to][data-kind="lost"]')?.dataset["to"];
    if (lost) await move(deal, lost);
  } else {
    const answer = await fetch(`/deals/${deal.dataset["deal"]}/link`, { headers: { "HX-Request": "true" } });
    if (answer.ok) fill(dialog("link"), await answer.text());
    else look(deal);
  }
}

// --- the rest of it -------------------------------------------------------------------------------------------
watchKeys({ move, sort });
watchMany();
follow();
const begin = (): void => sortable(move);
document.addEventListener("htmx:after:swap", begin);
begin();
