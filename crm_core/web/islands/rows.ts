/**
 * Lists worked through by keyboard: arrows (or j, k) move from row to row, a letter presses the row's button of that letter
 * (`data-row-key`), and when a row is done the next one has the focus.
 */
const ROW = "[data-key-row]";

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(`[data-rows] ${ROW}`)];
}

function current(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>(ROW) ?? null;
}

function move(by: number): boolean {
  const all = rows();
  const at = current();
  const next = all[at ? all.indexOf(at) + by : by > 0 ? 0 : all.length - 1];
  next?.focus();
  return next !== undefined;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  const target = event.target as HTMLElement;
  if (target.matches("input, textarea, select") || document.querySelector(":popover-open, dialog:modal")) return;
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (step !== undefined) {
    if (move(step)) event.preventDefault();
    return;
  }
  const row = current();
  const button = row?.querySelector<HTMLElement>(`[data-row-key="${CSS.escape(event.key)}"]`);
  if (!button || event.repeat) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  remember(row);
  button.click();
}, true);

/** The row after the one something is done to: it has the focus when the answer is there. */
let following: string | undefined;

function remember(row: HTMLElement | null | undefined): void {
  const all = rows();
  following = row ? all[all.indexOf(row) + 1]?.id : undefined;
}

document.addEventListener("htmx:after:swap", () => {
  if (!following) return;
  document.getElementById(following)?.focus();
  following = undefined;
});

// Whoever comes to the page can start at once.
if (!document.activeElement || document.activeElement === document.body) rows()[0]?.focus();
