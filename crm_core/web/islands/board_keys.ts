/** The board by keyboard: arrows go from card to card, with Shift they carry the card; letters press its buttons. */
interface Deeds {
  move: (deal: HTMLElement, stage: string) => Promise<void>;
  sort: (deal: HTMLElement, deed: string) => Promise<void>;
}

const SORTING: Record<string, string> = { a: "accept", d: "decline", l: "link" };

const columns = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("[data-column]")];
const cardsIn = (column: Element | undefined): HTMLElement[] => [
  ...(column?.querySelectorAll<HTMLElement>("[data-deal]") ?? []),
];

export function watchKeys(deeds: Deeds): void {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
      const target = event.target as HTMLElement;
      if (!document.querySelector("[data-board]") || document.querySelector("dialog:modal")) return;
      if (document.querySelector("#move-menu:popover-open")) {
        if (inMenu(event.key)) event.preventDefault();
        return;
      }
      if (target.matches("input, textarea, select") || document.querySelector(":popover-open")) return;
      const card = target.closest<HTMLElement>("[data-deal]");
      if (pressed(event, card, deeds)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    },
    true,
  );
}

/** Whether the key meant the board. */
function pressed(event: KeyboardEvent, card: HTMLElement | null, deeds: Deeds): boolean {
  const across = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const down = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  const forward = across === undefined ? 0 : document.dir === "rtl" ? -across : across;
  if (!card) return (forward || down) && onBoard() ? enter() : false;
  if (forward && event.shiftKey) return carry(card, forward, deeds);
  if (forward) return goAcross(card, forward);
  if (down && !event.shiftKey) return goDown(card, down);
  if (event.shiftKey || event.repeat) return false;
  if (event.key === "Enter" && event.target === card) {
    card.querySelector<HTMLAnchorElement>(".deal-title")?.click();
    return true;
  }
  const deed = SORTING[event.key];
  if (deed && card.querySelector(`[data-deed="${deed}"]`)) {
    void deeds.sort(card, deed);
    return true;
  }
  const menu = event.key === "m" ? card.querySelector<HTMLElement>("[data-move-menu]") : null;
  menu?.click(); // It is open now; whoever types quickly must not wait for its event.
  if (menu) document.querySelector<HTMLElement>("#move-menu [data-to]:enabled")?.focus();
  return menu !== null;
}

/** Nothing else that arrows belong to has the focus. */
function onBoard(): boolean {
  const active = document.activeElement;
  return !active || active === document.body || active.matches("main, [data-board]");
}

function enter(): boolean {
  const first = document.querySelector<HTMLElement>("[data-column] [data-deal]");
  first?.focus();
  return first !== null;
}

function goDown(card: HTMLElement, by: number): boolean {
  const all = cardsIn(card.closest("[data-column]") ?? undefined);
  all[all.indexOf(card) + by]?.focus();
  return true;
}

/** To the card at the same height of the next column that has one. */
function goAcross(card: HTMLElement, by: number): boolean {
  const all = columns();
  const own = card.closest<HTMLElement>("[data-column]");
  if (!own) return false;
  const row = cardsIn(own).indexOf(card);
  for (let at = all.indexOf(own) + by; at >= 0 && at < all.length; at += by) {
    const cards = cardsIn(all[at]);
    if (cards.length) {
      cards[Math.min(row, cards.length - 1)]?.focus();
      break;
    }
  }
  return true;
}

function carry(card: HTMLElement, by: number, deeds: Deeds): boolean {
  const own = card.closest<HTMLElement>("[data-column]");
  if (!own || !document.querySelector("[data-can-move]")) return false;
  const all = columns();
  const next = all[all.indexOf(own) + by]?.dataset["column"];
  if (next) void deeds.move(card, next);
  return true;
}

/** Arrows go through the open menu. */
function inMenu(key: string): boolean {
  const by = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (by === undefined) return false;
  const items = [...document.querySelectorAll<HTMLElement>("#move-menu [data-to]:enabled")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + by + items.length) % items.length]?.focus();
  return true;
}
