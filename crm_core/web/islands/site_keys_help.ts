/**
 * The list under `?`: the page's own dialog `#help` where it has one (templates/base.html), filled up with every key
 * that works now and is not listed yet; and the switch that WCAG 2.1.4 asks for: single keys off.
 */
import { word } from "./site_words.ts";

const KEPT = "trunkline.single_keys";

export function singleKeysWork(): boolean {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

export function showKeys(): void {
  const dialog = dialogOf();
  fillKeys(dialog);
  if (!dialog.open) dialog.showModal();
}

function fillKeys(dialog: HTMLDialogElement): void {
  const list = dialog.querySelector("dl.keys") ?? dialog.appendChild(element("dl", "keys"));
  for (const old of list.querySelectorAll("[data-found]")) old.remove();
  const listed = new Set([...list.querySelectorAll("dt")].map(spelled));
  const found = keysOfPage().map(([key, label]) => keyLine(key, label));
  list.prepend(...found.filter((one) => !listed.has(spelled(one.querySelector("dt")))));
  if (!dialog.querySelector("[data-single-keys]")) list.after(single());
}

function spelled(term: Element | null): string {
  return [...(term?.querySelectorAll("kbd") ?? [])].map((one) => one.textContent).join(" ");
}

/** Every key that would do something now, in the order of the page; those behind an open dialog do not count. */
function keysOfPage(): [string, string][] {
  const seen = new Map<string, string>();
  for (const one of document.querySelectorAll<HTMLElement>("[data-key]")) {
    const key = one.dataset["key"] ?? "";
    const isShown = one.checkVisibility() && !one.closest("dialog");
    if (key !== "?" && isShown && !seen.has(key)) seen.set(key, labelOf(one));
  }
  return [...seen];
}

/** What the key does: said outright, or the name the element has, without the key printed on it. */
function labelOf(one: HTMLElement): string {
  const said = one.dataset["keyLabel"] ?? one.ariaLabel;
  if (said) return said;
  const label = one instanceof HTMLInputElement || one instanceof HTMLTextAreaElement ? one.labels?.[0] : undefined;
  const copy = (label ?? one).cloneNode(true) as HTMLElement;
  for (const hint of copy.querySelectorAll("kbd, svg, .badge, input, textarea, select")) hint.remove();
  return (copy.textContent ?? "").replace(/\s+/g, " ").trim() || one.title;
}

function keyLine(key: string, label: string): HTMLElement {
  const made = element("div", "key-line");
  made.dataset["found"] = "";
  const term = element("dt");
  for (const part of key.split(/[+ ]/).filter(Boolean)) term.append(element("kbd", "", PRINTED[part] ?? part));
  made.append(term, element("dd", "", label));
  return made;
}

/** As templates/macros.html prints them. */
const PRINTED: Record<string, string> = { Enter: "⏎", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓" };
for (const letter of "abcdefghijklmnopqrstuvwxyz") PRINTED[letter] = letter.toUpperCase();

function single(): HTMLElement {
  const label = element("label", "form-check");
  label.dataset["singleKeys"] = "";
  const box = element("input", "form-check-input");
  box.type = "checkbox";
  box.checked = singleKeysWork();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(KEPT, box.checked ? "on" : "off");
    } catch {
      box.checked = true; // A browser that keeps nothing cannot keep this.
    }
  });
  label.append(box, element("span", "form-check-label", word("keys_single")));
  return label;
}

function dialogOf(): HTMLDialogElement {
  const there = document.getElementById("help");
  if (there instanceof HTMLDialogElement) return there;
  const made = element("dialog", "window");
  made.id = "help";
  made.setAttribute("aria-labelledby", "help-title");
  const title = element("h2", "", word("keys_title"));
  title.id = "help-title";
  const close = element("button", "btn", word("close"));
  close.type = "button";
  close.addEventListener("click", () => made.close());
  const list = element("dl", "keys");
  if (document.querySelector("[data-search], input[type=search]")) list.append(keyLine("/", word("keys_search")));
  list.append(keyLine("?", word("keys_help")));
  for (const fixed of list.children) delete (fixed as HTMLElement).dataset["found"];
  made.append(title, list, close);
  return document.body.appendChild(made);
}

type Tags = HTMLElementTagNameMap;

function element<Tag extends keyof Tags>(tag: Tag, className = "", text = ""): Tags[Tag] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
