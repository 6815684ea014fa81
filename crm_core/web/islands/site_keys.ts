/**
 * Keys. `data-key="1"` (or `m`, `Enter`, `Escape`, `Ctrl+Enter`, `g t`) on a button, link or field: the key presses it,
 * or puts the cursor there. `/` goes to the search field, `?` shows the keys of the page.
 */
import { showKeys, singleKeysWork } from "./site_keys_help.ts";
import { strokeOf, strokesIn } from "./site_strokes.ts";

const SEQUENCE_WITHIN = 1_500; // ms between the keys of a sequence
const FIELDS = "textarea, select, input:not([type=button], [type=submit], [type=checkbox], [type=radio], [type=range])";

let before: { stroke: string; at: number } | undefined;

export function bindKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    if (pressed(event)) event.preventDefault();
  });
  announce();
  document.addEventListener("htmx:after:process", announce);
}

/** Whether the key meant something here. */
function pressed(event: KeyboardEvent): boolean {
  const stroke = strokeOf(event);
  const first = before && event.timeStamp - before.at < SEQUENCE_WITHIN ? before.stroke : undefined;
  before = undefined;
  if (belongsToField(event.target, stroke) || belongsToBrowser(event.target, stroke)) return false;
  if (isSingle(stroke) && !singleKeysWork()) return false;
  const bound = usable();
  const one = (first && found(bound, `${first} ${stroke}`)) || found(bound, stroke);
  if (one) {
    if (!event.repeat) press(one);
    return true;
  }
  if (event.repeat) return false;
  if (bound.some((element) => strokesIn(element.dataset["key"] ?? "")[0] === stroke)) {
    before = { stroke, at: event.timeStamp };
    return true;
  }
  return openDialog() === null && fixed(stroke);
}

/** A sign alone, with or without Shift: what WCAG 2.1.4 lets people switch off. */
function isSingle(stroke: string): boolean {
  return [...stroke.replace("Shift+", "")].length === 1;
}

function fixed(stroke: string): boolean {
  if (stroke === "?") {
    showKeys();
    return true;
  }
  const search = document.querySelector<HTMLInputElement>("[data-search], input[type=search]");
  if (stroke !== "/" || !search?.checkVisibility()) return false;
  search.focus();
  search.select();
  return true;
}

/** A letter typed into a field is a letter; so are Enter there and the keys of editing. The rest passes through. */
function belongsToField(target: EventTarget | null, stroke: string): boolean {
  const isField = target instanceof HTMLElement && (target.isContentEditable || target.matches(FIELDS));
  if (!isField) return false;
  if (/^(Ctrl|Alt)\+/.test(stroke)) return /^Ctrl\+(Shift\+)?[acvxyz]$/.test(stroke);
  return stroke !== "Escape";
}

/** Enter and Space press what has the focus; Escape closes what is open. */
function belongsToBrowser(target: EventTarget | null, stroke: string): boolean {
  if (stroke === "Escape") return document.querySelector(":popover-open, .dropdown-menu.show, dialog:modal") !== null;
  if (stroke !== "Enter" && stroke !== "Space") return false;
  return target instanceof HTMLElement && target.matches("a[href], button, summary, [role=button], [role=menuitem]");
}

/** What a key may press now: nothing behind an open dialog, nothing hidden, nothing disabled. */
function usable(): HTMLElement[] {
  return [...(openDialog() ?? document).querySelectorAll<HTMLElement>("[data-key]")].filter(
    (element) =>
      element.checkVisibility({ visibilityProperty: true }) && !element.matches(":disabled, [aria-disabled=true]"),
  );
}

function found(bound: HTMLElement[], strokes: string): HTMLElement | undefined {
  return bound.find((element) => strokesIn(element.dataset["key"] ?? "").join(" ") === strokes);
}

function press(element: HTMLElement): void {
  element.focus();
  if (!element.matches(FIELDS)) element.click();
}

function openDialog(): Element | null {
  return [...document.querySelectorAll("dialog:modal, .modal.show")].at(-1) ?? null;
}

/** Tell screen readers which key presses what; a sequence has no spelling there (WAI-ARIA 1.2, aria-keyshortcuts). */
function announce(): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-key]")) {
    const key = element.dataset["key"] ?? "";
    if (key.includes(" ")) element.removeAttribute("aria-keyshortcuts");
    else element.setAttribute("aria-keyshortcuts", key.replace("Ctrl", "Control"));
  }
}
