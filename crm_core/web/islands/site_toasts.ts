/**
 * Short messages that go away: the event `trunkline:toast` with {text, kind, undo}, from a script or from the server
 * (`HX-Trigger: {"trunkline:toast": {"text": "…", "undo": "/tasks/7/undo"}}`, non-ASCII as \u escapes), and the lines
 * that the server itself puts into #toasts (`data-toast`).
 */
import bad from "@tabler/icons/filled/alert-triangle.svg";
import good from "@tabler/icons/filled/circle-check.svg";
import quiet from "@tabler/icons/outline/info-circle.svg";
import cross from "@tabler/icons/outline/x.svg";
import { word } from "./site_words.ts";

export interface Toast {
  text: string;
  /** `bad` is read out at once and stays longer. */
  kind?: "good" | "bad" | "quiet";
  /** Where to POST what takes it back. */
  undo?: string;
}

type TakeBack = (url: string) => Promise<void>;

const ICONS = { good, bad, quiet };
const STAYS = { plain: 5_000, undo: 10_000, bad: 12_000 }; // ms; it waits while the pointer or the focus is on it
const AT_MOST = 4;

export function toast(message: Toast): void {
  document.dispatchEvent(new CustomEvent("trunkline:toast", { detail: message }));
}

/** `takeBack` posts to an address. */
export function showToasts(takeBack: TakeBack): void {
  const region = regionOf();
  document.addEventListener("trunkline:toast", (event) => {
    const { detail } = event as CustomEvent<Partial<Toast> & { value?: string }>;
    const text = detail.text ?? detail.value;
    if (text) region.append(line({ ...detail, text }, region, takeBack));
  });
  new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]);
    for (const one of added) if (one instanceof HTMLElement && one.matches("[data-toast]")) leaveLater(one);
    while (region.childElementCount > AT_MOST) region.firstElementChild?.remove();
  }).observe(region, { childList: true });
  for (const one of region.querySelectorAll<HTMLElement>("[data-toast]")) leaveLater(one);
}

function line(message: Toast, region: Element, takeBack: TakeBack): HTMLElement {
  const kind = message.kind ?? "quiet";
  const box = document.createElement("div");
  box.className = `toast-line toast-${kind}`;
  box.dataset["toast"] = "";
  box.role = kind === "bad" ? "alert" : "status";
  const text = document.createElement("span");
  text.textContent = message.text;
  box.append(icon(ICONS[kind]), text);
  if (message.undo) box.append(undo(message.undo, box, region, takeBack));
  const close = button("btn btn-icon btn-sm btn-ghost-secondary");
  close.ariaLabel = word("close");
  close.append(icon(cross));
  close.addEventListener("click", () => box.remove());
  box.append(close);
  return box;
}

function undo(url: string, box: Element, region: Element, takeBack: TakeBack): HTMLElement {
  const made = button("btn btn-sm");
  made.textContent = word("undo");
  // The key is the newest one's.
  for (const older of region.querySelectorAll("[data-key]")) older.removeAttribute("data-key");
  made.dataset["key"] = "Ctrl+z";
  made.dataset["undo"] = "";
  made.addEventListener("click", () => {
    box.remove();
    void takeBack(url);
  });
  return made;
}

function button(className: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  return made;
}

/** Decoration: the word beside it says it all. */
function icon(source: string): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("class", `icon${source.includes('fill="currentColor"') ? " icon-solid" : ""}`);
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("aria-hidden", "true");
  made.innerHTML = source.slice(source.indexOf(">") + 1, source.lastIndexOf("</svg>"));
  return made;
}

/** The page's own region. It must stand before the text comes, else nobody reads it out. */
function regionOf(): HTMLElement {
  const there = document.getElementById("toasts");
  if (there) return there;
  const made = document.createElement("div");
  made.id = "toasts";
  made.className = "toasts";
  made.role = "status";
  made.ariaLive = "polite";
  document.body.append(made);
  return made;
}

function leaveLater(box: HTMLElement): void {
  const stays = box.matches(".toast-bad") ? STAYS.bad : box.querySelector("[data-undo]") ? STAYS.undo : STAYS.plain;
  let timer = 0;
  const start = (): void => {
    clearTimeout(timer);
    if (!box.matches(":hover, :focus-within")) timer = window.setTimeout(() => box.remove(), stays);
  };
  for (const name of ["mouseenter", "focusin"]) box.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["mouseleave", "focusout"]) box.addEventListener(name, () => setTimeout(start));
  start();
}
